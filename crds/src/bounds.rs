//! The bounds of the schema (lengths, ranges, patterns), enforced on documents of a folder as the API server enforces
//! them on objects of a cluster. Types and unknown fields are serde's part.
//!
//! Deriving the schemas takes tens of milliseconds and megabytes of code, so `make generate` writes their bounds to
//! `crds/bounds/`, and a process reads those of the kinds that it meets.

use std::{
    collections::BTreeMap,
    sync::{LazyLock, OnceLock},
};

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    JSONSchemaProps, JSONSchemaPropsOrArray, JSONSchemaPropsOrBool,
};
use regex::Regex;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Kind, definition::schema, strict::FieldError};

/// The bounds of a kind, read once: a folder may hold ten thousand documents.
fn bounds(kind: Kind) -> &'static Bounds<'static> {
    macro_rules! of {
        ($file:literal) => {{
            static BOUNDS: LazyLock<Bounds<'static>> =
                // A test reads every file; without bounds a document would still be held to its types.
                LazyLock::new(|| serde_json::from_str(include_str!($file)).unwrap_or_default());
            &BOUNDS
        }};
    }
    match kind {
        Kind::Model => of!("../bounds/models.json"),
        Kind::Tool => of!("../bounds/tools.json"),
        Kind::McpServer => of!("../bounds/mcpservers.json"),
        Kind::PromptTemplate => of!("../bounds/prompttemplates.json"),
        Kind::Agent => of!("../bounds/agents.json"),
        Kind::Team => of!("../bounds/teams.json"),
        Kind::Workflow => of!("../bounds/workflows.json"),
        Kind::Runtime => of!("../bounds/runtimes.json"),
    }
}

/// The bounds of a kind as its schema says them now, in JSON: what `make generate` writes.
pub fn generate(kind: Kind) -> serde_json::Result<String> {
    let schema = schema(kind);
    let bounds = schema.as_ref().map(Bounds::new).unwrap_or_default();
    serde_json::to_string_pretty(&bounds).map(|text| text + "\n")
}

/// Every field of a document that is outside the bounds of its kind.
pub fn check(kind: Kind, document: &Value) -> Vec<FieldError> {
    let mut errors = Vec::new();
    bounds(kind).check("", document, &mut errors);
    errors
}

/// The names of the fields that an object at a path may have, such as those of `spec.tools[3]`; empty where the schema
/// leaves them open.
pub fn known_fields(kind: Kind, path: &str) -> Vec<&'static str> {
    let mut place = Some(bounds(kind));
    for step in path.split('.').filter(|step| !step.is_empty()) {
        let (name, positions) =
            step.split_once('[').map_or((step, 0), |(name, rest)| (name, 1 + rest.matches('[').count()));
        place = place.and_then(|bounds| bounds.properties.get(name).or(bounds.values.as_deref()));
        for _ in 0..positions {
            place = place.and_then(|bounds| bounds.items.as_deref());
        }
    }
    place.map(|bounds| bounds.properties.keys().copied().collect()).unwrap_or_default()
}

/// Bounds of a value and of what is in it. Names are those of the text that it was read from.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Bounds<'text> {
    #[serde(borrow, skip_serializing_if = "BTreeMap::is_empty")]
    properties: BTreeMap<&'text str, Bounds<'text>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    items: Option<Box<Bounds<'text>>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    values: Option<Box<Bounds<'text>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limits: Option<Box<Limits>>,
}

/// Bounds of a value itself; most have none.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Limits {
    #[serde(skip_serializing_if = "Range::is_open")]
    length: Range,
    #[serde(skip_serializing_if = "Range::is_open")]
    size: Range,
    #[serde(skip_serializing_if = "Range::is_open")]
    number: Range,
    #[serde(skip_serializing_if = "Option::is_none")]
    pattern: Option<Pattern>,
}

/// Inclusive bounds. The numbers of our schemas are far below 2^53, so floating point holds them exactly.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Range {
    #[serde(skip_serializing_if = "Option::is_none")]
    least: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    most: Option<f64>,
}

/// A regular expression that is compiled when the first text meets it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
struct Pattern {
    text: String,
    compiled: OnceLock<Option<Regex>>,
}

impl<'text> Bounds<'text> {
    fn new(schema: &'text JSONSchemaProps) -> Self {
        let nested = |schema: &'text JSONSchemaProps| Box::new(Self::new(schema));
        let properties = schema.properties.iter().flatten();
        let limits = Limits::new(schema);
        Self {
            properties: properties.map(|(name, property)| (name.as_str(), Self::new(property))).collect(),
            items: match schema.items.as_ref() {
                Some(JSONSchemaPropsOrArray::Schema(items)) => Some(nested(items)),
                _ => None,
            },
            values: match schema.additional_properties.as_ref() {
                Some(JSONSchemaPropsOrBool::Schema(values)) => Some(nested(values)),
                _ => None,
            },
            limits: (limits != Limits::default()).then(|| Box::new(limits)),
        }
    }

