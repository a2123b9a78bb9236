//! Writes of the HTTP API: edits of the files, made so that nobody's work is lost.
//!
//! A write goes to the last folder. The file is read, the object's document in it is edited, and the new text is put
//! beside it; it replaces the file only if that is still what was read, else everything begins again. So an editor's
//! save and a write may race, and both count.

mod target;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Value, json};
use troupe_crds::{API_VERSION, Kind, Resource};
use troupe_rules::Violation;

use crate::catalog::{Catalog, State};
use crate::check;
use crate::cluster::ClusterError;
use crate::edit::EditError;
use crate::entry::Entry;
use crate::files::Seen;

use target::{Outcome, Target};

/// How often a write begins again when the file changes under it.
pub(crate) const ATTEMPTS: usize = 8;

/// Conditions of a write.
#[derive(Clone, Debug, Default)]
pub struct WriteOptions {
    /// The [`Entry::resource_version`] that the object must still have.
    pub if_match: Option<String>,
    /// The object must not be there yet.
    pub create: bool,
    /// It is written also where a GitOps tool or Helm manages it, whose next run may undo the write.
    pub force: bool,
}

/// Why a write was not made.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The resource breaks rules; each with its path.
    #[error("the resource is not valid: {}", listed(.0))]
    Invalid(Vec<Violation>),
    /// Secrets are written by [`Catalog::set_secret`].
    #[error("a Secret is not written into a folder: set its keys one by one")]
    Secret,
    /// The object is there already.
    #[error("{kind} {name:?} is there already")]
    Exists {
        /// Its kind.
        kind: Kind,
        /// Its name.
        name: String,
    },
    /// There is no such object.
    #[error("there is no {kind} {name:?}")]
    NotFound {
        /// Its kind.
        kind: Kind,
        /// Its name.
        name: String,
    },
    /// Another object answers by that id.
    #[error("{kind} {owner:?} has the id {id:?} already")]
    DuplicateId {
        /// The kind.
        kind: Kind,
        /// Who has it.
        owner: String,
        /// The id.
        id: String,
    },
    /// The object changed since the caller read it.
    #[error("{kind} {name:?} was changed meanwhile: read it again")]
    Changed {
        /// Its kind.
        kind: Kind,
        /// Its name.
        name: String,
    },
    /// An earlier folder defines the object too: deleting it here would bring that one back.
    #[error("{kind} {name:?} is also defined in {file}: delete it there, since only the last folder is written to")]
    DefinedEarlier {
        /// Its kind.
        kind: Kind,
        /// Its name.
        name: String,
        /// The file.
        file: PathBuf,
    },
    /// A GitOps tool or Helm manages the object: its next run would undo the write.
    #[error("{kind} {name:?} is managed by {manager}: change it where that takes it from, or force the write")]
    Managed {
        /// Its kind.
        kind: Kind,
        /// Its name.
        name: String,
        /// The tool in words.
        manager: Arc<str>,
    },
    /// The API server did not take it.
    #[error(transparent)]
    Cluster(ClusterError),
    /// There is no folder to write to.
    #[error("there is no folder to write to: start with a directory")]
    NoFolder,
    /// The file kept changing.
    #[error("{0} keeps changing: try again")]
    Busy(PathBuf),
    /// The document cannot be edited.
    #[error("cannot edit {file}: {message}")]
    Edit {
        /// The file.
        file: PathBuf,
        /// Why.
        message: String,
    },
    /// The file system refused.
    #[error("cannot write {file}")]
    File {
        /// The file.
        file: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

fn listed(violations: &[Violation]) -> String {
    violations.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

impl Catalog {
    /// Creates an object or makes it what `resource` says; labels, annotations and spec count, `status` does not. The
    /// result is in [`Catalog::view`] on return.
    ///
    /// # Errors
    /// When the resource breaks a rule, a condition of `options` does not hold, a GitOps tool manages the object, or the
    /// file, or the API server, does not take it.
    pub async fn apply(&self, resource: Resource, options: WriteOptions) -> Result<Arc<Entry>, WriteError> {
        let kind = resource.kind().ok_or(WriteError::Secret)?;
        let violations = check::violations(&resource);
        if !violations.is_empty() {
            return Err(WriteError::Invalid(violations));
        }
        if let Some(cluster) = self.cluster() {
            return self.apply_to_cluster(cluster, kind, &resource, &options).await;
        }
        let mut state = self.shared.state.lock().await;
        // What a person saved a moment ago counts, seen or not.
        self.reload_with(&mut state, &Seen::everything()).await;
        self.check_conditions(kind, &resource, &options)?;
        let name = resource.name().to_owned();
        let target = Target::of(state.files()?, kind, &name)?;
        let file = target.file().to_owned();
        blocking(move || {
            target.change(|says| Ok(Outcome::Write(wanted(&resource, says))), options.if_match.as_deref())
        })
        .await?;
        self.written(&mut state, &Seen::at(file), kind, &name).await.ok_or(WriteError::NotFound { kind, name })
    }

    /// Takes an object out of its file; the file goes with its last document.
    ///
    /// # Errors
    /// When there is no such object, an earlier folder defines it too, `if_match` does not hold, or the file cannot be
    /// written.
    pub async fn delete(&self, kind: Kind, name: &str, options: WriteOptions) -> Result<(), WriteError> {
        if let Some(cluster) = self.cluster() {
            return self.delete_from_cluster(cluster, kind, name, &options).await;
        }
        let mut state = self.shared.state.lock().await;
        self.reload_with(&mut state, &Seen::everything()).await;
        let missing = || WriteError::NotFound { kind, name: name.to_owned() };
        let view = self.view();
        view.get(kind, name).ok_or_else(missing)?;
        let target = Target::of(state.files()?, kind, name)?;
        if let Some(file) = target.earlier.clone() {
            return Err(WriteError::DefinedEarlier { kind, name: name.to_owned(), file });
        }
        let file = target.file().to_owned();
        blocking(move || target.change(|_| Ok(Outcome::Remove), options.if_match.as_deref())).await?;
        self.written(&mut state, &Seen::at(file), kind, name).await;
        Ok(())
    }

    pub(crate) fn check_conditions(
        &self,
        kind: Kind,
        resource: &Resource,
        options: &WriteOptions,
    ) -> Result<(), WriteError> {
        let view = self.view();
        let name = resource.name();
        let present = view.get(kind, name);
        if options.create && present.is_some() {
            return Err(WriteError::Exists { kind, name: name.to_owned() });
        }
        let changed = || WriteError::Changed { kind, name: name.to_owned() };
        if let Some(version) = &options.if_match
            && present.is_none_or(|entry| entry.resource_version != *version)
        {
            return Err(changed());
        }
        let id = resource.id();
        match view.list(kind).find(|entry| *entry.id == *id && *entry.name != *name) {
            Some(owner) => {
                Err(WriteError::DuplicateId { kind, owner: owner.name.as_ref().to_owned(), id: id.to_owned() })
            }
            None => Ok(()),
        }
    }

    async fn written(&self, state: &mut State, seen: &Seen, kind: Kind, name: &str) -> Option<Arc<Entry>> {
        self.reload_with(state, seen).await;
        self.view().get(kind, name).cloned()
    }
}

/// What the document shall say, given what it says: what the resource does not speak of (its namespace, terse forms,
/// defaults left out) stays as a person wrote it.
fn wanted(resource: &Resource, says: Option<&Value>) -> Value {
    let new = manifest(resource);
    let Some(says) = says else { return new };
    let Ok(old) = Resource::from_value(says.clone()) else { return new };
    let mut raw = says.clone();
    crate::edit::rebase(&mut raw, &manifest(&old), &new);
    raw
}

/// An object as a manifest: name, labels, annotations and spec.
pub(crate) fn manifest(resource: &Resource) -> Value {
    let metadata = resource.metadata();
    let mut kept = json!({"name": resource.name()});
    if let Some(labels) = metadata.labels.as_ref().filter(|labels| !labels.is_empty()) {
        kept["labels"] = json!(labels);
    }
    if let Some(annotations) = metadata.annotations.as_ref().filter(|annotations| !annotations.is_empty()) {
        kept["annotations"] = json!(annotations);
    }
    json!({
        "apiVersion": API_VERSION,
        "kind": resource.kind_name(),
        "metadata": kept,
        "spec": check::spec(resource),
    })
}

impl WriteError {
    fn edit(file: &std::path::Path, error: &EditError) -> Self {
        Self::Edit { file: file.to_owned(), message: error.to_string() }
    }
}

/// Disk work belongs on a thread that may wait.
async fn blocking(work: impl FnOnce() -> Result<(), WriteError> + Send + 'static) -> Result<(), WriteError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => Err(WriteError::File { file: PathBuf::new(), source: io::Error::other(error) }),
    }
}
