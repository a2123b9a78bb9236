//! An object of the API server as a document: read without its type first, so that one that cannot be read is a document
//! with findings and never ends a watch. Managed fields and the status are not kept.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, ObjectMeta};
use kube::core::{ApiResource, DynamicObject};
use serde_json::{Map, Value, json};
use troupe_crds::condition::{ConditionStatus, ConditionType};
use troupe_crds::{API_VERSION, GROUP, Kind, Resource, VERSION};

use super::managed;
use crate::check;
use crate::diagnostic::{Diagnostic, Severity};
use crate::parse::{Content, Document, Object, version};

/// What kubectl keeps for itself: a second copy of the object, which nobody here reads.
pub(super) const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// The conditions that this runtime writes.
pub(super) const OWN_CONDITIONS: [ConditionType; 5] = [
    ConditionType::SecretsResolved,
    ConditionType::Reachable,
    ConditionType::Discovered,
    ConditionType::RevisionResolved,
    ConditionType::SandboxReady,
];

/// An object as it was observed.
#[derive(Debug)]
pub(super) struct Observed {
    pub(super) kind: Kind,
    pub(super) name: Arc<str>,
    pub(super) document: Arc<Document>,
    pub(super) meta: Meta,
}

/// What is kept of an object beside its document.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Meta {
    /// Unique over time, unlike the name.
    pub(super) uid: Box<str>,
    /// Of the last change that was seen. Numbers grow, as Kubernetes promises since 1.35.
    pub(super) version: u64,
    /// Of the spec.
    pub(super) generation: Option<i64>,
    /// What this runtime, or another replica of it, has written into the status.
    pub(super) said: Said,
    /// Whether the workload that the operator made of it has pods; none where the operator says nothing of any.
    pub(super) available: Option<bool>,
}

/// The runtime's part of a status.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Said {
    /// Its conditions.
    pub(super) conditions: Vec<Condition>,
    /// Its other fields: what was discovered of an McpServer.
    pub(super) fields: Map<String, Value>,
}

/// Fields of an McpServer's status that are the runtime's.
pub(super) const DISCOVERED_FIELDS: [&str; 4] = ["protocolVersion", "serverInfo", "tools", "toolCount"];

/// Reads an object; `None` for one without a name, which no API server gives.
pub(super) fn observe(kind: Kind, place: &Arc<Path>, object: DynamicObject) -> Option<Observed> {
    let DynamicObject { metadata, mut data, .. } = object;
    let name: Arc<str> = metadata.name.as_deref()?.into();
    let status = data.get_mut("status").map(Value::take).unwrap_or_default();
    let available = available(&status);
    let said = said(kind, status);
    let meta = Meta {
        uid: metadata.uid.clone().unwrap_or_default().into(),
        version: resource_version(&metadata),
        generation: metadata.generation,
        said,
        available,
    };
    let spec = data.get_mut("spec").map(Value::take).unwrap_or_default();
    let document = document(kind, place, &name, &metadata, &spec);
    Some(Observed { kind, name, document: Arc::new(document), meta })
}

/// The resource version as the number that it is; zero where it is none, which counts as older than any.
pub(super) fn resource_version(metadata: &ObjectMeta) -> u64 {
    metadata.resource_version.as_deref().and_then(|version| version.parse().ok()).unwrap_or_default()
}

/// What an edit changes, as a short hash: not the resource version, which every write of a status changes too.
pub(super) fn edition(metadata: &ObjectMeta, spec: &Value) -> String {
    let annotations = shown_annotations(metadata);
    // A generation is a number for a spec, and shorter to hash.
    let content = metadata.generation.map_or_else(|| spec.clone(), Value::from);
    let uid = &metadata.uid;
    version(&json!([uid, content, metadata.labels, annotations, managed::manager(metadata).as_deref()]).to_string())
}

fn shown_annotations(metadata: &ObjectMeta) -> Map<String, Value> {
    let shown = metadata.annotations.iter().flatten().filter(|(name, _)| *name != LAST_APPLIED);
    shown.map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect()
}

fn document(kind: Kind, place: &Arc<Path>, name: &Arc<str>, metadata: &ObjectMeta, spec: &Value) -> Document {
    let edition = edition(metadata, spec);
    let read = catch_unwind(AssertUnwindSafe(|| read(kind, metadata, spec)));
    let failed = || vec![(String::new(), "checking it failed within the runtime: report its manifest".to_owned())];
    let content = match read.unwrap_or_else(|_| Err(failed())) {
        Ok(object) => Content::Good(object),
        Err(findings) => {
            let finding = |(path, message)| Diagnostic {
                file: Arc::clone(place),
                line: 0,
                column: None,
                kind: Some(kind.to_string()),
                name: Some(name.as_ref().to_owned()),
                path,
                message,
                severity: Severity::Error,
            };
            Content::Broken(findings.into_iter().map(finding).collect())
        }
    };
    Document {
        file: Arc::clone(place),
        line: 0,
        version: edition,
        kind: Some(kind),
        name: Some(Arc::clone(name)),
        managed_by: managed::manager(metadata),
        changed_at: managed::changed_at(metadata),
        content,
    }
}

