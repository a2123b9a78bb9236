//! Everything that was observed, and the queues to which changes go.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::watch;
use troupe_crds::Kind;

use crate::{
    child::{Child, ChildKind, ChildReference},
    key::Key,
    namespace::{Local, Namespace},
    object::{Object, ObservedStatus},
    queue::Queue,
};

/// One of the watches that must have listed everything once before anything is decided.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Source {
    /// Objects of a kind of ours, of a kind that we make, or namespaces.
    pub kind: SourceKind,
    /// The only namespace that is watched; none for all.
    pub scope: Option<Arc<str>>,
}

/// What a watch brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SourceKind {
    /// A kind of ours.
    Ours(Kind),
    /// A kind that the operator makes.
    Child(ChildKind),
    /// Namespaces.
    Namespace,
}

/// Everything that was observed.
pub struct World {
    state: Mutex<State>,
    queues: BTreeMap<Kind, Arc<Queue>>,
    settled: watch::Sender<bool>,
}

struct State {
    namespaces: BTreeMap<Arc<str>, Namespace>,
    waiting: BTreeSet<Source>,
    settled: bool,
}

impl World {
    /// Knows nothing, and waits for these to be listed.
    pub fn new(sources: impl IntoIterator<Item = Source>) -> Self {
        let state = State { namespaces: BTreeMap::new(), waiting: sources.into_iter().collect(), settled: false };
        Self {
            state: Mutex::new(state),
            queues: Kind::ALL.into_iter().map(|kind| (kind, Arc::default())).collect(),
            settled: watch::Sender::new(false),
        }
    }

    /// The queue of a kind.
    pub fn queue(&self, kind: Kind) -> Arc<Queue> {
        self.queues.get(&kind).cloned().unwrap_or_default()
    }

    /// Becomes true when everything was listed once.
    pub fn settled(&self) -> watch::Receiver<bool> {
        self.settled.subscribe()
    }

    /// Whether there is nothing to do.
    pub fn is_idle(&self) -> bool {
        *self.settled.borrow() && self.queues.values().all(|queue| queue.is_idle())
    }

    /// What is not listed yet, for people.
    pub fn missing(&self) -> Vec<Source> {
        self.lock().waiting.iter().cloned().collect()
    }

    /// Reads one namespace.
    pub fn read<T>(&self, namespace: &str, read: impl FnOnce(&Namespace) -> T) -> T {
        let state = self.lock();
        match state.namespaces.get(namespace) {
            Some(namespace) => read(namespace),
            None => read(&Namespace::default()),
        }
    }

    /// Namespaces that have a Runtime, in order.
    pub fn with_runtime(&self) -> Vec<Arc<str>> {
        let state = self.lock();
        let with = state.namespaces.iter().filter(|(_, namespace)| namespace.runtime().is_some());
        with.map(|(name, _)| Arc::clone(name)).collect()
    }

    /// Objects of a kind that were observed.
    pub fn count(&self, kind: Kind) -> usize {
        self.lock().namespaces.values().map(|namespace| namespace.of_kind(kind).count()).sum()
    }

    /// An object is new or changed.
    pub fn observe(&self, key: &Key, object: Object) {
        self.change(&key.namespace, |namespace| namespace.observe(key.kind, &key.name, object));
    }

    /// An object is gone.
    pub fn remove(&self, key: &Key) {
        self.change(&key.namespace, |namespace| namespace.remove(key.kind, &key.name));
    }

