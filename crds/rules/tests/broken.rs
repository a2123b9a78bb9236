//! Every document of `broken/`: what is said about it, and that CEL says the same where it says anything.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail their test")]

use std::{collections::BTreeSet, fs, path::Path};

use cel::{Context, Program, Value as CelValue};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    JSONSchemaProps, JSONSchemaPropsOrArray, JSONSchemaPropsOrBool,
};
use serde::Deserialize;
use serde_json::Value;
use troupe_crds::{Kind, Resource, definition::schema};
use troupe_rules::check;

fn resources(file: &str) -> Vec<Resource> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/broken").join(file);
    let text = fs::read_to_string(path).unwrap();
    serde_yaml::Deserializer::from_str(&text)
        .map(|document| {
            let value = Value::deserialize(document).unwrap();
            Resource::from_value(value.clone()).unwrap_or_else(|error| panic!("{error}\n{value}"))
        })
        .collect()
}

/// What is said about each document of a file, as people read it.
fn report(file: &str) -> String {
    let mut lines = Vec::new();
    for resource in resources(file) {
        lines.push(format!("# {}", resource.name()));
        lines.extend(check(&resource).iter().map(ToString::to_string));
    }
    lines.join("\n")
}

const FILES: [&str; 8] = [
    "model.yaml",
    "tool.yaml",
    "mcp-server.yaml",
    "prompt-template.yaml",
    "agent.yaml",
    "team.yaml",
    "workflow.yaml",
    "runtime.yaml",
];

#[test]
fn each_violation_names_the_field_and_the_remedy() {
    for file in FILES {
        insta::assert_snapshot!(file.trim_end_matches(".yaml"), report(file));
    }
}

#[test]
fn the_first_document_of_each_file_breaks_nothing() {
    for file in FILES {
        assert_eq!(check(&resources(file)[0]), [], "{file}");
    }
}

#[test]
fn whatever_cel_refuses_is_refused_with_the_same_words() {
    for resource in FILES.into_iter().flat_map(resources) {
        let schema = schema(resource.kind().unwrap()).unwrap();
        let mut known = BTreeSet::new();
        all_messages(&schema, &mut known);
        let mut expected = BTreeSet::new();
        evaluate(&schema, &resource.to_manifest().unwrap().unwrap(), &mut expected);
        let said: BTreeSet<String> = check(&resource)
            .into_iter()
            .map(|violation| violation.message)
            .filter(|message| known.contains(message))
            .collect();
        // A hidden argument follows the rule of headers, where CEL cannot see its untyped value.
        let beyond = resource.name() == "hidden";
        assert!(beyond || said == expected, "{}: CEL {expected:?}, rules {said:?}", resource.name());
    }
}

#[test]
fn every_cel_rule_is_broken_by_some_document() {
    let mut broken = BTreeSet::new();
    for resource in FILES.into_iter().flat_map(resources) {
        let kind = resource.kind().unwrap();
        let mut messages = BTreeSet::new();
        evaluate(&schema(kind).unwrap(), &resource.to_manifest().unwrap().unwrap(), &mut messages);
        broken.extend(messages);
    }
    let mut known = BTreeSet::new();
    for kind in Kind::ALL {
        all_messages(&schema(kind).unwrap(), &mut known);
    }
    assert_eq!(known.difference(&broken).collect::<Vec<_>>(), Vec::<&String>::new());
}

fn children(schema: &JSONSchemaProps) -> Vec<&JSONSchemaProps> {
    let mut children: Vec<_> = schema.properties.iter().flatten().map(|(_, property)| property).collect();
    if let Some(JSONSchemaPropsOrArray::Schema(items)) = &schema.items {
        children.push(items);
    }
    if let Some(JSONSchemaPropsOrBool::Schema(values)) = &schema.additional_properties {
        children.push(values);
    }
    children
}

fn all_messages(schema: &JSONSchemaProps, messages: &mut BTreeSet<String>) {
    messages.extend(schema.x_kubernetes_validations.iter().flatten().filter_map(|rule| rule.message.clone()));
    for child in children(schema) {
        all_messages(child, messages);
    }
}

/// Evaluates the rules of a schema as the API server does: at each place, with `self` as the value there.
fn evaluate(schema: &JSONSchemaProps, value: &Value, broken: &mut BTreeSet<String>) {
    for rule in schema.x_kubernetes_validations.iter().flatten() {
        let mut context = Context::default();
        context.add_variable("self", value).unwrap();
        let program = Program::compile(&rule.rule).unwrap();
        match program.execute(&context).unwrap_or_else(|error| panic!("{}: {error} on {value}", rule.rule)) {
            CelValue::Bool(true) => {}
            CelValue::Bool(false) => {
                broken.insert(rule.message.clone().unwrap());
            }
            other => panic!("{}: {other:?}", rule.rule),
        }
    }
    for (name, property) in schema.properties.iter().flatten() {
        if let Some(inner) = value.get(name) {
            evaluate(property, inner, broken);
        }
    }
    if let Some(JSONSchemaPropsOrArray::Schema(items)) = &schema.items {
        for item in value.as_array().into_iter().flatten() {
            evaluate(items, item, broken);
        }
    }
}
