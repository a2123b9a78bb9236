//! Objects that refer to themselves through others of their kind.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};

use troupe_crds::Kind;

use super::{Local, Namespace};
use crate::facts::Facts;

/// Most objects that a search for a circle visits: one namespace with thousands that refer to each other must not hold
/// up the others. A longer way round is not found here; the runtime's limit of depth ends it.
const MOST: usize = 1_000;

impl Namespace {
    /// Objects of its kind that can be reached from one, itself included. Whoever shares a circle with it is among
    /// them.
    pub(super) fn reachable(&self, from: &Local, facts: Option<&Facts>) -> BTreeSet<Local> {
        let kind = from.0;
        let mut found = BTreeSet::from([from.clone()]);
        let mut open: Vec<Arc<str>> = targets(kind, facts).collect();
        while let Some(name) = open.pop() {
            let local = (kind, name);
            if let Some(entry) = self.objects.get(&local).filter(|_| found.len() < MOST)
                && found.insert(local)
            {
                open.extend(targets(kind, entry.facts()));
            }
        }
        found
    }

    /// The shortest way from an object back to itself, beginning with its least name, so that all on it say the same.
    pub(super) fn circle(&self, local: &Local, facts: &Facts) -> Option<Vec<String>> {
        let (kind, start) = local;
        let mut from: BTreeMap<Arc<str>, Arc<str>> = BTreeMap::new();
        let mut open: VecDeque<(Arc<str>, Arc<str>)> =
            targets(*kind, Some(facts)).map(|target| (target, Arc::clone(start))).collect();
        while let Some((name, before)) = open.pop_front() {
            if name == *start {
                return Some(way_back(&from, start, before));
            }
            let Some(entry) = self.objects.get(&(*kind, Arc::clone(&name))) else { continue };
            if from.contains_key(&name) || from.len() >= MOST {
                continue;
            }
            from.insert(Arc::clone(&name), before);
            open.extend(targets(*kind, entry.facts()).map(|target| (target, Arc::clone(&name))));
        }
        None
    }
}

fn targets(kind: Kind, facts: Option<&Facts>) -> impl Iterator<Item = Arc<str>> {
    facts.into_iter().flat_map(move |facts| facts.inner(kind)).map(|reference| Arc::from(reference.name.as_str()))
}

fn way_back(from: &BTreeMap<Arc<str>, Arc<str>>, start: &Arc<str>, end: Arc<str>) -> Vec<String> {
    let mut way = vec![];
    let mut at = end;
    while at != *start {
        way.push(at.to_string());
        match from.get(&at) {
            Some(before) => at = Arc::clone(before),
            None => break,
        }
    }
    way.push(start.to_string());
    way.reverse();
    let least = way.iter().enumerate().min_by_key(|(_, name)| name.as_str()).map_or(0, |(position, _)| position);
    way.rotate_left(least);
    way
}

/// What to do about a circle; none for kinds among which circles are harmless.
pub(super) fn remedy(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::Agent => Some("set delegation.maxDepth on one of them, or remove one of the references"),
        Kind::Team | Kind::Workflow | Kind::PromptTemplate => Some("remove one of the references"),
        Kind::Model | Kind::Tool | Kind::McpServer | Kind::Runtime => None,
    }
}
