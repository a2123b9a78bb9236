//! What is looked up by something else than the name: who refers to whom, who has an id, which names are used.

use std::{collections::BTreeSet, sync::Arc};

use troupe_rules::Reference;

use super::{Change, Entry, Local, Namespace, Uses, runtime};
use crate::facts::Facts;

impl Namespace {
    /// Keeps every index as the objects are.
    pub(super) fn index(&mut self, local: &Local, old: Option<&Entry>, change: &mut Change) {
        let (kind, _) = local;
        let new = self.objects.get(local).cloned();
        let (was, is) = (old.and_then(Entry::facts), new.as_ref().and_then(Entry::facts));
        let inner = |facts: Option<&Facts>| facts.is_some_and(|facts| facts.inner(*kind).next().is_some());
        if inner(was) {
            change.recompute.extend(self.reachable(local, was));
        }
        self.index_references(local, was, is);
        if inner(is) {
            change.recompute.extend(self.reachable(local, is));
        }
        self.index_id(local, old, new.as_ref(), change);
        let secrets = count(&mut self.secrets, names(was, |facts| &facts.secrets), names(is, |facts| &facts.secrets));
        let config_maps =
            count(&mut self.config_maps, names(was, |facts| &facts.config_maps), names(is, |facts| &facts.config_maps));
        let unknown = old.is_some_and(Entry::serves_unknown) != new.as_ref().is_some_and(Entry::serves_unknown);
        if secrets || config_maps || unknown {
            change.reconcile.insert(runtime());
        }
    }

    fn index_references(&mut self, local: &Local, was: Option<&Facts>, is: Option<&Facts>) {
        for target in was.into_iter().flat_map(|facts| &facts.references).map(target) {
            if let Some(referrers) = self.referrers.get_mut(&target) {
                referrers.remove(local);
                if referrers.is_empty() {
                    self.referrers.remove(&target);
                }
            }
        }
        for target in is.into_iter().flat_map(|facts| &facts.references).map(target) {
            self.referrers.entry(target).or_default().insert(local.clone());
        }
    }

    /// Keeps who has which id. Whoever has the same is decided anew.
    fn index_id(&mut self, (kind, name): &Local, old: Option<&Entry>, new: Option<&Entry>, change: &mut Change) {
        for (entry, add) in [(old, false), (new, true)] {
            let Some(entry) = entry else { continue };
            let group = self.ids.entry((*kind, entry.object.identity.id.clone())).or_default();
            let _ = if add { group.insert(Arc::clone(name)) } else { group.remove(name) };
            change.recompute.extend(group.iter().map(|name| (*kind, Arc::clone(name))));
        }
        if let Some(old) = old {
            let group = (*kind, old.object.identity.id.clone());
            if self.ids.get(&group).is_some_and(BTreeSet::is_empty) {
                self.ids.remove(&group);
            }
        }
    }
}

/// Names that facts hold.
fn names(facts: Option<&Facts>, pick: fn(&Facts) -> &[Box<str>]) -> Vec<Box<str>> {
    facts.map(pick).unwrap_or_default().to_vec()
}

fn target(reference: &Reference) -> Local {
    (reference.kind, Arc::from(reference.name.as_str()))
}

/// Counts uses anew. Answers whether a name appeared or disappeared.
fn count(uses: &mut Uses, was: Vec<Box<str>>, is: Vec<Box<str>>) -> bool {
    if was == is {
        return false;
    }
    let before: Vec<Box<str>> = uses.keys().cloned().collect();
    for name in was {
        if let Some(number) = uses.get_mut(&name) {
            *number -= 1;
            if *number == 0 {
                uses.remove(&name);
            }
        }
    }
    for name in is {
        *uses.entry(name).or_default() += 1;
    }
    !uses.keys().eq(&before)
}
