//! Versions of objects that the revision store holds, as far as they were needed.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Map, Value, json};
use troupe_core::port::{Revision, RevisionStore, StoreError};
use troupe_crds::{API_VERSION, Kind, Resource};
use troupe_rules::revision;

use crate::parse::Object;
use crate::place::{self, Place};

pub(crate) use crate::place::PlacedObject;

/// Hex digits of a revision's hash; people may also write the short form.
const WHOLE_HASH: usize = 64;

/// Objects of a kind from which one question about all of them is cheaper than one about each.
const MANY: usize = 64;

/// A version that the catalog lacks.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Need {
    pub(crate) kind: Kind,
    pub(crate) name: Arc<str>,
    /// A published revision; `None` = the last good one.
    pub(crate) revision: Option<String>,
}

/// What is known of a version.
pub(crate) enum Answer<'known> {
    /// The store was not asked yet.
    NotAsked,
    /// The store has none.
    None,
    /// The version.
    Kept(&'known Object),
}

/// What the store answered, misses included.
#[derive(Debug, Default)]
pub(crate) struct Known {
    versions: HashMap<Need, Option<Object>>,
    failed: Vec<Need>,
    /// What was in files that do not tell it any more.
    places: HashMap<Arc<Path>, Vec<PlacedObject>>,
}

impl Known {
    /// What is known of a version.
    pub(crate) fn version(&self, need: &Need) -> Answer<'_> {
        match self.versions.get(need) {
            None => Answer::NotAsked,
            Some(None) => Answer::None,
            Some(Some(object)) => Answer::Kept(object),
        }
    }

    /// Asks the store for what is needed. An answer that fails counts as none until [`Known::retry_failed`].
    pub(crate) async fn fetch(&mut self, store: &dyn RevisionStore, needs: Vec<Need>) {
        let mut lacking: HashMap<Kind, usize> = HashMap::new();
        for need in needs.iter().filter(|need| need.revision.is_none()) {
            *lacking.entry(need.kind).or_default() += 1;
        }
        let mut whole: HashMap<Kind, HashMap<String, Revision>> = HashMap::new();
        for (kind, _) in lacking.into_iter().filter(|(_, count)| *count >= MANY) {
            match store.last_good(kind.as_str()).await {
                Ok(all) => drop(whole.insert(kind, all.into_iter().map(|row| (row.name.clone(), row)).collect())),
                Err(error) => tracing::warn!(resource.kind = %kind, %error, "cannot read revisions"),
            }
        }
        for need in needs {
            let answer = match whole.get(&need.kind).filter(|_| need.revision.is_none()) {
                Some(all) => Ok(all.get(&*need.name).cloned()),
                None => stored(store, &need).await,
            };
            let revision = answer.unwrap_or_else(|error| {
                tracing::warn!(resource.kind = %need.kind, resource.name = %need.name, %error, "cannot read revisions");
                self.failed.push(need.clone());
                None
            });
            let object = revision.and_then(|revision| object(need.kind, &need.name, &revision));
            self.versions.insert(need, object);
        }
    }

    /// What was in a file that does not tell it any more; `None` = the store was not asked yet.
    pub(crate) fn placed(&self, file: &Path) -> Option<&[PlacedObject]> {
        self.places.get(file).map(Vec::as_slice)
    }

    /// Asks the store what was in files.
    pub(crate) async fn fetch_places(&mut self, store: &dyn RevisionStore, files: Vec<Arc<Path>>) {
        for file in files {
            match store.revisions(place::KIND, &Place::name(&file)).await {
                Ok(rows) => {
                    let newest = rows.iter().max_by_key(|row| row.current_at);
                    drop(self.places.insert(file, newest.map(place::objects).unwrap_or_default()));
                }
                Err(error) => tracing::warn!(file = %file.display(), %error, "cannot read what was in a file"),
            }
        }
    }

    /// Forgets what a newly valid version changes: it is the last good one now, and a revision that was unknown may be
    /// this one.
    pub(crate) fn outdated(&mut self, kind: Kind, name: &str) {
        self.versions.retain(|need, version| {
            need.kind != kind || *need.name != *name || (need.revision.is_some() && version.is_some())
        });
    }

    /// Forgets answers that failed, so that they are asked for again.
    pub(crate) fn retry_failed(&mut self) {
        for need in self.failed.drain(..) {
            self.versions.remove(&need);
        }
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
