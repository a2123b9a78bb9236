//! `{{name}}` placeholders (prompt templates) and `{{dotted.path}}` placeholders (workflow texts).
//!
//! The grammar of a name is `\{\{\s*(\w+)\s*\}\}` with Unicode words, of a path the same with `[\w-]+` segments between
//! dots. Values are inserted once and never read again, so a value that contains `{{x}}` stays what it is.

use serde_json::{Map, Value};

use crate::text::{push_unique, shown};

/// The placeholders' names: unique, in the order in which they appear (S1-114).
///
/// ```
/// assert_eq!(troupe_language::placeholder::names("{{b}} {{ a }} {{b}}"), ["b", "a"]);
/// ```
pub fn names(text: &str) -> Vec<String> {
    collect(text, is_word)
}

/// Replaces each placeholder by its value; a name without a value stays as it is written (S1-113). A value that is not
/// a string is written as compact JSON.
pub fn render(text: &str, values: &Map<String, Value>) -> String {
    replace(text, is_word, |name, output| match values.get(name) {
        Some(value) => {
            output.push_str(&shown(value));
            true
        }
        None => false,
    })
}

/// The dotted paths: unique, in the order in which they appear.
pub fn paths(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    replace(text, is_path_character, |path, _| {
        if is_path(path) {
            push_unique(&mut found, path);
        }
        false
    });
    found
}

/// Replaces each `{{path}}` by the value found in `context`: object keys (hyphens allowed, as in node ids) and integer
/// list indices between dots. What is missing or null is written as nothing (S2-104).
///
/// ```
/// let context = serde_json::json!({"nodes": {"look-up": {"titles": ["A", "B"]}}});
/// assert_eq!(troupe_language::placeholder::render_paths("<{{nodes.look-up.titles.1}}{{no.such}}>", &context), "<B>");
/// ```
pub fn render_paths(text: &str, context: &Value) -> String {
    replace(text, is_path_character, |path, output| {
        if !is_path(path) {
            return false;
        }
        match look_up(context, path) {
            None | Some(Value::Null) => {}
            Some(value) => output.push_str(&shown(value)),
        }
        true
    })
}

/// The value at a dotted path, or nothing where a step is missing. A list takes an index counted from 0; an object whose
/// key contains dots is found only by its whole key at that step, which S2 never writes.
pub fn look_up<'value>(context: &'value Value, path: &str) -> Option<&'value Value> {
    path.split('.').try_fold(context, |value, step| match value {
        Value::Object(fields) => fields.get(step),
        Value::Array(items) => items.get(step.parse::<usize>().ok()?),
        _ => None,
    })
}

fn collect(text: &str, accepts: fn(char) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    replace(text, accepts, |name, _| {
        push_unique(&mut found, name);
        false
    });
    found
}

/// Walks the placeholders from left to right. `write` says whether it wrote a replacement; if not, the placeholder stays.
fn replace(text: &str, accepts: fn(char) -> bool, mut write: impl FnMut(&str, &mut String) -> bool) -> String {
    let mut output = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("{{") {
        let (before, candidate) = rest.split_at(start);
        output.push_str(before);
        if let Some((name, length)) = placeholder(candidate, accepts) {
            if !write(name, &mut output) {
                output.push_str(&candidate[..length]);
            }
            rest = &candidate[length..];
        } else {
            // One brace further, as a regular expression would: `{{{name}}` holds a placeholder after its first brace.
            output.push('{');
            rest = &candidate[1..];
        }
    }
    output.push_str(rest);
    output
}

/// Reads a placeholder at the start of `text`, which begins with `{{`: its name and its whole length in bytes.
fn placeholder(text: &str, accepts: fn(char) -> bool) -> Option<(&str, usize)> {
    let inside = text.get(2..)?.trim_start();
    let end = inside.find(|character| !accepts(character))?;
    let (name, after) = inside.split_at(end);
    let closed = after.trim_start().strip_prefix("}}")?;
    (!name.is_empty()).then_some((name, text.len() - closed.len()))
}

/// What `\w` means in a regular expression with Unicode tables: letters, marks, digits, connectors.
fn is_word(character: char) -> bool {
    regex_syntax::try_is_word_character(character).unwrap_or_else(|_| character.is_alphanumeric() || character == '_')
}

fn is_path_character(character: char) -> bool {
    character == '.' || character == '-' || is_word(character)
}

/// No step of a path is empty: `a..b`, `.a` and `a.` are not placeholders.
fn is_path(path: &str) -> bool {
    path.split('.').all(|step| !step.is_empty())
}
