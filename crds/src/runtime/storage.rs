//! Where a Runtime keeps data, how much work it takes, and how long it keeps what is finished.

use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::rule;
use crate::{GoDuration, reference::SecretKeyReference};

/// Where runs, sessions and memories are kept.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[x_kube(validation = rule::ONE_STORAGE)]
pub struct Storage {
    /// SQLite on a volume; one replica.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sqlite: Option<Sqlite>,
    /// PostgreSQL; any number of replicas.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub postgres: Option<Postgres>,
}

/// SQLite on a volume.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Sqlite {
    /// Size of the volume; default 5Gi.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<Quantity>,
    /// Storage class of the volume; default: the cluster's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 253))]
    pub storage_class_name: Option<String>,
}

/// PostgreSQL.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Postgres {
    /// The key of a Secret that holds the URL, such as `postgres://user:password@host/database`.
    pub url_secret_key_ref: SecretKeyReference,
}

/// Volume for the files of agents.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = rule::CLAIM_OR_SIZE)]
pub struct Workspace {
    /// Size of the volume; default 10Gi.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<Quantity>,
    /// Who may write: `ReadWriteOnce` (default), `ReadWriteMany` for several replicas, or `ReadWriteOncePod`.
    #[serde(default)]
    pub access_mode: AccessMode,
    /// Storage class of the volume; default: the cluster's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 253))]
    pub storage_class_name: Option<String>,
    /// A PersistentVolumeClaim to use instead of one of our own; default none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    pub existing_claim: Option<String>,
}

/// Who may write to a volume.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum AccessMode {
    /// Pods of one node.
    #[default]
    ReadWriteOnce,
    /// Pods of any node.
    ReadWriteMany,
    /// One pod.
    ReadWriteOncePod,
}

/// Bounds of waiting and running runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Queue {
    /// Runs that wait before a new one is answered 429; default 1000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_queued: Option<u32>,
    /// Runs that run at the same moment, per replica; default 200.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub max_running: Option<u32>,
}

/// How long finished work is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct History {
    /// Finished runs; default 720h.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runs: Option<GoDuration>,
    /// Events of finished runs; default 168h.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub events: Option<GoDuration>,
    /// Large results that no kept run refers to; default 168h.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blobs: Option<GoDuration>,
}