    /// A kind was listed: whatever else was known of it is gone. `alive` are those that were listed.
    pub fn listed(&self, source: &Source, alive: &BTreeSet<(Arc<str>, Arc<str>)>) {
        match source.kind {
            SourceKind::Ours(kind) => {
                let gone = self.known(source, alive, |namespace| {
                    namespace.of_kind(kind).map(|(name, _)| Arc::clone(name)).collect()
                });
                for (namespace, name) in gone {
                    self.remove(&Key { kind, namespace, name });
                }
            }
            SourceKind::Child(kind) => {
                let gone = self.known(source, alive, |namespace| {
                    let same = namespace.children().filter(|(reference, _)| reference.kind == kind);
                    same.map(|(reference, _)| Arc::clone(&reference.name)).collect()
                });
                for (namespace, name) in gone {
                    self.remove_child(&namespace, &ChildReference { kind, name });
                }
            }
            SourceKind::Namespace => {
                let gone = self.known(source, alive, |namespace| {
                    namespace.terminating.then(|| Arc::from("")).into_iter().collect()
                });
                for (namespace, _) in gone {
                    self.terminating(&namespace, false);
                }
            }
        }
        self.settle(source);
    }

    /// Something was made, or changed.
    pub fn observe_child(&self, namespace: &Arc<str>, reference: ChildReference, child: Child) {
        self.change(namespace, |namespace| namespace.observe_child(reference, child));
    }

    /// Something that was made is gone.
    pub fn remove_child(&self, namespace: &Arc<str>, reference: &ChildReference) {
        self.change(namespace, |namespace| namespace.remove_child(reference));
    }

    /// A namespace begins to be deleted, or is gone.
    pub fn terminating(&self, namespace: &Arc<str>, terminating: bool) {
        self.change(namespace, |namespace| {
            namespace.terminating = terminating;
            BTreeSet::new()
        });
    }

    /// A status was written.
    pub fn note_status(&self, key: &Key, uid: &str, version: u64, status: ObservedStatus) {
        if let Some(namespace) = self.lock().namespaces.get_mut(&key.namespace) {
            namespace.note_status(key.kind, &key.name, uid, version, status);
        }
    }

    fn known(
        &self,
        source: &Source,
        alive: &BTreeSet<(Arc<str>, Arc<str>)>,
        names: impl Fn(&Namespace) -> Vec<Arc<str>>,
    ) -> Vec<(Arc<str>, Arc<str>)> {
        let state = self.lock();
        let within = |name: &Arc<str>| source.scope.as_ref().is_none_or(|scope| scope == name);
        let namespaces = state.namespaces.iter().filter(|(name, _)| within(name));
        let all = namespaces.flat_map(|(namespace, content)| {
            names(content).into_iter().map(|name| (Arc::clone(namespace), name)).collect::<Vec<_>>()
        });
        all.filter(|object| !alive.contains(object)).collect()
    }

    fn change(&self, name: &Arc<str>, change: impl FnOnce(&mut Namespace) -> BTreeSet<Local>) {
        let mut state = self.lock();
        let settled = state.settled;
        let namespace = state.namespaces.entry(Arc::clone(name)).or_insert_with(|| {
            let mut namespace = Namespace::default();
            if settled {
                namespace.settle();
            }
            namespace
        });
        let reconcile = change(namespace);
        if namespace.is_empty() {
            state.namespaces.remove(name);
        }
        drop(state);
        if settled {
            self.enqueue(name, reconcile);
        }
    }

    fn settle(&self, source: &Source) {
        let mut state = self.lock();
        let was = std::mem::replace(&mut state.settled, false);
        state.waiting.remove(source);
        state.settled = was || state.waiting.is_empty();
        if was || !state.settled {
            return;
        }
        let all: Vec<_> =
            state.namespaces.iter_mut().map(|(name, namespace)| (Arc::clone(name), namespace.settle())).collect();
        drop(state);
        for (name, reconcile) in all {
            self.enqueue(&name, reconcile);
        }
        self.settled.send_replace(true);
    }

    fn enqueue(&self, namespace: &Arc<str>, reconcile: BTreeSet<Local>) {
        for (kind, name) in reconcile {
            if let Some(queue) = self.queues.get(&kind) {
                queue.add(Key { kind, namespace: Arc::clone(namespace), name });
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