/// A resource that is valid in itself, or what is wrong with which fields.
fn read(kind: Kind, metadata: &ObjectMeta, spec: &Value) -> Result<Object, Vec<(String, String)>> {
    let metadata = json!({
        "name": metadata.name,
        "uid": metadata.uid,
        "creationTimestamp": metadata.creation_timestamp,
        "generation": metadata.generation,
        "labels": metadata.labels,
        "annotations": shown_annotations(metadata),
    });
    let object = json!({"metadata": metadata, "spec": spec});
    let resource = Resource::from_object(kind, &object)
        .map_err(|error| error.fields().into_iter().map(|field| (field.path, field.message)).collect::<Vec<_>>())?;
    let violations = check::violations(&resource);
    if !violations.is_empty() {
        return Err(violations.into_iter().map(|violation| (violation.path, violation.message)).collect());
    }
    Ok(Object { revision: check::revision(&resource).into(), resource: Arc::new(resource) })
}

fn available(status: &Value) -> Option<bool> {
    let conditions = status.get("conditions")?.as_array()?;
    let of = |condition: &&Value| condition["type"] == ConditionType::Available.as_str();
    Some(conditions.iter().find(of)?["status"] == ConditionStatus::True.as_str())
}

fn said(kind: Kind, status: Value) -> Said {
    let Value::Object(mut status) = status else { return Said::default() };
    let conditions = status.get_mut("conditions").map(Value::take);
    // Each by itself, so that one that somebody wrote wrongly does not hide the others.
    let conditions = conditions.as_ref().and_then(Value::as_array).into_iter().flatten();
    let conditions = conditions.filter_map(|condition| serde_json::from_value::<Condition>(condition.clone()).ok());
    let own = |condition: &Condition| OWN_CONDITIONS.iter().any(|own| own.as_str() == condition.type_);
    status.retain(|name, _| kind == Kind::McpServer && DISCOVERED_FIELDS.contains(&name.as_str()));
    Said { conditions: conditions.filter(own).collect(), fields: status }
}

/// The dynamic type of one of our kinds.
pub(super) fn api_resource(kind: Kind) -> ApiResource {
    ApiResource {
        group: GROUP.to_owned(),
        version: VERSION.to_owned(),
        api_version: API_VERSION.to_owned(),
        kind: kind.as_str().to_owned(),
        plural: kind.plural().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(value: Value) -> Observed {
        let place: Arc<Path> = Path::new("namespace/team-a").into();
        observe(Kind::PromptTemplate, &place, serde_json::from_value(value).unwrap()).unwrap()
    }

    fn template(spec: &Value) -> Value {
        json!({"apiVersion": API_VERSION, "kind": "PromptTemplate", "spec": spec, "metadata": {
            "name": "a", "uid": "u", "resourceVersion": "17", "generation": 3,
            "annotations": {"troupe.dev/id": "A", (LAST_APPLIED): "{}"}}})
    }

    #[test]
    fn what_cannot_be_read_is_a_document_with_a_finding() {
        let observed = object(template(&json!({"content": {"not": "a text"}})));
        let Content::Broken(findings) = &observed.document.content else { panic!("{observed:?}") };
        assert_eq!(
            findings[0].to_string(),
            "namespace/team-a: error: PromptTemplate \"a\": spec.content: a mapping stands here: write a text, in quotes"
        );
    }

    #[test]
    fn unknown_fields_are_no_mistake_and_what_nobody_reads_is_not_kept() {
        let observed = object(template(&json!({"content": "hi", "new": 1})));
        let Content::Good(read) = &observed.document.content else { panic!("{observed:?}") };
        assert_eq!((read.resource.id(), observed.meta.version), ("A", 17));
        assert_eq!(read.resource.metadata().annotations.as_ref().unwrap().len(), 1);
    }

    #[test]
    fn a_status_is_no_edit_and_a_label_is() {
        let mut value = template(&json!({"content": "hi"}));
        let before = object(value.clone()).document.version.clone();
        value["status"] = json!({"conditions": [
            {"type": "Ready", "status": "True", "reason": "Valid", "message": "", "lastTransitionTime": "2026-01-01T00:00:00Z"},
            {"type": "RevisionResolved", "status": "True", "reason": "R", "message": "", "lastTransitionTime": "2026-01-01T00:00:00Z"},
            {"type": 7}]});
        value["metadata"]["resourceVersion"] = "18".into();
        let observed = object(value.clone());
        assert_eq!(observed.document.version, before);
        let own: Vec<&str> = observed.meta.said.conditions.iter().map(|condition| condition.type_.as_str()).collect();
        assert_eq!(own, ["RevisionResolved"]);
        value["metadata"]["labels"] = json!({"a": "b"});
        assert_ne!(object(value).document.version, before);
    }
}
