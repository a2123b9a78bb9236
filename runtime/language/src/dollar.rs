//! `$name` and `${name}` placeholders; `$$` is a literal dollar. Names are ASCII words that start with a letter or an
//! underscore, as in shells and in Python's `string.Template`.

use serde_json::{Map, Value};

use crate::text::{push_unique, shown};

/// The placeholders' names: unique, in the order in which they appear.
pub fn names(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    replace(text, |name, _| {
        push_unique(&mut found, name);
        false
    });
    found
}

/// Replaces each placeholder by its value and each `$$` by one dollar; a name without a value and a dollar that starts
/// nothing stay as they are. A value that is not a string is written as compact JSON.
///
/// ```
/// let values = serde_json::json!({"name": "Lucas"});
/// assert_eq!(troupe_language::dollar::render("Hello $name, $$5", values.as_object().unwrap()), "Hello Lucas, $5");
/// ```
pub fn render(text: &str, values: &Map<String, Value>) -> String {
    replace(text, |name, output| match values.get(name) {
        Some(value) => {
            output.push_str(&shown(value));
            true
        }
        None => false,
    })
}

fn replace(text: &str, mut write: impl FnMut(&str, &mut String) -> bool) -> String {
    let mut output = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('$') {
        let (before, candidate) = rest.split_at(start);
        output.push_str(before);
        let length = if candidate.starts_with("$$") {
            output.push('$');
            2
        } else if let Some((name, length)) = placeholder(candidate) {
            if !write(name, &mut output) {
                output.push_str(&candidate[..length]);
            }
            length
        } else {
            output.push('$');
            1
        };
        rest = &candidate[length..];
    }
    output.push_str(rest);
    output
}

/// Reads a placeholder at the start of `text`, which begins with a dollar: its name and its whole length in bytes.
fn placeholder(text: &str) -> Option<(&str, usize)> {
    let after = text.strip_prefix('$')?;
    if let Some(braced) = after.strip_prefix('{') {
        let name = word(braced);
        let closed = braced[name.len()..].starts_with('}');
        return (closed && !name.is_empty()).then_some((name, name.len() + 3));
    }
    let name = word(after);
    (!name.is_empty()).then_some((name, name.len() + 1))
}

/// The longest name that `text` starts with; empty where it starts with none.
fn word(text: &str) -> &str {
    if text.starts_with(|first: char| first.is_ascii_digit()) {
        return "";
    }
    let end = text.find(|character: char| character != '_' && !character.is_ascii_alphanumeric());
    &text[..end.unwrap_or(text.len())]
}
