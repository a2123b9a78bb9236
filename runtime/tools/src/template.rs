//! `template`: a text rendered from the arguments. Needs nothing outside.

use serde_json::{Map, Value};
use troupe_core::tool::{TemplateTool, ToolResult};

/// Renders the template.
pub(crate) fn call(tool: &TemplateTool, arguments: &Map<String, Value>) -> ToolResult {
    match tool.engine.render(&tool.text, arguments, &|name| tool.includes.get(name).cloned()) {
        Ok(text) => ToolResult::text(text),
        Err(error) => ToolResult::error(error),
    }
}
