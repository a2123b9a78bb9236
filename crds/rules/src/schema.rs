//! Whether a JSON Schema is one.

use serde_json::Value;
use troupe_crds::JsonObject;

use crate::violation::Findings;

/// A JSON Schema as it stands in `parameters`, `output` or `input`. References into other documents are refused: they
/// would have to be fetched, and what they say could change.
pub fn check(path: &str, schema: &JsonObject, findings: &mut Findings) {
    if let Err(error) = jsonschema::validator_for(&schema.to_value()) {
        let inner = error.instance_path().to_string().replace('/', ".");
        findings.add(format!("{path}{inner}"), format!("not a JSON Schema: {error}: correct it"));
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
