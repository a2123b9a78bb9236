//! A tool as its server describes it.

use serde::Deserialize;
use serde_json::{Value, json};
use troupe_bridge::Raw;

/// One tool of an MCP server.
#[derive(Debug, Clone, PartialEq)]
pub struct McpToolInfo {
    /// Its name on the server.
    pub name: String,
    /// What it does, for the model; empty where the server says nothing.
    pub description: String,
    /// JSON Schema of its arguments.
    pub input_schema: Value,
    /// JSON Schema of its structured result, where it has one.
    pub output_schema: Option<Value>,
    /// `readOnlyHint`: a call changes nothing. False unless said (MCP 2025-11-25, tool annotations).
    pub read_only: bool,
    /// `destructiveHint`: a call may destroy something. True unless said otherwise, and never for a read-only tool.
    pub destructive: bool,
    /// `idempotentHint`: a second call with the same arguments changes nothing more. False unless said.
    pub idempotent: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    name: String,
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    input_schema: Option<Value>,
    #[serde(default)]
    output_schema: Option<Value>,
    #[serde(default)]
    annotations: Option<Annotations>,
}

#[derive(Deserialize, Default)]
struct Annotations {
    #[serde(default, rename = "readOnlyHint")]
    read_only: Option<bool>,
    #[serde(default, rename = "destructiveHint")]
    destructive: Option<bool>,
    #[serde(default, rename = "idempotentHint")]
    idempotent: Option<bool>,
}

impl McpToolInfo {
    /// Reads one entry of `tools/list`; the error says what is wrong with it.
    pub(super) fn read(tool: &Raw) -> Result<Self, String> {
        let wire: Wire =
            serde_json::from_str(tool.get()).map_err(|error| format!("a tool is not readable: {error}"))?;
        let hints = wire.annotations.unwrap_or_default();
        let read_only = hints.read_only.unwrap_or(false);
        Ok(Self {
            name: wire.name,
            description: wire.description.or(wire.title).unwrap_or_default(),
            input_schema: wire.input_schema.unwrap_or_else(|| json!({ "type": "object" })),
            output_schema: wire.output_schema,
            read_only,
            destructive: !read_only && hints.destructive.unwrap_or(true),
            idempotent: read_only || hints.idempotent.unwrap_or(false),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(tool: &Value) -> McpToolInfo {
        McpToolInfo::read(&troupe_bridge::raw(tool)).unwrap()
    }

    #[test]
    fn a_tool_that_says_nothing_of_itself_is_taken_for_dangerous() {
        let tool = read(&json!({ "name": "wipe" }));
        let expected = McpToolInfo {
            name: "wipe".into(),
            description: String::new(),
            input_schema: json!({ "type": "object" }),
            output_schema: None,
            read_only: false,
            destructive: true,
            idempotent: false,
        };
        assert_eq!(tool, expected);
    }

    #[test]
    fn a_read_only_tool_is_neither_destructive_nor_unsafe_to_repeat() {
        let tool = read(&json!({ "name": "look", "annotations": { "readOnlyHint": true, "destructiveHint": true } }));
        assert_eq!((tool.read_only, tool.destructive, tool.idempotent), (true, false, true));
    }

    #[test]
    fn a_tool_without_name_is_refused() {
        assert!(McpToolInfo::read(&troupe_bridge::raw(&json!({ "description": "?" }))).is_err());
    }
}
