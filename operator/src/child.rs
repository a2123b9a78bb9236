//! Objects that the operator makes for an owner: which kinds there are, how they are marked, and what is remembered.

use std::{collections::BTreeMap, sync::Arc};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use kube::core::{ApiResource, DynamicObject};
use serde::Serialize;
use serde_json::Value;
use troupe_crds::{API_VERSION, Kind};

use crate::{namespace::Local, object};

/// The label by which everything that the operator makes is found again.
pub const MANAGED_BY: &str = "app.kubernetes.io/managed-by";

/// The value of [`MANAGED_BY`], and the field manager of every write.
pub const MANAGER: &str = "troupe-operator";

/// The label that names the owner, such as `McpServer.time`: an owner reference would delete volumes with it.
pub const OWNER: &str = "troupe.dev/owner";

/// The annotation with the fingerprint of what was applied, by which fields that are no longer wanted are noticed.
pub const APPLIED: &str = "troupe.dev/applied";

/// A kind of object that the operator makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChildKind {
    /// Who a pod is.
    ServiceAccount,
    /// Which Secrets the runtime reads.
    Role,
    /// Who has a Role.
    RoleBinding,
    /// Where data is kept.
    PersistentVolumeClaim,
    /// Where a workload is reached.
    Service,
    /// Who reaches it, and whom it reaches.
    NetworkPolicy,
    /// How many pods go at one time.
    PodDisruptionBudget,
    /// Pods with one identity.
    StatefulSet,
    /// Pods that are all alike.
    Deployment,
}

impl ChildKind {
    /// Every kind.
    pub const ALL: [Self; 9] = [
        Self::ServiceAccount,
        Self::Role,
        Self::RoleBinding,
        Self::PersistentVolumeClaim,
        Self::Service,
        Self::NetworkPolicy,
        Self::PodDisruptionBudget,
        Self::StatefulSet,
        Self::Deployment,
    ];

    /// The kind as a manifest says it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ServiceAccount => "ServiceAccount",
            Self::Role => "Role",
            Self::RoleBinding => "RoleBinding",
            Self::PersistentVolumeClaim => "PersistentVolumeClaim",
            Self::Service => "Service",
            Self::NetworkPolicy => "NetworkPolicy",
            Self::PodDisruptionBudget => "PodDisruptionBudget",
            Self::StatefulSet => "StatefulSet",
            Self::Deployment => "Deployment",
        }
    }

    /// Group, version and plural.
    pub fn api_resource(self) -> ApiResource {
        let (group, plural) = match self {
            Self::ServiceAccount => ("", "serviceaccounts"),
            Self::Role => ("rbac.authorization.k8s.io", "roles"),
            Self::RoleBinding => ("rbac.authorization.k8s.io", "rolebindings"),
            Self::PersistentVolumeClaim => ("", "persistentvolumeclaims"),
            Self::Service => ("", "services"),
            Self::NetworkPolicy => ("networking.k8s.io", "networkpolicies"),
            Self::PodDisruptionBudget => ("policy", "poddisruptionbudgets"),
            Self::StatefulSet => ("apps", "statefulsets"),
            Self::Deployment => ("apps", "deployments"),
        };
        ApiResource {
            group: group.to_owned(),
            version: "v1".to_owned(),
            api_version: if group.is_empty() { "v1".to_owned() } else { format!("{group}/v1") },
            kind: self.as_str().to_owned(),
            plural: plural.to_owned(),
        }
    }
}

/// One of them within its namespace.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChildReference {
    /// Its kind.
    pub kind: ChildKind,
    /// Its name.
    pub name: Arc<str>,
}

/// Who an object was made for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Owner {
    /// `Runtime` or `McpServer`.
    pub kind: Kind,
    /// Its name.
    pub name: Arc<str>,
}

impl Owner {
    /// The owner's key within its namespace.
    pub fn local(&self) -> Local {
        (self.kind, Arc::clone(&self.name))
    }

    /// The value of the label [`OWNER`].
    pub fn label(&self) -> String {
        format!("{}.{}", self.kind, self.name)
    }

    /// Reads the label [`OWNER`].
    pub fn from_label(label: &str) -> Option<Self> {
        let (kind, name) = label.split_once('.')?;
        let kind = kind.parse().ok().filter(|kind| matches!(kind, Kind::Runtime | Kind::McpServer))?;
        Some(Self { kind, name: Arc::from(name) })
    }
}

/// Pods of a workload, as its controller counts them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pods {
    /// Pods that there should be.
    pub wanted: u32,
    /// Pods that exist.
    pub existing: u32,
    /// Pods that are ready.
    pub ready: u32,
    /// Pods of the newest template.
    pub updated: u32,
    /// Whether the controller has seen the newest spec.
    pub observed: bool,
}

/// An object that was made, as it was observed.
#[derive(Clone, Debug, PartialEq)]
pub struct Child {
    /// Who it was made for.
    pub owner: Owner,
    /// Unique over time.
    pub uid: Box<str>,
    /// Of the last change that was seen.
    pub version: u64,
    /// Whether it is being deleted.
    pub deleting: bool,
    /// What was applied last, by fingerprint.
    pub applied: Option<Box<str>>,
    /// Its pods, if it is a workload.
    pub pods: Pods,
    /// The whole object as compact JSON, without managed fields and status.
    json: Box<[u8]>,
}

