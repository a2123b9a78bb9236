//! Strict deserialization: whatever is wrong with a document is said with its path and in the words of a manifest.

use serde::{Deserializer, de::DeserializeOwned};
use serde_json::Value;
use serde_path_to_error::Track;

use crate::{Kind, bounds};

/// What is wrong with one field.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {message}")]
pub struct FieldError {
    /// Path of the field, such as `spec.tools[0].tool`.
    pub path: String,
    /// What is wrong with it, and what to write instead.
    pub message: String,
}

/// Deserializes with the path of whatever is wrong, and refuses what was left over.
///
/// `kind` is none for a Secret, about whose values nothing is said.
pub(crate) fn strict<T: DeserializeOwned>(document: &Value, kind: Option<Kind>) -> Result<T, Vec<FieldError>> {
    let mut unknown = Vec::new();
    let mut note = |path: serde_ignored::Path<'_>| unknown.push(unknown_field(&path, kind));
    let parsed = tracked(serde_ignored::Deserializer::new(document, &mut note))
        .map_err(|(path, message)| vec![explain(kind, &path, &message)])?;
    if unknown.is_empty() { Ok(parsed) } else { Err(unknown) }
}

/// Deserializes with the path of whatever is wrong; what is left over is passed over.
pub(crate) fn tolerant<T: DeserializeOwned>(document: &Value, kind: Kind) -> Result<T, Vec<FieldError>> {
    tracked(document).map_err(|(path, message)| vec![explain(Some(kind), &path, &message)])
}

/// Deserializes; an error comes with the path of the field that it is about, empty for the whole.
///
/// The types of all kinds see one erased deserializer: compiled once for each layer of wrapping, they would be much of the
/// program.
pub(crate) fn tracked<'de, T: DeserializeOwned>(deserializer: impl Deserializer<'de>) -> Result<T, (String, String)> {
    let mut track = Track::new();
    let tracking = serde_path_to_error::Deserializer::new(deserializer, &mut track);
    let parsed = erased_serde::deserialize(&mut <dyn erased_serde::Deserializer<'_>>::erase(tracking));
    parsed.map_err(|error: erased_serde::Error| {
        let path = track.path().to_string();
        (if path == "." { String::new() } else { path }, error.to_string())
    })
}

/// Puts serde's message into words, where it is about a document of a kind or of a Secret.
fn explain(kind: Option<Kind>, path: &str, message: &str) -> FieldError {
    match kind {
        Some(kind) => in_words(path, message, |path| bounds::known_fields(kind, path)),
        None => FieldError {
            path: path.to_owned(),
            message: "data holds texts in base64, stringData plain texts: put every value in quotes".to_owned(),
        },
    }
}

/// Puts serde's message into the words of a manifest, without the value: somebody may have written a key where a
/// reference to a Secret belongs. `fields` gives the names of the fields that belong at a path.
pub(crate) fn in_words(path: &str, message: &str, fields: impl Fn(&str) -> Vec<&'static str>) -> FieldError {
    if let Some(field) = message.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`')) {
        let path = if path.is_empty() { field.to_owned() } else { format!("{path}.{field}") };
        return FieldError { path, message: "this field is required: add it".to_owned() };
    }
    let wrong = message.strip_prefix("invalid type: ").or_else(|| message.strip_prefix("invalid value: "));
    let message = match wrong.and_then(|rest| rest.rsplit_once(", expected ")) {
        None => message.to_owned(),
        Some((found, expected)) => {
            format!("{} stands here: write {}", found_words(found), expected_words(expected, &fields(path)))
        }
    };
    FieldError { path: path.to_owned(), message }
}

fn found_words(found: &str) -> &'static str {
    match found.split([' ', '`']).next().unwrap_or_default() {
        "string" => "a text",
        "integer" | "floating" => "a number",
        "boolean" => "true or false",
        "map" => "a mapping",
        "sequence" => "a list",
        "null" => "nothing",
        _ => "something else",
    }
}

fn expected_words(expected: &str, fields: &[&str]) -> String {
    match expected {
        "a string" => "a text, in quotes".to_owned(),
        "a sequence" => "a list".to_owned(),
        "a boolean" => "true or false".to_owned(),
        "a map" => "a mapping".to_owned(),
        other if !other.starts_with("struct ") => other.to_owned(),
        _ if fields.is_empty() => "a mapping".to_owned(),
        _ => format!("a mapping with {}", fields.join(", ")),
    }
}

/// Names the field that was probably meant, or all there are where none is near.
fn unknown_field(path: &serde_ignored::Path<'_>, kind: Option<Kind>) -> FieldError {
    let path = path_text(path);
    let (parent, name) = path.rsplit_once('.').unwrap_or(("", &path));
    let known = kind.map(|kind| bounds::known_fields(kind, parent)).unwrap_or_default();
    let nearest = known.iter().map(|field| (distance(name, field), *field)).min();
    let message = match nearest {
        Some((distance, field)) if distance <= name.chars().count() / 3 + 1 => {
            format!("unknown field: did you mean {field}?")
        }
        Some(_) => format!("unknown field: the fields here are {}", known.join(", ")),
        None => "unknown field: remove it".to_owned(),
    };
    FieldError { path, message }
}

/// How many characters must be inserted, deleted or replaced to make one name of the other, whatever their case.
fn distance(left: &str, right: &str) -> usize {
    let left: Vec<char> = left.to_lowercase().chars().collect();
    let mut row: Vec<usize> = (0..=left.len()).collect();
    for (line, other) in right.to_lowercase().chars().enumerate() {
        let mut next = vec![line + 1];
        for ((above_left, above), character) in row.iter().zip(row.iter().skip(1)).zip(&left) {
            let beside = next.last().copied().unwrap_or_default();
            next.push((above_left + usize::from(*character != other)).min(above + 1).min(beside + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

/// A path with list positions in brackets and without the steps into options, as people write it.
fn path_text(path: &serde_ignored::Path<'_>) -> String {
    use serde_ignored::Path;
    match path {
        Path::Root => String::new(),
        Path::Seq { parent, index } => format!("{}[{index}]", path_text(parent)),
        Path::Map { parent, key } => {
            let parent = path_text(parent);
            if parent.is_empty() { key.clone() } else { format!("{parent}.{key}") }
        }
        Path::Some { parent } | Path::NewtypeStruct { parent } | Path::NewtypeVariant { parent } => path_text(parent),
    }
}
