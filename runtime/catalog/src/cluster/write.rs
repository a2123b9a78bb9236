//! Writes of the HTTP API to a cluster: ordinary creates and updates, as a person makes them with kubectl. What a GitOps
//! tool or Helm manages is refused, since its next run would undo the write.

use std::sync::Arc;

use kube::Api;
use kube::api::{DeleteParams, PostParams, Preconditions};
use kube::core::{DynamicObject, ObjectMeta};
use serde_json::{Value, json};
use troupe_crds::{API_VERSION, Kind, Resource};

use super::error::{ClusterError, answer};
use super::object::{LAST_APPLIED, api_resource, edition, observe};
use super::{Cluster, Key, managed};
use crate::catalog::Catalog;
use crate::edit::rebase;
use crate::entry::Entry;
use crate::write::{ATTEMPTS, WriteError, WriteOptions, manifest};

/// By which name the API server knows who wrote.
pub(super) const MANAGER: &str = "troupe-api";

/// One object that is written.
struct Target<'write> {
    cluster: &'write Cluster,
    api: Api<DynamicObject>,
    kind: Kind,
    name: &'write str,
    options: &'write WriteOptions,
}

impl Catalog {
    /// Creates or changes an object. The result is in the view on return.
    pub(crate) async fn apply_to_cluster(
        &self,
        cluster: &Cluster,
        kind: Kind,
        resource: &Resource,
        options: &WriteOptions,
    ) -> Result<Arc<Entry>, WriteError> {
        self.check_conditions(kind, resource, &WriteOptions { if_match: None, ..options.clone() })?;
        let written = Target::new(cluster, kind, resource.name(), options).apply(resource).await?;
        if let Some(observed) = observe(kind, &cluster.place, written) {
            self.take_in(|objects| objects.written(observed)).await;
        }
        let missing = || WriteError::NotFound { kind, name: resource.name().to_owned() };
        self.view().get(kind, resource.name()).cloned().ok_or_else(missing)
    }

    /// Deletes an object. It is out of the view on return.
    pub(crate) async fn delete_from_cluster(
        &self,
        cluster: &Cluster,
        kind: Kind,
        name: &str,
        options: &WriteOptions,
    ) -> Result<(), WriteError> {
        Target::new(cluster, kind, name, options).delete().await?;
        let key = Key { kind, name: name.into() };
        self.take_in(|objects| objects.deleted(&key)).await;
        Ok(())
    }
}

impl<'write> Target<'write> {
    fn new(cluster: &'write Cluster, kind: Kind, name: &'write str, options: &'write WriteOptions) -> Self {
        let api = Api::namespaced_with(cluster.client.clone(), &cluster.namespace, &api_resource(kind));
        Self { cluster, api, kind, name, options }
    }

    /// Writes, beginning again while others write the same object.
    async fn apply(&self, resource: &Resource) -> Result<DynamicObject, WriteError> {
        for _ in 0..ATTEMPTS {
            let attempt = match self.live().await? {
                Some(_) if self.options.create => return Err(self.exists()),
                Some(live) => self.replace(live, resource).await,
                None if self.options.if_match.is_some() => return Err(self.changed()),
                None => self.create(resource).await,
            };
            match attempt {
                // Somebody was faster: what is there now is looked at anew.
                Err(WriteError::Cluster(error)) if error.is(409) => {}
                // It went between the look and the write.
                Err(WriteError::Cluster(error)) if error.is(404) && !self.options.create => {}
                done => return done,
            }
        }
        Err(WriteError::Busy(self.cluster.place.join(self.kind.plural()).join(self.name)))
    }

    async fn live(&self) -> Result<Option<DynamicObject>, WriteError> {
        Ok(answer(|| self.what("read"), self.api.get_opt(self.name)).await?)
    }

    async fn create(&self, resource: &Resource) -> Result<DynamicObject, WriteError> {
        let mut object = manifest(resource);
        object["metadata"]["namespace"] = self.cluster.namespace.as_ref().into();
        let object = self.object(object)?;
        Ok(answer(|| self.what("create"), self.api.create(&parameters(), &object)).await?)
    }

    /// Changes what differs, and leaves as it is what the resource does not speak of: fields of a newer schema, terse forms,
    /// what kubectl keeps for itself.
    async fn replace(&self, live: DynamicObject, resource: &Resource) -> Result<DynamicObject, WriteError> {
        self.may_write(&live)?;
        let mut raw = shown(&live);
        let new = manifest(resource);
        let before = raw.clone();
        match Resource::from_object(self.kind, &raw) {
            Ok(old) => rebase(&mut raw, &manifest(&old), &new),
            Err(_) => raw = new,
        }
        if raw == before {
            return Ok(live);
        }
        let object = self.object(with_identity(raw, &live.metadata))?;
        Ok(answer(|| self.what("update"), self.api.replace(self.name, &parameters(), &object)).await?)
    }

