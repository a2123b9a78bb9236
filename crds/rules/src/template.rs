//! Rules of templates: whether they parse, and whether what they name is there.

use serde_json::Value;
use troupe_crds::tool::TemplateEngine;
use troupe_language::Engine;

use crate::violation::Findings;

/// The engine that evaluates what a resource calls `engine`.
pub fn engine(engine: TemplateEngine) -> Engine {
    match engine {
        TemplateEngine::Placeholder => Engine::Placeholder,
        TemplateEngine::Jinja => Engine::Jinja,
        TemplateEngine::Dollar => Engine::Dollar,
    }
}

/// Every text of a JSON value with its path within it.
pub fn texts(path: &str, value: &Value, visit: &mut dyn FnMut(&str, &str)) {
    match value {
        Value::String(text) => visit(path, text),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                texts(&format!("{path}[{index}]"), item, visit);
            }
        }
        Value::Object(fields) => {
            for (name, field) in fields {
                texts(&format!("{path}.{name}"), field, visit);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Adds a violation for each placeholder of a text that no argument fills.
pub fn check_placeholders(path: &str, text: &str, arguments: &[&str], findings: &mut Findings) {
    for name in troupe_language::placeholder::names(text) {
        if !arguments.contains(&name.as_str()) {
            findings.add(path, unknown_argument(&name, arguments));
        }
    }
}

/// The message for a name that no argument fills.
pub fn unknown_argument(name: &str, arguments: &[&str]) -> String {
    let others =
        if arguments.is_empty() { "remove it".to_owned() } else { format!("use one of {}", arguments.join(", ")) };
    format!("no argument fills the placeholder {name}: declare it in parameters.properties, or {others}")
}
