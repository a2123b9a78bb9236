//! One object of the catalog: what serves of it, and why not what its file says now, where that differs.

use std::path::Path;
use std::sync::Arc;

use serde::Serialize;
use troupe_core::id::Timestamp;
use troupe_crds::condition::{ConditionType, Reason};
use troupe_crds::{Kind, Resource};

use crate::diagnostic::Diagnostic;
use crate::parse::Document;

/// Whether something holds of an object, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    /// What it is about; `Ready` is always there.
    #[serde(rename = "type", serialize_with = "as_text")]
    pub type_: ConditionType,
    /// Whether it holds.
    pub status: bool,
    /// Why.
    #[serde(serialize_with = "as_text")]
    pub reason: Reason,
    /// What to do, for people; empty where nothing is to be done.
    pub message: String,
}

fn as_text<T: std::fmt::Display, S: serde::Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

/// One object of the catalog.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its kind.
    pub kind: Kind,
    /// Its name.
    pub name: Arc<str>,
    /// The id under which the HTTP API knows it; the name unless an annotation says otherwise.
    pub id: Arc<str>,
    /// What serves: the newest valid version, the published one, or the last good one. `None` = nothing does.
    pub resource: Option<Arc<Resource>>,
    /// What the file says now, where that is valid in itself.
    pub newest: Option<Arc<Resource>>,
    /// The revision of [`Entry::resource`].
    pub serving_revision: Option<Arc<str>>,
    /// The revision of [`Entry::newest`]: the draft, where it differs from what serves.
    pub newest_revision: Option<Arc<str>>,
    /// Changes with every edit of the document; what `If-Match` is compared with.
    pub resource_version: String,
    /// The file that holds it; `namespace/<name>` for an object of a cluster.
    pub file: Arc<Path>,
    /// The line of the document's first byte, from 1; 0 for an object of a cluster.
    pub line: usize,
    /// The GitOps tool, or Helm, that an object of a cluster belongs to, in words such as `Helm release "shop"`: a write
    /// needs [`crate::WriteOptions::force`].
    pub managed_by: Option<Arc<str>>,
    /// When an object of a cluster was last changed, in microseconds since 1970; a file's own time is its file's.
    pub changed_at: Option<Timestamp>,
    /// Conditions, `Ready` first.
    pub conditions: Vec<Condition>,
    /// What it was made of.
    pub(crate) document: Arc<Document>,
    /// What the view's diagnostics say of it, beyond the document's own.
    pub(crate) diagnostic: Option<Diagnostic>,
}

impl Entry {
    /// The `Ready` condition.
    pub fn ready(&self) -> Option<&Condition> {
        self.conditions.iter().find(|condition| condition.type_ == ConditionType::Ready)
    }

    /// Whether nothing that people see of it differs.
    pub(crate) fn shows_the_same(&self, other: &Self) -> bool {
        let shown = |entry: &Self| {
            (entry.id.clone(), entry.resource_version.clone(), entry.file.clone(), entry.line, entry.conditions.clone())
        };
        let versions = |entry: &Self| (entry.serving_revision.clone(), entry.newest_revision.clone());
        shown(self) == shown(other) && versions(self) == versions(other)
    }

    /// Whether the file's newest text serves.
    pub fn is_ready(&self) -> bool {
        self.ready().is_some_and(|ready| ready.status)
    }
}
