//! Objects whose file does not tell any more which objects it holds: none of them is gone, so the last good version of
//! each keeps serving. Within a process the previous view knows which they were, after a restart the revision store.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use troupe_crds::Kind;

use super::decide;
use crate::candidate::Candidates;
use crate::entry::Entry;
use crate::known::{Answer, Known, Need, PlacedObject};
use crate::parse::{Content, Document};
use crate::view::View;

/// What is lost.
#[derive(Default)]
pub(super) struct Lost {
    /// As entries that serve what was good last.
    pub(super) objects: BTreeMap<Kind, BTreeMap<Arc<str>, Entry>>,
    /// Files of which the store must be asked.
    pub(super) unplaced: Vec<Arc<Path>>,
}

impl Lost {
    pub(super) fn find(
        candidates: &Candidates,
        known: &Known,
        previous: Option<&View>,
        needs: &mut HashSet<Need>,
    ) -> Self {
        let mut lost = Self::default();
        if candidates.unnamed.is_empty() {
            return lost;
        }
        match previous {
            Some(view) => lost.add_of_view(candidates, view),
            None => lost.add_of_store(candidates, known, needs),
        }
        lost
    }

    fn add_of_view(&mut self, candidates: &Candidates, view: &View) {
        for (kind, section) in &view.sections {
            for (name, entry) in &section.by_name {
                if candidates.unnamed.contains_key(&entry.file) && !is_named(candidates, *kind, name) {
                    self.add(Entry::clone(entry));
                }
            }
        }
    }

    fn add_of_store(&mut self, candidates: &Candidates, known: &Known, needs: &mut HashSet<Need>) {
        for (file, document) in &candidates.unnamed {
            let Some(objects) = known.placed(file) else {
                self.unplaced.push(Arc::clone(file));
                continue;
            };
            for object in objects.iter().filter(|object| !is_named(candidates, object.kind, &object.name)) {
                let need = Need { kind: object.kind, name: Arc::clone(&object.name), revision: None };
                match known.version(&need) {
                    Answer::Kept(good) => {
                        let document = document.clone().unwrap_or_else(|| unread(file));
                        self.add(stored(object, good, document));
                    }
                    Answer::None => {}
                    Answer::NotAsked => drop(needs.insert(need)),
                }
            }
        }
    }

    fn add(&mut self, mut entry: Entry) {
        decide::keep_unreadable(&mut entry);
        self.objects.entry(entry.kind).or_default().insert(Arc::clone(&entry.name), entry);
    }
}

fn is_named(candidates: &Candidates, kind: Kind, name: &str) -> bool {
    candidates.objects.get(&kind).is_some_and(|objects| objects.contains_key(name))
}

fn stored(object: &PlacedObject, good: &crate::parse::Object, document: Arc<Document>) -> Entry {
    Entry {
        kind: object.kind,
        name: Arc::clone(&object.name),
        id: Arc::clone(&object.id),
        resource: Some(Arc::clone(&good.resource)),
        newest: None,
        serving_revision: Some(Arc::clone(&good.revision)),
        newest_revision: None,
        resource_version: document.version.clone(),
        file: Arc::clone(&document.file),
        line: document.line,
        managed_by: document.managed_by.clone(),
        changed_at: document.changed_at,
        conditions: Vec::new(),
        document,
        diagnostic: None,
    }
}

/// A file of which nothing could be read.
fn unread(file: &Arc<Path>) -> Arc<Document> {
    let content = Content::Broken(Vec::new());
    let (kind, name, managed_by, changed_at) = (None, None, None, None);
    let (file, version) = (Arc::clone(file), String::new());
    Arc::new(Document { file, line: 1, version, kind, name, managed_by, changed_at, content })
}
