//! What is remembered of an observed object: its identity, its facts, and the status that it has.
//!
//! Specs are not kept, but for the two kinds that become workloads: ten thousand agents with long prompts would fill
//! the memory with texts that the operator never reads again.

use std::panic::{AssertUnwindSafe, catch_unwind};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, ObjectMeta};
use kube::core::DynamicObject;
use serde::de::DeserializeOwned;
use serde_json::Value;
use troupe_crds::{
    Agent, GROUP, Kind, McpServer, Model, PromptTemplate, Resource, Runtime, Team, Tool, VERSION, Workflow,
    mcp_server::DiscoveredTool,
};

use crate::{facts::Facts, fingerprint::fingerprint};

/// Identity of an object, and what of its metadata decides anything.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Identity {
    /// Unique over time, unlike the name.
    pub uid: Box<str>,
    /// Of the last change that was seen; numbers grow, as Kubernetes promises since 1.35.
    pub resource_version: u64,
    /// Of the spec.
    pub generation: Option<i64>,
    /// When it was made.
    pub created: Option<k8s_openapi::apimachinery::pkg::apis::meta::v1::Time>,
    /// Whether it is being deleted.
    pub deleting: bool,
    /// The id in the HTTP API.
    pub id: Box<str>,
}

/// The part of a status that decides whether a new one must be written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ObservedStatus {
    /// Every condition, the runtime's too.
    pub conditions: Vec<Condition>,
    /// Hash of the newest valid spec, as it was written last.
    pub current_revision: Option<Box<str>>,
    /// Fingerprint of the fields that the operator owns, beside conditions.
    pub fields: u64,
    /// Names of the tools of an McpServer, which the runtime writes.
    pub discovered: Box<[Box<str>]>,
}

/// An observed object.
#[derive(Clone, Debug)]
pub struct Object {
    /// Who it is.
    pub identity: Identity,
    /// What its spec says; a message where it cannot be read.
    pub content: Result<Facts, Box<str>>,
    /// Its status.
    pub status: ObservedStatus,
}

/// Fields of a status, beside conditions, that the operator writes. Others belong to the runtime.
pub const OWNED_FIELDS: [&str; 12] = [
    "observedGeneration",
    "currentRevision",
    "publishedRevision",
    "url",
    "model",
    "placeholders",
    "type",
    "nodeCount",
    "replicas",
    "readyReplicas",
    "selector",
    "version",
];

/// Whether the operator writes a field of a status of this kind. `tools` is an Agent's own list, and what the runtime
/// discovered of an McpServer.
pub fn is_owned(kind: Kind, field: &str) -> bool {
    OWNED_FIELDS.contains(&field) || (kind == Kind::Agent && field == "tools")
}

impl Object {
    /// Takes from an object what is remembered. Nothing in a hostile object stops this: what cannot be read, and what
    /// makes a check panic, is remembered as such.
    pub fn observe(kind: Kind, object: DynamicObject) -> Self {
        let DynamicObject { metadata, data, .. } = object;
        let identity = identity(&metadata);
        let status = catch_unwind(AssertUnwindSafe(|| observed_status(kind, data.get("status")))).unwrap_or_default();
        let content = catch_unwind(AssertUnwindSafe(|| content(kind, metadata, data)))
            .unwrap_or_else(|_| Err("spec: checking it failed within the operator: report its manifest".into()));
        Self { identity, content, status }
    }
}

fn identity(metadata: &ObjectMeta) -> Identity {
    Identity {
        uid: metadata.uid.clone().unwrap_or_default().into(),
        resource_version: version(metadata),
        generation: metadata.generation,
        created: metadata.creation_timestamp.clone(),
        deleting: metadata.deletion_timestamp.is_some(),
        id: troupe_crds::id::id(metadata).into(),
    }
}

/// The resource version as the number that it is; zero where it is none, which counts as older than any.
pub fn version(metadata: &ObjectMeta) -> u64 {
    metadata.resource_version.as_deref().and_then(|version| version.parse().ok()).unwrap_or_default()
}

fn observed_status(kind: Kind, status: Option<&Value>) -> ObservedStatus {
    let Some(Value::Object(status)) = status else { return ObservedStatus::default() };
    let conditions = status.get("conditions").cloned().unwrap_or_default();
    // Each by itself, so that one that somebody else wrote wrongly does not hide the others.
    let conditions = conditions.as_array().into_iter().flatten();
    let conditions = conditions.filter_map(|condition| serde_json::from_value(condition.clone()).ok()).collect();
    let discovered = status.get("tools").filter(|_| kind == Kind::McpServer).cloned().unwrap_or_default();
    let discovered: Vec<DiscoveredTool> = serde_json::from_value(discovered).unwrap_or_default();
    ObservedStatus {
        conditions,
        current_revision: status.get("currentRevision").and_then(Value::as_str).map(Into::into),
        fields: fingerprint(status.iter().filter(|(name, _)| is_owned(kind, name))),
        discovered: discovered.into_iter().map(|tool| tool.name.into()).collect(),
    }
}

fn content(kind: Kind, metadata: ObjectMeta, mut data: Value) -> Result<Facts, Box<str>> {
    let spec = data.get_mut("spec").map(Value::take).unwrap_or_default();
    let metadata = ObjectMeta {
        name: metadata.name,
        namespace: metadata.namespace,
        annotations: metadata.annotations.map(|mut annotations| {
            annotations.retain(|name, _| name == troupe_crds::id::ID_ANNOTATION);
            annotations
        }),
        creation_timestamp: metadata.creation_timestamp,
        ..ObjectMeta::default()
    };
    let resource = match kind {
        Kind::Model => Model { metadata, spec: parse(spec)?, status: None }.into(),
        Kind::Tool => Tool { metadata, spec: parse(spec)?, status: None }.into(),
        Kind::McpServer => McpServer { metadata, spec: parse(spec)?, status: None }.into(),
        Kind::PromptTemplate => PromptTemplate { metadata, spec: parse(spec)?, status: None }.into(),
        Kind::Agent => Agent { metadata, spec: parse(spec)?, status: None }.into(),
        Kind::Team => Team { metadata, spec: parse(spec)?, status: None }.into(),
        Kind::Workflow => Workflow { metadata, spec: parse(spec)?, status: None }.into(),
        Kind::Runtime => Runtime { metadata, spec: parse(spec)?, status: None }.into(),
    };
    let resource: Resource = resource;
    Ok(Facts::of(resource))
}

fn parse<T: DeserializeOwned>(spec: Value) -> Result<T, Box<str>> {
    serde_path_to_error::deserialize(spec).map_err(|error| {
        let path = error.path().to_string();
        let path = if path == "." { String::new() } else { format!(".{path}") };
        format!("spec{path}: {}", expected(&error.into_inner().to_string())).into()
    })
}

/// Serde's message without the value that stands there: somebody may have written a key where a reference belongs.
fn expected(message: &str) -> String {
    let wrong = message.starts_with("invalid type") || message.starts_with("invalid value");
    match message.rsplit_once(", expected ") {
        Some((_, expected)) if wrong => format!("this is not what belongs here: write {expected}"),
        _ => message.to_owned(),
    }
}

/// The dynamic type of one of our kinds.
pub fn api_resource(kind: Kind) -> kube::core::ApiResource {
    kube::core::ApiResource {
        group: GROUP.to_owned(),
        version: VERSION.to_owned(),
        api_version: troupe_crds::API_VERSION.to_owned(),
        kind: kind.as_str().to_owned(),
        plural: kind.plural().to_owned(),
    }
}