    async fn delete(&self) -> Result<(), WriteError> {
        for _ in 0..ATTEMPTS {
            let live = self.live().await?.ok_or_else(|| self.missing())?;
            self.may_write(&live)?;
            // Another one of that name, or one that was edited since it was looked at, stays.
            let version = live.metadata.resource_version.filter(|_| self.options.if_match.is_some());
            let preconditions = Preconditions { uid: live.metadata.uid, resource_version: version };
            let parameters = DeleteParams { preconditions: Some(preconditions), ..DeleteParams::background() };
            match answer(|| self.what("delete"), self.api.delete(self.name, &parameters)).await {
                Ok(_) => return Ok(()),
                Err(error) if error.is(404) => return Err(self.missing()),
                Err(error) if error.is(409) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(WriteError::Busy(self.cluster.place.join(self.kind.plural()).join(self.name)))
    }

    /// Refuses where the caller has read another state, or where somebody else manages the object.
    fn may_write(&self, live: &DynamicObject) -> Result<(), WriteError> {
        let metadata = &live.metadata;
        if let Some(expected) = &self.options.if_match {
            let spec = live.data.get("spec").unwrap_or(&Value::Null);
            // Either of the two numbers that a client may have seen.
            if edition(metadata, spec) != *expected && metadata.resource_version.as_ref() != Some(expected) {
                return Err(self.changed());
            }
        }
        match managed::manager(metadata).filter(|_| !self.options.force) {
            Some(manager) => Err(WriteError::Managed { kind: self.kind, name: self.name.to_owned(), manager }),
            None => Ok(()),
        }
    }

    fn object(&self, object: Value) -> Result<DynamicObject, WriteError> {
        let unreadable = |error: serde_json::Error| WriteError::Edit {
            file: self.cluster.place.join(self.kind.plural()).join(self.name),
            message: error.to_string(),
        };
        serde_json::from_value(object).map_err(unreadable)
    }

    fn what(&self, verb: &str) -> String {
        format!("{verb} {} {:?}", self.kind, self.name)
    }

    fn exists(&self) -> WriteError {
        WriteError::Exists { kind: self.kind, name: self.name.to_owned() }
    }

    fn changed(&self) -> WriteError {
        WriteError::Changed { kind: self.kind, name: self.name.to_owned() }
    }

    fn missing(&self) -> WriteError {
        WriteError::NotFound { kind: self.kind, name: self.name.to_owned() }
    }
}

/// The part of an object that a resource speaks of.
fn shown(live: &DynamicObject) -> Value {
    let mut metadata = json!({"name": live.metadata.name});
    if let Some(labels) = live.metadata.labels.as_ref().filter(|labels| !labels.is_empty()) {
        metadata["labels"] = json!(labels);
    }
    let mut annotations = json!(live.metadata.annotations.clone().unwrap_or_default());
    if let Some(annotations) = annotations.as_object_mut() {
        annotations.shift_remove(LAST_APPLIED);
        if !annotations.is_empty() {
            metadata["annotations"] = json!(annotations);
        }
    }
    let spec = live.data.get("spec").cloned().unwrap_or_default();
    json!({"apiVersion": API_VERSION, "kind": live.types.as_ref().map(|types| &types.kind), "metadata": metadata, "spec": spec})
}

/// The object as it is to be stored: the rest of its metadata is the live one's, the resource version among it, so that a
/// write of others in between is a conflict.
fn with_identity(mut raw: Value, live: &ObjectMeta) -> Value {
    let mut metadata = live.clone();
    metadata.managed_fields = None;
    let kept = metadata.annotations.as_mut().and_then(|annotations| annotations.remove_entry(LAST_APPLIED));
    let texts = |value: &Value| serde_json::from_value(value.clone()).unwrap_or_default();
    metadata.labels = texts(&raw["metadata"]["labels"]);
    metadata.annotations = texts(&raw["metadata"]["annotations"]);
    if let Some((name, value)) = kept {
        metadata.annotations.get_or_insert_default().insert(name, value);
    }
    raw["metadata"] = json!(metadata);
    raw
}

fn parameters() -> PostParams {
    PostParams { field_manager: Some(MANAGER.to_owned()), ..PostParams::default() }
}

impl From<ClusterError> for WriteError {
    fn from(error: ClusterError) -> Self {
        Self::Cluster(error)
    }
}
