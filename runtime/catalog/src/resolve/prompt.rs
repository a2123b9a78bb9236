//! Prompts: templates with their arguments, and the one system prompt of an agent.
//!
//! An agent's system prompt consists of paragraphs, each only where it is given: the template or else the text (where
//! both stand the template wins, S1-156), then `role`, `goal` and `persona` under a heading each.

use std::sync::Arc;

use serde_json::{Map, Value};
use troupe_core::tool::{ToolKind, ToolSnapshot};
use troupe_crds::prompt_template::PromptEngine;
use troupe_crds::{AgentSpec, Kind, PromptTemplateSpec};
use troupe_language::Engine;

use super::{ResolveError, serving_resource};
use crate::view::View;

/// The variable that lists what an agent can delegate with (S1-120).
const TOOLS: &str = "TOOLS";

/// What the engine replaces by the table, since only a run knows its tools.
const TOOLS_TABLE: &str = "{{TOOLS}}";

/// The system prompt of an agent with these tools; empty = none.
pub(super) fn system(view: &View, spec: &AgentSpec, tools: &[Arc<ToolSnapshot>]) -> Result<String, ResolveError> {
    let mut parts = Vec::new();
    let prompt = spec.system_prompt.as_ref();
    if let Some(reference) = prompt.and_then(|prompt| prompt.template_ref.as_ref()) {
        let mut arguments = reference.arguments.0.clone();
        if tools.iter().any(|tool| tool.kind == ToolKind::Delegate) {
            arguments.entry(TOOLS).or_insert_with(|| Value::from(TOOLS_TABLE));
        }
        parts.push(render(view, &reference.name, &arguments)?);
    } else if let Some(text) = prompt.and_then(|prompt| prompt.text.as_deref()) {
        parts.push(text.to_owned());
    }
    for (heading, text) in [("Role", &spec.role), ("Goal", &spec.goal), ("Persona", &spec.persona)] {
        if let Some(text) = text.as_deref().filter(|text| !text.trim().is_empty()) {
            parts.push(format!("# {heading}\n{text}"));
        }
    }
    parts.retain(|part| !part.trim().is_empty());
    Ok(parts.join("\n\n"))
}

/// A template's text with its arguments over the defaults of its variables.
pub(super) fn render(view: &View, name: &str, arguments: &Map<String, Value>) -> Result<String, ResolveError> {
    let missing = || ResolveError::NotFound { kind: Kind::PromptTemplate, name: name.to_owned() };
    let entry = view.get(Kind::PromptTemplate, name).ok_or_else(missing)?;
    serving_resource(entry)?;
    let spec = view.prompt_template(name).ok_or_else(missing)?;
    let values = values(name, spec, arguments)?;
    let includes = |name: &str| view.prompt_template(name).map(|spec| spec.content.clone());
    engine(spec.engine)
        .render(&spec.content, &values, &includes)
        .map_err(|source| ResolveError::Render { template: name.to_owned(), source })
}

fn values(
    name: &str,
    spec: &PromptTemplateSpec,
    arguments: &Map<String, Value>,
) -> Result<Map<String, Value>, ResolveError> {
    let wrong = |message: String| ResolveError::Argument { template: name.to_owned(), message };
    let mut values = arguments.clone();
    for variable in &spec.variables {
        let Some(value) = values.get(&variable.name) else {
            match &variable.default {
                Some(default) => drop(values.insert(variable.name.clone(), default.0.clone())),
                None if variable.required => return Err(wrong(format!("argument {:?} is missing", variable.name))),
                None => {}
            }
            continue;
        };
        let allowed = |text: &str| variable.enum_.iter().any(|allowed| allowed == text);
        if !variable.enum_.is_empty() && !value.as_str().is_some_and(allowed) {
            let message = format!("argument {:?} must be one of {}", variable.name, variable.enum_.join(", "));
            return Err(wrong(message));
        }
    }
    Ok(values)
}

/// The language of a PromptTemplate.
pub(super) fn engine(engine: PromptEngine) -> Engine {
    match engine {
        PromptEngine::Placeholder => Engine::Placeholder,
        PromptEngine::Jinja => Engine::Jinja,
    }
}
