//! How a JSON value reads inside a text.

use std::borrow::Cow;

use serde_json::Value;

/// A string as it is; anything else as compact JSON (`5`, `true`, `{"a":1}`, `null`).
pub(crate) fn shown(value: &Value) -> Cow<'_, str> {
    match value {
        Value::String(text) => Cow::Borrowed(text),
        other => Cow::Owned(other.to_string()),
    }
}

/// Adds a name unless it is already there; templates have few names, so a scan beats a set.
pub(crate) fn push_unique(names: &mut Vec<String>, name: &str) {
    if !names.iter().any(|known| known == name) {
        names.push(name.to_owned());
    }
}
