//! The bounds of the schema (lengths, ranges, patterns), enforced on documents of a folder as the API server enforces
//! them on objects of a cluster. Types and unknown fields are serde's part.

use std::{collections::BTreeMap, sync::LazyLock};

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    JSONSchemaProps, JSONSchemaPropsOrArray, JSONSchemaPropsOrBool,
};
use regex::Regex;
use serde_json::Value;

use crate::{Kind, definition::schema, strict::FieldError};

/// The bounds of every kind, compiled once: a folder may hold ten thousand documents.
static BOUNDS: LazyLock<BTreeMap<Kind, Bounds>> = LazyLock::new(|| {
    Kind::ALL.into_iter().map(|kind| (kind, schema(kind).as_ref().map(Bounds::new).unwrap_or_default())).collect()
});

/// Every field of a document that is outside the bounds of its kind.
pub fn check(kind: Kind, document: &Value) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if let Some(bounds) = BOUNDS.get(&kind) {
        bounds.check("", document, &mut errors);
    }
    errors
}

/// The names of the fields that an object at a path may have, such as those of `spec.tools[3]`; empty where the schema
/// leaves them open.
pub fn known_fields(kind: Kind, path: &str) -> Vec<&'static str> {
    let mut place = BOUNDS.get(&kind);
    for step in path.split('.').filter(|step| !step.is_empty()) {
        let (name, positions) =
            step.split_once('[').map_or((step, 0), |(name, rest)| (name, 1 + rest.matches('[').count()));
        place = place.and_then(|bounds| bounds.properties.get(name).or(bounds.values.as_deref()));
        for _ in 0..positions {
            place = place.and_then(|bounds| bounds.items.as_deref());
        }
    }
    place.map(|bounds| bounds.properties.keys().map(String::as_str).collect()).unwrap_or_default()
}

#[derive(Debug, Default)]
struct Bounds {
    properties: BTreeMap<String, Bounds>,
    items: Option<Box<Bounds>>,
    values: Option<Box<Bounds>>,
    length: Range,
    size: Range,
    number: Range,
    pattern: Option<Regex>,
}

/// Inclusive bounds. The numbers of our schemas are far below 2^53, so floating point holds them exactly.
#[derive(Debug, Default)]
struct Range {
    least: Option<f64>,
    most: Option<f64>,
}

impl Bounds {
    fn new(schema: &JSONSchemaProps) -> Self {
        let nested = |schema: &JSONSchemaProps| Box::new(Self::new(schema));
        let properties = schema.properties.iter().flatten();
        Self {
            properties: properties.map(|(name, property)| (name.clone(), Self::new(property))).collect(),
            items: match schema.items.as_ref() {
                Some(JSONSchemaPropsOrArray::Schema(items)) => Some(nested(items)),
                _ => None,
            },
            values: match schema.additional_properties.as_ref() {
                Some(JSONSchemaPropsOrBool::Schema(values)) => Some(nested(values)),
                _ => None,
            },
            length: Range::whole(schema.min_length, schema.max_length),
            size: Range::whole(schema.min_items.or(schema.min_properties), schema.max_items.or(schema.max_properties)),
            number: Range { least: schema.minimum, most: schema.maximum },
            pattern: schema.pattern.as_deref().and_then(|pattern| Regex::new(pattern).ok()),
        }
    }

    fn check(&self, path: &str, value: &Value, errors: &mut Vec<FieldError>) {
        let mut refuse = |message: Option<String>| {
            errors.extend(message.map(|message| FieldError { path: path.to_owned(), message }));
        };
        match value {
            Value::String(text) => {
                let length = text.chars().count();
                refuse(self.length.check(count(length), "characters"));
                if let Some(pattern) = self.pattern.as_ref().filter(|pattern| !pattern.is_match(text)) {
                    refuse(Some(pattern_message(pattern.as_str())));
                }
            }
            Value::Number(number) => refuse(number.as_f64().and_then(|number| self.number.check(number, ""))),
            Value::Array(items) => {
                refuse(self.size.check(count(items.len()), "items"));
                let Some(bounds) = self.items.as_deref() else { return };
                for (index, item) in items.iter().enumerate() {
                    bounds.check(&format!("{path}[{index}]"), item, errors);
                }
            }
            Value::Object(fields) => {
                refuse(self.size.check(count(fields.len()), "entries"));
                for (name, field) in fields {
                    if let Some(bounds) = self.properties.get(name).or(self.values.as_deref()) {
                        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                        bounds.check(&path, field, errors);
                    }
                }
            }
            Value::Null | Value::Bool(_) => {}
        }
    }
}

impl Range {
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
