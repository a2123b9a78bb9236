//! What `kubectl apply --server-side` does, with the API server's own words where it refuses.

use anyhow::Context as _;
use kube::{
    Api, Client,
    api::{DynamicObject, Patch, PatchParams},
    core::GroupVersionKind,
    discovery::{Scope, pinned_kind},
};
use serde::Deserialize as _;

/// Who owns the fields that tests apply.
const MANAGER: &str = "troupe-test";

/// Applies every object of a YAML text in its order; those without a namespace go into `namespace`. What the server made of each.
///
/// # Errors
/// At the first object that is refused: its source is the [`kube::Error`], which says why.
pub async fn apply(client: &Client, namespace: &str, yaml: &str) -> anyhow::Result<Vec<DynamicObject>> {
    apply_all(client, namespace, &documents(yaml)?).await
}

pub(crate) async fn apply_all(
    client: &Client,
    namespace: &str,
    objects: &[DynamicObject],
) -> anyhow::Result<Vec<DynamicObject>> {
    let mut applied = Vec::new();
    for object in objects {
        applied.push(apply_one(client, namespace, object).await?);
    }
    Ok(applied)
}

/// The objects of a YAML text; empty documents are left out, and a List is taken apart.
pub fn documents(yaml: &str) -> anyhow::Result<Vec<DynamicObject>> {
    let mut objects = Vec::new();
    for document in serde_yaml::Deserializer::from_str(yaml) {
        let mut value = serde_json::Value::deserialize(document)?;
        if value.is_null() {
            continue;
        }
        match value.get_mut("items").map(serde_json::Value::take) {
            Some(serde_json::Value::Array(items)) => {
                for item in items {
                    objects.push(serde_json::from_value(item)?);
                }
            }
            _ => objects.push(serde_json::from_value(value).context("a document is not a Kubernetes object")?),
        }
    }
    Ok(objects)
}

async fn apply_one(client: &Client, namespace: &str, object: &DynamicObject) -> anyhow::Result<DynamicObject> {
    let types = object.types.as_ref().context("an object has neither apiVersion nor kind")?;
    let name = object.metadata.name.as_deref().with_context(|| format!("a {} has no name", types.kind))?;
    let api = api(client, namespace, object).await?;
    let params = PatchParams::apply(MANAGER).force();
    api.patch(name, &params, &Patch::Apply(object))
        .await
        .with_context(|| format!("{} {name} was not applied", types.kind))
}

/// The API of an object's kind. The server is asked each time: a definition may be seconds old.
async fn api(client: &Client, namespace: &str, object: &DynamicObject) -> anyhow::Result<Api<DynamicObject>> {
    let types = object.types.as_ref().context("an object has neither apiVersion nor kind")?;
    let kind = GroupVersionKind::try_from(types)?;
    let (resource, capabilities) =
        pinned_kind(client, &kind).await.with_context(|| format!("no {} is served", types.kind))?;
    let namespace = object.metadata.namespace.as_deref().unwrap_or(namespace);
    Ok(match capabilities.scope {
        Scope::Namespaced => Api::namespaced_with(client.clone(), namespace, &resource),
        Scope::Cluster => Api::all_with(client.clone(), &resource),
    })
}
