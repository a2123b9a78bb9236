//! One namespace as it was observed: objects, who refers to whom, and what each one's standing is.
//!
//! Everything here is pure: an observation goes in, the objects that must be looked at again come out. References heal
//! this way, in whatever order objects were applied, without anybody asking again after a while.

mod circle;
mod decide;
mod index;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use troupe_crds::{
    Kind,
    condition::{self, ConditionType},
    runtime::{Defaults, RUNTIME_NAME},
};

use crate::{
    child::{Child, ChildReference, Owner},
    facts::{Detail, Facts},
    object::{Object, ObservedStatus},
    standing::Standing,
};

/// An object within its namespace.
pub type Local = (Kind, Arc<str>);

/// An object and its standing.
#[derive(Clone, Debug)]
pub struct Entry {
    /// What was observed.
    pub object: Object,
    /// Whether it can be served.
    pub standing: Standing,
}

impl Entry {
    /// The facts of its spec, where it can be read.
    pub fn facts(&self) -> Option<&Facts> {
        self.object.content.as_ref().ok()
    }

    /// Whether another version than this one may be served: the last valid one, or a pinned one.
    fn serves_unknown(&self) -> bool {
        self.facts().is_none_or(|facts| facts.invalid || facts.published() != &*facts.hash)
    }
}

/// One namespace.
#[derive(Debug, Default)]
pub struct Namespace {
    objects: BTreeMap<Local, Entry>,
    /// Who refers to an object, whether it exists or not.
    referrers: HashMap<Local, BTreeSet<Local>>,
    /// Who has an id.
    ids: HashMap<(Kind, Box<str>), BTreeSet<Arc<str>>>,
    secrets: Uses,
    config_maps: Uses,
    children: BTreeMap<ChildReference, Child>,
    /// Whether it is being deleted, so that nothing is to be made in it.
    pub terminating: bool,
    /// Whether every object was listed once, so that what is missing is really missing.
    settled: bool,
}

/// Names and by how many objects each is used.
type Uses = BTreeMap<Box<str>, usize>;

/// What one observation changed beside the object itself.
#[derive(Default)]
struct Change {
    recompute: BTreeSet<Local>,
    reconcile: BTreeSet<Local>,
}

impl Namespace {
    /// An object by kind and name.
    pub fn get(&self, kind: Kind, name: &str) -> Option<&Entry> {
        self.objects.get(&(kind, Arc::from(name)))
    }

    /// Every object, by kind and name.
    pub fn objects(&self) -> impl Iterator<Item = (&Local, &Entry)> {
        self.objects.iter()
    }

    /// The Runtime of the namespace.
    pub fn runtime(&self) -> Option<&Entry> {
        self.get(Kind::Runtime, RUNTIME_NAME)
    }

    /// What the Runtime gives Agents that say nothing themselves.
    pub fn defaults(&self) -> Option<&Defaults> {
        match &self.runtime()?.facts()?.detail {
            Detail::Runtime(spec) => spec.defaults.as_ref(),
            _ => None,
        }
    }

    /// Whether there is anything that a runtime would serve.
    pub fn needs_runtime(&self) -> bool {
        [Kind::Agent, Kind::Team, Kind::Workflow].into_iter().any(|kind| self.of_kind(kind).next().is_some())
    }

