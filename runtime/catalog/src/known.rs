//! Versions of objects that the revision store holds, as far as they were needed.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde_json::{Map, Value, json};
use troupe_core::port::{Revision, RevisionStore, StoreError};
use troupe_crds::{API_VERSION, Kind, Resource};
use troupe_rules::revision;

use crate::parse::Object;

/// Hex digits of a revision's hash; people may also write the short form.
const WHOLE_HASH: usize = 64;

/// A version that the catalog lacks.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Need {
    pub(crate) kind: Kind,
    pub(crate) name: Arc<str>,
    /// A published revision; `None` = the last good one.
    pub(crate) revision: Option<String>,
}

/// What the store answered, misses included.
#[derive(Debug, Default)]
pub(crate) struct Known {
    versions: HashMap<Need, Option<Object>>,
    /// Revisions that the store holds already, so that they are not written again and again.
    saved: HashSet<(Kind, Arc<str>, Arc<str>)>,
}

impl Known {
    /// The version: `None` = not asked for yet, `Some(None)` = the store has none.
    pub(crate) fn version(&self, need: &Need) -> Option<Option<&Object>> {
        self.versions.get(need).map(Option::as_ref)
    }

    /// Asks the store for what is needed. An answer that fails counts as none and is asked for again next time.
    pub(crate) async fn fetch(&mut self, store: &dyn RevisionStore, needs: Vec<Need>) {
        for need in needs {
            match stored(store, &need).await {
                Ok(revision) => {
                    let object = revision.and_then(|revision| object(need.kind, &need.name, &revision));
                    self.versions.insert(need, object);
                }
                Err(error) => {
                    tracing::warn!(resource.kind = %need.kind, resource.name = %need.name, %error, "cannot read revisions");
                    self.versions.insert(need, None);
                }
            }
        }
    }

    /// Remembers that a version serves now, and says whether the store has to be told.
    pub(crate) fn is_new(&mut self, kind: Kind, name: &Arc<str>, revision: &Arc<str>) -> bool {
        // What was the last good version may have changed with it.
        self.versions.remove(&Need { kind, name: Arc::clone(name), revision: None });
        self.saved.insert((kind, Arc::clone(name), Arc::clone(revision)))
    }

    /// Forgets misses: a revision that was unknown may have been saved since.
    pub(crate) fn forget_misses(&mut self) {
        self.versions.retain(|_, version| version.is_some());
    }
}

/// Asks the store for one version.
pub(crate) async fn stored(store: &dyn RevisionStore, need: &Need) -> Result<Option<Revision>, StoreError> {
    match &need.revision {
        Some(hash) if hash.len() == WHOLE_HASH => store.revision(need.kind.as_str(), &need.name, hash).await,
        Some(short) => {
            let revisions = store.revisions(need.kind.as_str(), &need.name).await?;
            Ok(revisions.into_iter().find(|kept| revision::is_named(&kept.hash, short)))
        }
        None => {
            let revisions = store.revisions(need.kind.as_str(), &need.name).await?;
            Ok(revisions.into_iter().max_by_key(|revision| revision.current_at))
        }
    }
}

/// A stored spec as a resource; `None` where this version no longer understands it.
pub(crate) fn object(kind: Kind, name: &str, revision: &Revision) -> Option<Object> {
    let spec: Value = serde_json::from_str(&revision.spec).ok()?;
    let metadata: Map<String, Value> = [("name".to_owned(), Value::from(name))].into_iter().collect();
    let document = json!({"apiVersion": API_VERSION, "kind": kind.as_str(), "metadata": metadata, "spec": spec});
    let resource = Resource::from_value(document).ok()?;
    Some(Object { resource: Arc::new(resource), revision: revision.hash.as_str().into() })
}