    fn check(&self, path: &str, value: &Value, errors: &mut Vec<FieldError>) {
        let messages = self.limits.as_ref().map(|limits| limits.check(value)).unwrap_or_default();
        errors.extend(messages.into_iter().map(|message| FieldError { path: path.to_owned(), message }));
        match value {
            Value::Array(items) => {
                let Some(bounds) = self.items.as_deref() else { return };
                for (index, item) in items.iter().enumerate() {
                    bounds.check(&format!("{path}[{index}]"), item, errors);
                }
            }
            Value::Object(fields) => {
                for (name, field) in fields {
                    if let Some(bounds) = self.properties.get(name.as_str()).or(self.values.as_deref()) {
                        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                        bounds.check(&path, field, errors);
                    }
                }
            }
            _ => {}
        }
    }
}

impl Limits {
    fn new(schema: &JSONSchemaProps) -> Self {
        let pattern = schema.pattern.clone();
        Self {
            length: Range::whole(schema.min_length, schema.max_length),
            size: Range::whole(schema.min_items.or(schema.min_properties), schema.max_items.or(schema.max_properties)),
            number: Range { least: schema.minimum, most: schema.maximum },
            pattern: pattern.map(Pattern::from),
        }
    }

    /// What is wrong with a value itself.
    fn check(&self, value: &Value) -> Vec<String> {
        match value {
            Value::String(text) => {
                let length = self.length.check(count(text.chars().count()), "characters");
                let pattern = self.pattern.as_ref().filter(|pattern| !pattern.is_match(text));
                length.into_iter().chain(pattern.map(|pattern| pattern_message(&pattern.text))).collect()
            }
            Value::Number(number) => {
                number.as_f64().and_then(|number| self.number.check(number, "")).into_iter().collect()
            }
            Value::Array(items) => self.size.check(count(items.len()), "items").into_iter().collect(),
            Value::Object(fields) => self.size.check(count(fields.len()), "entries").into_iter().collect(),
            Value::Null | Value::Bool(_) => Vec::new(),
        }
    }
}

impl Pattern {
    /// A pattern that is none refuses nothing; a test compiles them all.
    fn is_match(&self, text: &str) -> bool {
        let compiled = self.compiled.get_or_init(|| Regex::new(&self.text).ok());
        compiled.as_ref().is_none_or(|pattern| pattern.is_match(text))
    }
}

impl From<String> for Pattern {
    fn from(text: String) -> Self {
        Self { text, compiled: OnceLock::new() }
    }
}

impl From<Pattern> for String {
    fn from(pattern: Pattern) -> Self {
        pattern.text
    }
}

impl Clone for Pattern {
    fn clone(&self) -> Self {
        Self::from(self.text.clone())
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Range {
    fn is_open(&self) -> bool {
        self.least.is_none() && self.most.is_none()
    }

    fn whole(least: Option<i64>, most: Option<i64>) -> Self {
        let bound = |value: Option<i64>| value.and_then(|value| i32::try_from(value).ok()).map(f64::from);
        Self { least: bound(least), most: bound(most) }
    }

    fn check(&self, value: f64, unit: &str) -> Option<String> {
        let unit = if unit.is_empty() { String::new() } else { format!(" {unit}") };
        if let Some(least) = self.least.filter(|least| value < *least) {
            return Some(format!("has {value}{unit}, fewer than the least allowed: give {least} or more"));
        }
        let most = self.most.filter(|most| value > *most)?;
        Some(format!("has {value}{unit}, more than allowed: give at most {most}"))
    }
}

fn count(length: usize) -> f64 {
    u32::try_from(length).map_or(f64::from(u32::MAX), f64::from)
}

/// What a pattern means, in words, for the patterns that people meet.
fn pattern_message(pattern: &str) -> String {
    match pattern {
        crate::tool::TOOL_NAME_PATTERN => "use 1 to 64 letters, digits, _ and - only".to_owned(),
        r"^[A-Za-z_][A-Za-z0-9_]*$" => "use letters, digits and _ only, and no digit first".to_owned(),
        r"^[A-Za-z0-9_-]+$" | r"^[A-Za-z0-9_][A-Za-z0-9_-]*$" => {
            "use letters, digits, _ and - only, and no - first".to_owned()
        }
        _ => format!("must match the pattern {pattern}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every_pattern(bounds: &Bounds<'_>, see: &mut impl FnMut(&str)) {
        if let Some(pattern) = bounds.limits.as_ref().and_then(|limits| limits.pattern.as_ref()) {
            see(&pattern.text);
        }
        let inner = bounds.properties.values().chain(bounds.items.as_deref()).chain(bounds.values.as_deref());
        inner.for_each(|bounds| every_pattern(bounds, see));
    }

    #[test]
    fn the_bounds_of_every_kind_can_be_read_and_their_patterns_compiled() {
        let mut patterns = 0;
        for kind in Kind::ALL {
            assert!(bounds(kind).properties.contains_key("spec"), "{kind}");
            every_pattern(bounds(kind), &mut |pattern| {
                assert!(Regex::new(pattern).is_ok(), "{kind}: {pattern}");
                patterns += 1;
            });
        }
        assert!(patterns > 0);
    }
}