    /// Names of Secrets that objects refer to, sorted.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        self.secrets.keys().map(|name| &**name)
    }

    /// Names of ConfigMaps that objects refer to, sorted.
    pub fn config_maps(&self) -> impl Iterator<Item = &str> {
        self.config_maps.keys().map(|name| &**name)
    }

    /// Whether a version may be served that was not observed: the last valid one, or a pinned one. What such a version
    /// refers to is unknown here.
    pub fn serves_unknown_versions(&self) -> bool {
        self.objects.values().any(Entry::serves_unknown)
    }

    /// Whether nothing is left to remember.
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty() && self.children.is_empty() && !self.terminating
    }

    /// Objects of a kind.
    pub fn of_kind(&self, kind: Kind) -> impl Iterator<Item = (&Arc<str>, &Entry)> {
        let all = (kind, Arc::from(""))..;
        let same = move |((of, _), _): &(&Local, &Entry)| *of == kind;
        self.objects.range(all).take_while(same).map(|((_, name), entry)| (name, entry))
    }

    /// Takes an object in, new or changed. Answers what to reconcile.
    pub fn observe(&mut self, kind: Kind, name: &Arc<str>, object: Object) -> BTreeSet<Local> {
        let local = (kind, Arc::clone(name));
        let old = self.objects.remove(&local);
        // The answer to a write of ours was quicker than the watch, which will bring that version too.
        let is_old = |old: &Entry| old.object.identity.resource_version > object.identity.resource_version;
        if let Some(old) = old.as_ref().filter(|old| is_old(old)) {
            let old = old.clone();
            self.objects.insert(local, old);
            return BTreeSet::new();
        }
        let standing = old.as_ref().map(|old| old.standing.clone()).unwrap_or_default();
        self.objects.insert(local.clone(), Entry { object, standing });
        self.changed(&local, old.as_ref())
    }

    /// Takes an object out. Answers what to reconcile.
    pub fn remove(&mut self, kind: Kind, name: &Arc<str>) -> BTreeSet<Local> {
        let local = (kind, Arc::clone(name));
        match self.objects.remove(&local) {
            Some(old) => self.changed(&local, Some(&old)),
            None => BTreeSet::new(),
        }
    }

    /// Remembers a status that was written, before the watch brings it. Where the watch was quicker, it brought what
    /// others wrote at the same time too.
    pub fn note_status(&mut self, kind: Kind, name: &str, uid: &str, version: u64, status: ObservedStatus) {
        let Some(entry) = self.objects.get_mut(&(kind, Arc::from(name))) else { return };
        let identity = &mut entry.object.identity;
        if *identity.uid == *uid && identity.resource_version < version {
            identity.resource_version = version;
            entry.object.status = status;
        }
    }

    /// Decides everything at once, after every kind was listed. Answers everything.
    pub fn settle(&mut self) -> BTreeSet<Local> {
        self.settled = true;
        let all: BTreeSet<Local> = self.objects.keys().cloned().collect();
        let mut change = Change { recompute: all.clone(), reconcile: all };
        if self.needs_runtime() || self.children().any(|(_, child)| matches!(child.owner.kind, Kind::Runtime)) {
            change.reconcile.insert(runtime());
        }
        change.reconcile.extend(self.children.values().map(|child| child.owner.local()));
        self.decide_all(change)
    }

    /// What was made for owners in this namespace.
    pub fn children(&self) -> impl Iterator<Item = (&ChildReference, &Child)> {
        self.children.iter()
    }

    /// What was made for one owner.
    pub fn children_of<'a>(&'a self, owner: &'a Owner) -> impl Iterator<Item = (&'a ChildReference, &'a Child)> {
        self.children.iter().filter(move |(_, child)| child.owner == *owner)
    }

    /// Takes in something that was made for an owner. Answers the owners to reconcile.
    pub fn observe_child(&mut self, reference: ChildReference, child: Child) -> BTreeSet<Local> {
        let mut owners = BTreeSet::from([child.owner.local()]);
        if let Some(old) = self.children.get(&reference) {
            if old.version > child.version {
                return BTreeSet::new();
            }
            owners.insert(old.owner.local());
        }
        self.children.insert(reference, child);
        owners
    }

    /// Takes it out. Answers the owner to reconcile.
    pub fn remove_child(&mut self, reference: &ChildReference) -> BTreeSet<Local> {
        self.children.remove(reference).map(|child| child.owner.local()).into_iter().collect()
    }

    fn changed(&mut self, local: &Local, old: Option<&Entry>) -> BTreeSet<Local> {
        let mut change = Change::default();
        change.reconcile.insert(local.clone());
        change.recompute.insert(local.clone());
        self.index(local, old, &mut change);
        if !self.settled {
            return BTreeSet::new();
        }
        let new = self.objects.get(local);
        if face(old) != face(new) {
            // Statuses of referrers show names and models of what they refer to.
            let referrers = self.referrers.get(local).cloned().unwrap_or_default();
            change.recompute.extend(referrers.iter().cloned());
            change.reconcile.extend(referrers);
        }
        if local.0 == Kind::Runtime {
            // Their network policies follow the Runtime's.
            change.reconcile.extend(self.of_kind(Kind::McpServer).map(|(name, _)| (Kind::McpServer, Arc::clone(name))));
        } else if old.is_none() && self.runtime().is_none() && self.needs_runtime() {
            change.reconcile.insert(runtime());
        }
        self.decide_all(change)
    }

    /// Decides standings until none changes any more. Kinds refer to other kinds without circles, so it ends.
    fn decide_all(&mut self, change: Change) -> BTreeSet<Local> {
        let Change { mut recompute, mut reconcile } = change;
        while let Some(local) = recompute.pop_first() {
            let Some(entry) = self.objects.get(&local) else { continue };
            let standing = self.decide(&local, entry);
            if standing == entry.standing {
                continue;
            }
            let turned = standing.is_good() != entry.standing.is_good();
            if let Some(entry) = self.objects.get_mut(&local) {
                entry.standing = standing;
            }
            if turned {
                let others = self.referrers.get(&local).into_iter().flatten().filter(|(kind, _)| *kind != local.0);
                recompute.extend(others.cloned());
            }
            reconcile.insert(local);
        }
        reconcile
    }
}

/// The Runtime's key.
fn runtime() -> Local {
    (Kind::Runtime, Arc::from(RUNTIME_NAME))
}

/// What referrers' standings and statuses depend on, beside the standing.
fn face(entry: Option<&Entry>) -> Option<(&str, &[Box<str>])> {
    let entry = entry?;
    let hash = entry.facts().map_or("", |facts| &*facts.hash);
    Some((hash, &entry.object.status.discovered))
}

/// Whether a condition that the runtime wrote says no.
fn denied(
    status: &ObservedStatus,
    type_: ConditionType,
) -> Option<&k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition> {
    condition::get(&status.conditions, type_).filter(|condition| condition.status == "False")
}
