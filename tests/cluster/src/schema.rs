//! JSON Schemas of every kind that the API server knows, for `kubeconform -strict`: made from its own OpenAPI, so nothing is downloaded.

use std::{collections::BTreeSet, fs, path::Path};

use anyhow::Context as _;
use http::Request;
use serde_json::{Map, Value, json};

use crate::ControlPlane;

/// How schemas refer to each other in OpenAPI 2 and in the JSON Schema that is made of it.
const REFERENCE: &str = "#/definitions/";

impl ControlPlane {
    /// Writes a file for each kind, Troupe's own among them once they are installed. kubeconform finds them by
    /// `-schema-location 'FOLDER/{{.ResourceKind}}{{.KindSuffix}}.json'`. How many there are.
    pub async fn write_schemas(&self, folder: &Path) -> anyhow::Result<usize> {
        let request = Request::get("/openapi/v2").body(Vec::new())?;
        let mut document: Value = self.client().await?.request(request).await?;
        let definitions = document["definitions"].as_object_mut().context("the API server describes nothing")?;
        for (name, definition) in definitions.iter_mut() {
            strict(definition);
            loose(name, definition);
        }
        let definitions = &*definitions;
        let mut written = 0;
        for (name, definition) in definitions {
            for file in files(definition) {
                let schema = json!({"$ref": format!("{REFERENCE}{name}"), "definitions": reached(definitions, name)});
                fs::write(folder.join(file), schema.to_string())?;
                written += 1;
            }
        }
        Ok(written)
    }
}

/// `deployment-apps-v1.json`, as kubeconform names it: of the group it takes what is before the first dot.
fn files(definition: &Value) -> Vec<String> {
    let kinds = definition["x-kubernetes-group-version-kind"].as_array().into_iter().flatten();
    let named = kinds.filter_map(|kind| {
        let part = |name: &str| kind[name].as_str().map(str::to_lowercase);
        let (group, version, kind) = (part("group")?, part("version")?, part("kind")?);
        let group = group.split('.').next().filter(|group| !group.is_empty()).map(|group| format!("{group}-"));
        Some(format!("{kind}-{}{version}.json", group.unwrap_or_default()))
    });
    named.collect()
}

/// No object has fields that its schema does not name.
fn strict(schema: &mut Value) {
    let Value::Object(fields) = schema else { return };
    let open =
        fields.contains_key("additionalProperties") || fields.contains_key("x-kubernetes-preserve-unknown-fields");
    if fields.contains_key("properties") && !open {
        fields.insert("additionalProperties".to_owned(), Value::Bool(false));
    }
    if fields.contains_key("x-kubernetes-int-or-string") {
        fields.remove("type");
    }
    // Formats such as int32 and byte are no JSON Schema's.
    if fields.get("format").is_some_and(Value::is_string) {
        fields.remove("format");
    }
    for (name, value) in fields.iter_mut() {
        match (name.as_str(), value) {
            ("properties", Value::Object(properties)) => properties.values_mut().for_each(strict),
            ("items" | "additionalProperties", value) => strict(value),
            _ => {}
        }
    }
}

/// What the API server takes in two ways while its OpenAPI tells of one.
fn loose(name: &str, definition: &mut Value) {
    if name.ends_with(".util.intstr.IntOrString") || name.ends_with(".api.resource.Quantity") {
        *definition = json!({"type": ["string", "number"]});
    }
}

/// A definition and what it refers to, and so on.
fn reached(definitions: &Map<String, Value>, name: &str) -> Map<String, Value> {
    let (mut found, mut open) = (Map::new(), BTreeSet::from([name.to_owned()]));
    while let Some(name) = open.pop_first() {
        if let Some(definition) = definitions.get(&name).filter(|_| !found.contains_key(&name)) {
            references(definition, &mut open);
            found.insert(name, definition.clone());
        }
    }
    found
}

fn references(schema: &Value, open: &mut BTreeSet<String>) {
    match schema {
        Value::Object(fields) => {
            let name =
                fields.get("$ref").and_then(Value::as_str).and_then(|reference| reference.strip_prefix(REFERENCE));
            open.extend(name.map(str::to_owned));
            fields.values().for_each(|value| references(value, open));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, open)),
        _ => {}
    }
}
