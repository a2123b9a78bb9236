//! Values as YAML text, to be put into a document.

use serde_json::Value;

/// A value as it stands behind `key:` or `-`: what follows on the same line, and the lines below, already indented.
pub(crate) struct Rendered {
    /// What follows on the same line; empty when the value begins on the next.
    pub(crate) head: String,
    /// The lines below, each without its line break.
    pub(crate) body: Vec<String>,
}

/// A whole document.
pub(crate) fn document(value: &Value) -> Result<String, serde_yaml::Error> {
    serde_yaml::to_string(value)
}

/// The value of a key whose line is indented by `indent` columns.
pub(crate) fn of_key(value: &Value, indent: usize) -> Option<Rendered> {
    let text = serde_yaml::to_string(&serde_json::json!({ "k": value })).ok()?;
    split(text.strip_prefix("k:")?, indent)
}

/// An item whose dash is in column `indent` (from 0).
pub(crate) fn of_item(value: &Value, indent: usize) -> Option<Rendered> {
    let text = serde_yaml::to_string(&[value]).ok()?;
    split(text.strip_prefix('-')?, indent)
}

/// A key as it is written before its colon.
pub(crate) fn key(key: &str) -> Option<String> {
    let text = serde_yaml::to_string(&serde_json::json!({ key: 0 })).ok()?;
    Some(text.strip_suffix(": 0\n")?.to_owned())
}

fn split(text: &str, indent: usize) -> Option<Rendered> {
    let mut lines = text.strip_suffix('\n').unwrap_or(text).split('\n');
    let head = lines.next()?.trim().to_owned();
    let margin = " ".repeat(indent);
    let body = lines.map(|line| if line.is_empty() { String::new() } else { format!("{margin}{line}") }).collect();
    Some(Rendered { head, body })
}

/// The longest line of a flow value that still reads well.
const FLOW_WIDTH: usize = 100;

/// A value in flow style on one line: JSON, with quotes only where they are needed. `None` if it grows too long.
pub(crate) fn flow(value: &Value) -> Option<String> {
    let mut text = String::new();
    write_flow(value, &mut text);
    (text.len() <= FLOW_WIDTH || !value.is_object() && !value.is_array()).then_some(text)
}

fn write_flow(value: &Value, text: &mut String) {
    match value {
        Value::String(string) => text.push_str(&flow_scalar(string)),
        Value::Array(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                text.push_str(if index == 0 { "" } else { ", " });
                write_flow(item, text);
            }
            text.push(']');
        }
        Value::Object(fields) => {
            text.push('{');
            for (index, (key, value)) in fields.iter().enumerate() {
                text.push_str(if index == 0 { "" } else { ", " });
                text.push_str(&flow_scalar(key));
                text.push_str(": ");
                write_flow(value, text);
            }
            text.push('}');
        }
        other => text.push_str(&other.to_string()),
    }
}

/// A string without quotes where no reader could take it for anything else, else as JSON, which is YAML too.
fn flow_scalar(string: &str) -> String {
    let plain = serde_yaml::to_string(string).is_ok_and(|text| text.trim_end() == string);
    let tame = string.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/'));
    if plain && tame { string.to_owned() } else { Value::from(string).to_string() }
}