impl Child {
    /// Takes from an object what is remembered; none where it names no owner, and so is not ours.
    pub fn observe(mut object: DynamicObject) -> Option<(ChildReference, Self)> {
        let kind = object.types.as_ref().map(|types| types.kind.clone());
        let kind = ChildKind::ALL.into_iter().find(|known| Some(known.as_str()) == kind.as_deref())?;
        let owner = object.metadata.labels.as_ref()?.get(OWNER)?;
        let owner = Owner::from_label(owner)?;
        let pods = pods(&object);
        if let Value::Object(data) = &mut object.data {
            data.remove("status");
        }
        object.metadata.managed_fields = None;
        let metadata = &object.metadata;
        let reference = ChildReference { kind, name: Arc::from(metadata.name.as_deref()?) };
        let applied = metadata.annotations.as_ref().and_then(|annotations| annotations.get(APPLIED));
        let child = Self {
            owner,
            uid: metadata.uid.clone().unwrap_or_default().into(),
            version: object::version(metadata),
            deleting: metadata.deletion_timestamp.is_some(),
            applied: applied.map(|applied| applied.as_str().into()),
            pods,
            json: serde_json::to_vec(&object).ok()?.into(),
        };
        Some((reference, child))
    }

    /// The whole object, without managed fields and status.
    pub fn value(&self) -> Value {
        serde_json::from_slice(&self.json).unwrap_or_default()
    }
}

fn pods(object: &DynamicObject) -> Pods {
    let number = |path: &str| object.data.pointer(path).and_then(Value::as_u64).and_then(|it| it.try_into().ok());
    let observed = object.data.pointer("/status/observedGeneration").and_then(Value::as_i64);
    Pods {
        wanted: number("/spec/replicas").unwrap_or(1),
        existing: number("/status/replicas").unwrap_or_default(),
        ready: number("/status/readyReplicas").unwrap_or_default(),
        updated: number("/status/updatedReplicas").unwrap_or_default(),
        observed: observed.is_some() && observed >= object.metadata.generation,
    }
}

/// An object that there should be.
#[derive(Clone, Debug, PartialEq)]
pub struct Desired {
    /// Which one.
    pub reference: ChildReference,
    /// The whole object, as it is applied.
    pub value: Value,
}

/// What every object of one owner has in common.
#[derive(Clone, Debug)]
pub struct Marks {
    /// The namespace.
    pub namespace: String,
    /// The owner.
    pub owner: Owner,
    /// Its uid, for owner references.
    pub uid: String,
    /// The value of `app.kubernetes.io/name`.
    pub application: &'static str,
    /// The value of `app.kubernetes.io/version`; it is no selector.
    pub version: String,
}

impl Marks {
    /// Labels that select the pods of the owner.
    pub fn selector(&self) -> BTreeMap<String, String> {
        [("app.kubernetes.io/name", self.application), ("app.kubernetes.io/instance", &self.owner.name)]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into()
    }

    /// Labels of everything, the selector included.
    pub fn labels(&self) -> BTreeMap<String, String> {
        let mut labels = self.selector();
        labels.extend([
            ("app.kubernetes.io/part-of".to_owned(), "troupe".to_owned()),
            (MANAGED_BY.to_owned(), MANAGER.to_owned()),
            (OWNER.to_owned(), self.owner.label()),
        ]);
        labels
    }

    /// Metadata of an object that is deleted with its owner.
    pub fn metadata(&self, name: &str) -> ObjectMeta {
        ObjectMeta { owner_references: Some(vec![self.owner_reference()]), ..self.unowned(name) }
    }

    /// Metadata of an object that outlives its owner.
    pub fn unowned(&self, name: &str) -> ObjectMeta {
        ObjectMeta {
            name: Some(name.to_owned()),
            namespace: Some(self.namespace.clone()),
            labels: Some(self.labels()),
            ..ObjectMeta::default()
        }
    }

    fn owner_reference(&self) -> OwnerReference {
        OwnerReference {
            api_version: API_VERSION.to_owned(),
            kind: self.owner.kind.as_str().to_owned(),
            name: self.owner.name.to_string(),
            uid: self.uid.clone(),
            controller: Some(true),
            block_owner_deletion: None,
        }
    }
}

/// An object as JSON that could not be written. Objects of Kubernetes always can.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {kind} as JSON")]
pub struct WriteError {
    kind: &'static str,
    #[source]
    source: serde_json::Error,
}

impl Desired {
    /// Makes a typed object one to apply.
    pub fn new<T: Serialize>(kind: ChildKind, object: &T) -> Result<Self, WriteError> {
        let written = serde_json::to_value(object).map_err(|source| WriteError { kind: kind.as_str(), source })?;
        let mut value = serde_json::json!({"apiVersion": kind.api_resource().api_version, "kind": kind.as_str()});
        if let (Value::Object(value), Value::Object(fields)) = (&mut value, written) {
            value.extend(fields.into_iter().filter(|(name, _)| name != "status"));
        }
        let name = value.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
        Ok(Self { reference: ChildReference { kind, name: Arc::from(name) }, value })
    }
}
