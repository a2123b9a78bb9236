//! The objects of a namespace as they were observed last, sorted as candidates for the view.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use troupe_crds::Kind;

use super::Key;
use super::object::{Meta, Observed};
use crate::candidate::{Candidate, Candidates};
use crate::parse::Content;

/// What a watch tells.
#[derive(Debug)]
pub(super) enum Event {
    /// A watch of a kind begins from the start: every object will be listed.
    Begins(Kind),
    /// An object of that list.
    Listed(Box<Observed>),
    /// The list is complete: what it lacks is gone.
    Complete(Kind),
    /// An object came or changed.
    Changed(Box<Observed>),
    /// An object went.
    Gone {
        /// Kind and name.
        key: Key,
        /// Which one of that name; one made anew meanwhile stays.
        uid: Box<str>,
    },
    /// A ConfigMap that resources name has another content.
    Contents,
}

/// What is kept beside documents, where the writer of statuses finds it too.
#[derive(Clone, Default)]
pub(crate) struct Metas {
    by_key: Arc<Mutex<HashMap<Key, Meta>>>,
    /// Counts how often a workload came to have pods, or lost them.
    turns: Arc<watch::Sender<u64>>,
}

impl Metas {
    pub(super) fn lock(&self) -> MutexGuard<'_, HashMap<Key, Meta>> {
        self.by_key.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells when a workload comes to have pods, or loses them.
    pub(super) fn turns(&self) -> watch::Receiver<u64> {
        self.turns.subscribe()
    }
}

/// The objects of a namespace.
pub(crate) struct Objects {
    candidates: Candidates,
    metas: Metas,
    broken: BTreeSet<Key>,
    listings: BTreeMap<Kind, Listing>,
    complete: BTreeSet<Kind>,
    /// What this runtime deleted, of which the watch may still tell older news.
    deleted: HashSet<Box<str>>,
}

/// A list that is under way.
#[derive(Default)]
struct Listing {
    alive: HashSet<Arc<str>>,
    /// Written by this runtime since the list began, which may not have them.
    written: HashSet<Arc<str>>,
}

/// What an event changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Outcome {
    /// A document is another one: the view is to be made again.
    pub(super) documents: bool,
    /// The status may have to be written again.
    pub(super) status: bool,
}

impl Objects {
    pub(super) fn new(metas: Metas) -> Self {
        Self {
            candidates: Candidates { cluster: true, ..Candidates::default() },
            metas,
            broken: BTreeSet::new(),
            listings: BTreeMap::new(),
            complete: BTreeSet::new(),
            deleted: HashSet::new(),
        }
    }

    /// The documents.
    pub(crate) fn candidates(&self) -> &Candidates {
        &self.candidates
    }

    /// Whether every kind was listed once.
    pub(super) fn is_complete(&self) -> bool {
        self.complete.len() == Kind::ALL.len()
    }

    /// Kinds that were not listed yet, for people who wait.
    pub(super) fn awaited(&self) -> Vec<&'static str> {
        Kind::ALL.into_iter().filter(|kind| !self.complete.contains(kind)).map(Kind::plural).collect()
    }

    /// Takes in what a watch tells.
    pub(super) fn apply(&mut self, event: Event) -> Outcome {
        match event {
            Event::Begins(kind) => {
                self.listings.insert(kind, Listing::default());
                Outcome::default()
            }
            Event::Listed(observed) => {
                let listing = self.listings.entry(observed.kind).or_default();
                listing.alive.insert(Arc::clone(&observed.name));
                // A list is the truth, even where its numbers are smaller, as after a backup was put back.
                let anyway = !listing.written.contains(&observed.name);
                self.observe(*observed, anyway)
            }
            Event::Complete(kind) => self.complete(kind),
            Event::Changed(observed) => self.observe(*observed, false),
            Event::Gone { key, uid } => {
                self.deleted.remove(&uid);
                let same = self.metas.lock().get(&key).is_some_and(|meta| meta.uid == uid);
                if same { self.remove(&key) } else { Outcome::default() }
            }
            Event::Contents => Outcome { documents: true, status: false },
        }
    }

    /// Takes in what a write of this runtime made.
    pub(super) fn written(&mut self, observed: Observed) -> Outcome {
        if let Some(listing) = self.listings.get_mut(&observed.kind) {
            listing.written.insert(Arc::clone(&observed.name));
        }
        self.observe(observed, false)
    }

    /// Takes out what this runtime deleted.
    pub(super) fn deleted(&mut self, key: &Key) -> Outcome {
        let uid = self.metas.lock().get(key).map(|meta| meta.uid.clone());
        self.deleted.extend(uid);
        self.remove(key)
    }

    fn observe(&mut self, observed: Observed, anyway: bool) -> Outcome {
        let Observed { kind, name, document, meta } = observed;
        if self.deleted.contains(&meta.uid) {
            return Outcome::default();
        }
        let key = Key { kind, name: Arc::clone(&name) };
        let mut metas = self.metas.lock();
        let before = metas.get(&key);
        let newer = before.is_none_or(|before| meta.version == 0 || meta.version > before.version);
        if !newer && !anyway {
            return Outcome::default();
        }
        let status = before.is_none_or(|before| before.said != meta.said);
        let turned = before.and_then(|before| before.available) != meta.available;
        metas.insert(key.clone(), meta);
        drop(metas);
        if turned {
            self.metas.turns.send_modify(|turns| *turns += 1);
        }
        let objects = self.candidates.objects.entry(kind).or_default();
        let same = objects.get(&name).is_some_and(|candidate| candidate.document.version == document.version);
        if same {
            return Outcome { documents: false, status };
        }
        let broken = matches!(document.content, Content::Broken(_));
        objects.insert(name, Candidate { document, folder: 0, overridden: Vec::new() });
        let was_broken = if broken { !self.broken.insert(key) } else { self.broken.remove(&key) };
        if broken || was_broken {
            self.find_broken();
        }
        Outcome { documents: true, status: true }
    }

    fn remove(&mut self, key: &Key) -> Outcome {
        self.metas.lock().remove(key);
        let removed = self.candidates.objects.get_mut(&key.kind).and_then(|objects| objects.remove(&key.name));
        if self.broken.remove(key) {
            self.find_broken();
        }
        Outcome { documents: removed.is_some(), status: false }
    }

    fn complete(&mut self, kind: Kind) -> Outcome {
        let Some(Listing { alive, written }) = self.listings.remove(&kind) else { return Outcome::default() };
        let objects = self.candidates.objects.get(&kind).into_iter().flat_map(BTreeMap::keys);
        let gone = objects.filter(|name| !alive.contains(*name) && !written.contains(*name));
        let gone: Vec<Key> = gone.map(|name| Key { kind, name: Arc::clone(name) }).collect();
        for key in &gone {
            self.remove(key);
        }
        let first = self.complete.insert(kind);
        Outcome { documents: first || !gone.is_empty(), status: false }
    }

    fn find_broken(&mut self) {
        let candidate = |key: &Key| self.candidates.objects.get(&key.kind)?.get(&key.name);
        let documents = self.broken.iter().filter_map(candidate).map(|candidate| &candidate.document);
        let found = documents.filter_map(|document| match &document.content {
            Content::Broken(findings) => Some(findings.iter().cloned()),
            _ => None,
        });
        self.candidates.diagnostics = found.flatten().collect();
    }
}

