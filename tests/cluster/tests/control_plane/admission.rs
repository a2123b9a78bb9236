//! What the API server admits and refuses by the definitions alone, with no part of ours running.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use kube::{
    Api, Client,
    api::{ApiResource, DynamicObject, PostParams},
    core::{GroupVersionKind, Status},
};
use serde::Deserialize;
use serde_json::{Value, json};
use troupe_test_cluster::{apply, control_plane};

use crate::definitions::{Rule, rules};

/// The objects of one kind: a valid one, and what makes it invalid.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    kind: String,
    #[serde(default = "valid")]
    name: String,
    spec: Value,
    refused: Vec<Case>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: Option<String>,
    #[serde(default)]
    spec: Value,
    at: String,
    says: String,
}

fn valid() -> String {
    "valid".to_owned()
}

fn tables() -> Vec<Table> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/control_plane/refused");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.map(|file| serde_yaml::from_str(&fs::read_to_string(&file).unwrap()).unwrap()).collect()
}

/// A JSON merge patch (RFC 7396): null takes a field away.
fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        if !patch.is_null() {
            *target = patch.clone();
        }
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    let fields = target.as_object_mut().unwrap();
    for (name, value) in patch {
        if value.is_null() {
            fields.remove(name);
        } else {
            merge(fields.entry(name).or_insert(Value::Null), value);
        }
    }
}

async fn create(client: &Client, namespace: &str, kind: &str, name: &str, spec: Value) -> Result<(), Status> {
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk("troupe.dev", "v1alpha1", kind));
    let objects: Api<DynamicObject> = Api::namespaced_with(client.clone(), namespace, &resource);
    let object = DynamicObject::new(name, &resource).data(json!({ "spec": spec }));
    match objects.create(&PostParams::default(), &object).await {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(status)) => Err(*status),
        Err(error) => panic!("{kind} {name}: {error}"),
    }
}

/// What a refusal says, and of which fields, as the definition names them: `spec.tools[]` for `spec.tools[3]`.
fn causes(status: &Status) -> BTreeSet<(String, String)> {
    let causes = status.details.iter().flat_map(|details| &details.causes);
    causes.map(|cause| (without_indices(&cause.field), cause.message.clone())).collect()
}

fn without_indices(field: &str) -> String {
    // The object as a whole has no name.
    if field == "<nil>" {
        return String::new();
    }
    let mut name = String::new();
    for (place, part) in field.split('[').enumerate() {
        match part.split_once(']') {
            Some((_, rest)) if place > 0 => name.extend(["[]", rest]),
            _ => name.push_str(part),
        }
    }
    name
}

#[tokio::test]
async fn a_valid_object_of_every_kind_is_admitted() -> anyhow::Result<()> {
    let Some(cluster) = control_plane().await? else { return Ok(()) };
    cluster.install_resource_definitions().await?;
    let (client, namespace) = (cluster.client().await?, cluster.namespace("valid").await?);
    let mut kinds = BTreeSet::new();
    for table in tables() {
        let made = create(&client, &namespace, &table.kind, &table.name, table.spec).await;
        assert!(made.is_ok(), "{}: {made:?}", table.kind);
        kinds.insert(table.kind);
    }
    let defined: BTreeSet<String> = rules().into_iter().map(|rule| rule.kind).collect();
    assert_eq!(kinds, defined, "every kind has its table");
    Ok(())
}

#[tokio::test]
async fn every_example_is_admitted() -> anyhow::Result<()> {
    let Some(cluster) = control_plane().await? else { return Ok(()) };
    cluster.install_resource_definitions().await?;
    let client = cluster.client().await?;
    let mut seen = 0;
    for file in examples(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples")) {
        let text = fs::read_to_string(&file)?;
        // What kustomize makes of its own files is applied on a node.
        if file.ends_with("kustomization.yaml") || !text.contains("apiVersion: troupe.dev/") {
            continue;
        }
        // Two examples may name their agents alike.
        let namespace = cluster.namespace("example").await?;
        let applied = apply(&client, &namespace, &text).await;
        assert!(applied.is_ok(), "{}: {applied:?}", file.display());
        seen += 1;
    }
    assert!(seen > 5, "{seen} examples were found");
    Ok(())
}

fn examples(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(examples(&path));
        } else if path.extension().is_some_and(|extension| extension == "yaml") {
            files.push(path);
        }
    }
    files.sort();
    files
}

#[tokio::test]
async fn every_rule_refuses_what_breaks_it_and_says_why() -> anyhow::Result<()> {
    let Some(cluster) = control_plane().await? else { return Ok(()) };
    cluster.install_resource_definitions().await?;
    let (client, namespace) = (cluster.client().await?, cluster.namespace("refused").await?);
    let mut broken = BTreeSet::new();
    for table in tables() {
        for case in table.refused {
            let mut spec = table.spec.clone();
            merge(&mut spec, &case.spec);
            let name = case.name.as_ref().unwrap_or(&table.name);
            let refusal = create(&client, &namespace, &table.kind, name, spec.clone()).await;
            let status = refusal.expect_err(&format!("{} {name} is admitted: {spec}", table.kind));
            assert_eq!(status.code, 422, "{} {name}: {status:?}", table.kind);
            let said = causes(&status);
            let right = said.iter().any(|(field, message)| *field == case.at && message.contains(&case.says));
            assert!(right, "{} {spec}\nshould say at {:?}: {}\nbut says {status:#?}", table.kind, case.at, case.says);
            broken.insert(Rule { kind: table.kind.clone(), at: case.at, says: case.says });
        }
    }
    let untested: Vec<_> = rules().difference(&broken).cloned().collect();
    assert!(untested.is_empty(), "no object breaks these rules: {untested:#?}");
    Ok(())
}
