//! Whether a JSON Schema is one.

use std::collections::BTreeSet;

use serde_json::Value;
use troupe_crds::JsonObject;

use crate::violation::Findings;

/// What a value can be.
const TYPES: [&str; 7] = ["array", "boolean", "integer", "null", "number", "object", "string"];

/// A JSON Schema as it stands in `parameters`, `output` or `input`. References into other documents are refused: they
/// would have to be fetched, and what they say could change.
pub fn check(path: &str, schema: &JsonObject, findings: &mut Findings) {
    if schema.iter().all(|(keyword, value)| is_plain(keyword, value)) {
        return;
    }
    if let Err(error) = jsonschema::validator_for(&schema.to_value()) {
        let inner = error.instance_path().to_string().replace('/', ".");
        findings.add(format!("{path}{inner}"), format!("not a JSON Schema: {error}: correct it"));
    }
}

/// Whether a keyword's value is certainly what the specification wants of it. Most schemas hold nothing else, and to compile
/// the schema of schemas for them would take longer than everything else in a document, and half a megabyte.
fn is_plain(keyword: &str, value: &Value) -> bool {
    match keyword {
        "title" | "description" | "$comment" | "format" => value.is_string(),
        "default" | "const" => true,
        "enum" | "examples" => value.is_array(),
        "type" => value.as_str().is_some_and(|name| TYPES.contains(&name)),
        "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum" => value.is_number(),
        "minLength" | "maxLength" | "minItems" | "maxItems" | "minProperties" | "maxProperties" => value.is_u64(),
        "uniqueItems" | "deprecated" | "readOnly" | "writeOnly" => value.is_boolean(),
        "required" => value.as_array().is_some_and(|names| {
            let distinct: BTreeSet<_> = names.iter().filter_map(Value::as_str).collect();
            distinct.len() == names.len()
        }),
        "properties" => value.as_object().is_some_and(|properties| properties.values().all(is_plain_schema)),
        "items" | "additionalProperties" | "not" => is_plain_schema(value),
        _ => false,
    }
}

fn is_plain_schema(schema: &Value) -> bool {
    match schema {
        Value::Bool(_) => true,
        Value::Object(keywords) => keywords.iter().all(|(keyword, value)| is_plain(keyword, value)),
        _ => false,
    }
}

/// The JSON Schema of a tool's arguments: these are always an object, since models only send objects.
pub fn check_arguments(path: &str, schema: &JsonObject, findings: &mut Findings) {
    if schema.get("type").is_some_and(|type_| type_.as_str() != Some("object")) {
        findings.add(format!("{path}.type"), "arguments are always an object: set type to object");
    }
    check(path, schema, findings);
}

/// The names of the properties that a schema of arguments declares.
pub fn properties(schema: &JsonObject) -> Vec<&str> {
    schema
        .get("properties")
        .and_then(Value::as_object)
        .map(|properties| properties.keys().map(String::as_str).collect())
        .unwrap_or_default()
}

/// Whether arguments may have names that the schema does not declare.
pub fn is_open(schema: &JsonObject) -> bool {
    !schema.contains_key("properties")
        || schema.get("additionalProperties").is_some_and(|additional| additional != &Value::Bool(false))
        || ["patternProperties", "$ref", "allOf", "anyOf", "oneOf"].iter().any(|keyword| schema.contains_key(*keyword))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const KEYWORDS: [&str; 28] = [
        "title",
        "description",
        "$comment",
        "format",
        "default",
        "const",
        "enum",
        "examples",
        "type",
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "minLength",
        "maxLength",
        "minItems",
        "maxItems",
        "minProperties",
        "maxProperties",
        "uniqueItems",
        "deprecated",
        "required",
        "properties",
        "items",
        "additionalProperties",
        "not",
        "$ref",
        "pattern",
    ];

    #[test]
    fn what_is_plain_the_library_takes() {
        let values = json!([
            null, true, 0, -1, 1.5, "", "string", "no type", "[", [], ["a"], ["a", "a"], ["a", 1], [true], {}, {"a": true},
            {"a": 1}, {"a": {"type": "no type"}}, {"type": "string"}, {"a": {"type": "string"}}, {"a": {"pattern": "["}}
        ]);
        let mut plain = 0;
        for keyword in KEYWORDS {
            for value in values.as_array().unwrap() {
                let schema = json!({ keyword: value });
                if is_plain_schema(&schema) {
                    plain += 1;
                    assert!(jsonschema::validator_for(&schema).is_ok(), "{schema}");
                }
            }
        }
        assert!(plain > 50, "{plain}");
    }

    #[test]
    fn the_schema_of_usual_arguments_is_plain_and_a_reference_is_not() {
        let mut schema = json!({
            "type": "object", "required": ["city"], "additionalProperties": false,
            "properties": {
                "city": {"type": "string", "description": "Where.", "minLength": 1},
                "days": {"type": "array", "items": {"type": "integer", "minimum": 0}, "default": []}
            }
        });
        assert!(is_plain_schema(&schema));
        schema["properties"]["city"] = json!({"$ref": "#/$defs/city"});
        assert!(!is_plain_schema(&schema));
    }
}