/// What stands for a file where objects come from a cluster.
pub(super) fn place(namespace: &str) -> Arc<Path> {
    Path::new("namespace").join(namespace).into()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cluster::object::observe;

    fn observed(name: &str, uid: &str, version: u64, content: &str) -> Box<Observed> {
        let object = json!({"metadata": {"name": name, "uid": uid, "resourceVersion": version.to_string()},
            "spec": {"content": content}});
        let object = serde_json::from_value(object).unwrap();
        Box::new(observe(Kind::PromptTemplate, &place("n"), object).unwrap())
    }

    fn names(objects: &Objects) -> Vec<&str> {
        let found = objects.candidates().objects.get(&Kind::PromptTemplate);
        found.into_iter().flat_map(|objects| objects.keys().map(|name| &**name)).collect()
    }

    fn key(name: &str) -> Key {
        Key { kind: Kind::PromptTemplate, name: name.into() }
    }

    const NEWS: Outcome = Outcome { documents: true, status: true };

    #[test]
    fn older_news_does_not_undo_newer() {
        let mut objects = Objects::new(Metas::default());
        assert_eq!(objects.apply(Event::Changed(observed("a", "1", 7, "new"))), NEWS);
        assert_eq!(objects.apply(Event::Changed(observed("a", "1", 5, "old"))), Outcome::default());
        assert_eq!(objects.apply(Event::Gone { key: key("a"), uid: "0".into() }), Outcome::default());
        assert_eq!(names(&objects), ["a"]);
    }

    #[test]
    fn a_list_takes_out_what_it_lacks_but_not_what_was_written_meanwhile() {
        let mut objects = Objects::new(Metas::default());
        objects.apply(Event::Changed(observed("gone", "1", 1, "x")));
        objects.apply(Event::Begins(Kind::PromptTemplate));
        objects.apply(Event::Listed(observed("a", "2", 2, "x")));
        objects.written(*observed("written", "3", 9, "x"));
        assert!(objects.apply(Event::Complete(Kind::PromptTemplate)).documents);
        assert_eq!(names(&objects), ["a", "written"]);
        assert!(!objects.is_complete());
    }

    #[test]
    fn a_list_of_smaller_numbers_is_the_truth() {
        let mut objects = Objects::new(Metas::default());
        objects.apply(Event::Changed(observed("a", "1", 1_000, "lost")));
        objects.apply(Event::Begins(Kind::PromptTemplate));
        assert_eq!(objects.apply(Event::Listed(observed("a", "2", 3, "restored"))), NEWS);
    }

    #[test]
    fn what_was_deleted_here_does_not_come_back_by_older_news() {
        let mut objects = Objects::new(Metas::default());
        objects.apply(Event::Changed(observed("a", "1", 1, "x")));
        assert!(objects.deleted(&key("a")).documents);
        objects.apply(Event::Changed(observed("a", "1", 2, "y")));
        assert_eq!(names(&objects), [""; 0]);
        objects.apply(Event::Gone { key: key("a"), uid: "1".into() });
        objects.apply(Event::Changed(observed("a", "2", 4, "made anew")));
        assert_eq!(names(&objects), ["a"]);
    }

    #[test]
    fn an_object_that_cannot_be_read_is_told_until_it_is_mended_or_gone() {
        let mut objects = Objects::new(Metas::default());
        let bad = || {
            let object = json!({"metadata": {"name": "b", "uid": "9", "resourceVersion": "3"}, "spec": {}});
            Box::new(observe(Kind::PromptTemplate, &place("n"), serde_json::from_value(object).unwrap()).unwrap())
        };
        objects.apply(Event::Changed(bad()));
        assert_eq!(objects.candidates().diagnostics.len(), 1);
        objects.apply(Event::Changed(observed("b", "9", 4, "mended")));
        assert_eq!(objects.candidates().diagnostics, []);
    }
}
