//! What the standing of one object is: its spec, then its id, then its references, then what the runtime knows.

use std::sync::Arc;

use troupe_crds::{
    Kind,
    condition::{ConditionType, Reason},
    id,
};
use troupe_rules::{Reference, cycle, revision};

use super::{Entry, Local, Namespace, circle, denied};
use crate::{
    facts::{Detail, Facts, is_implied},
    ready,
    standing::Standing,
};

/// What the runtime knows and referrers depend on. `Reachable` and `Discovered` are of the moment: they are the
/// object's own matter, since a provider's bad minute must not rewrite the status of every agent.
const LASTING: [ConditionType; 3] =
    [ConditionType::SecretsResolved, ConditionType::RevisionResolved, ConditionType::SandboxReady];

/// Most names of a circle that a message lists.
const MOST_SHOWN: usize = 12;

impl Namespace {
    /// The standing of an object as everything is now.
    pub(super) fn decide(&self, local: &Local, entry: &Entry) -> Standing {
        let facts = match &entry.object.content {
            Ok(facts) => facts,
            Err(message) => return keeps_serving(entry, Standing::new(Reason::Invalid, message.clone())),
        };
        if facts.invalid {
            return keeps_serving(entry, facts.own.clone());
        }
        let bad = |standing: &Standing| (!standing.is_good()).then(|| standing.clone());
        self.duplicate(local, entry)
            .or_else(|| bad(&facts.own))
            .or_else(|| self.dangling(local, facts))
            .or_else(|| self.endless(local, facts))
            // What people can mend comes first.
            .or_else(|| bad(&facts.unserved))
            .or_else(|| lasting(local.0, entry, facts))
            .unwrap_or_default()
    }

    fn duplicate(&self, (kind, name): &Local, entry: &Entry) -> Option<Standing> {
        let identity = &entry.object.identity;
        let group = self.ids.get(&(*kind, identity.id.clone()))?;
        let age = |name: &Arc<str>| {
            let created = self.objects.get(&(*kind, Arc::clone(name)))?.object.identity.created.clone();
            // An object without a time counts as younger than any.
            Some((created.is_none(), created.map(|time| time.0), Arc::clone(name)))
        };
        let oldest = group.iter().filter_map(age).min()?.2;
        (oldest != *name).then(|| {
            let message = format!(
                "metadata.annotations: id {:?} is served by {kind} {oldest}, which is older: choose another {}",
                identity.id,
                id::ID_ANNOTATION
            );
            Standing::new(Reason::DuplicateId, message)
        })
    }

    fn dangling(&self, (kind, _): &Local, facts: &Facts) -> Option<Standing> {
        let (implied, written): (Vec<_>, Vec<_>) =
            facts.references.iter().partition(|reference| is_implied(*kind, reference));
        let missing = written.iter().find(|reference| self.get(reference.kind, &reference.name).is_none());
        let missing = missing.map(|Reference { path, kind, name }| {
            Standing::new(
                Reason::ReferenceNotFound,
                format!("{path}: there is no {kind} {name:?}: create it, or name another"),
            )
        });
        // Of one's own kind it is enough that it exists: agents and templates may refer to each other in circles.
        let is_bad = |reference: &&&Reference| {
            reference.kind != *kind
                && self.get(reference.kind, &reference.name).is_some_and(|entry| !entry.standing.is_good())
        };
        let unready = || {
            written.iter().find(is_bad).map(|Reference { path, kind, name }| {
                Standing::new(
                    Reason::ReferenceNotReady,
                    format!("{path}: {kind} {name:?} is not ready: see its own condition"),
                )
            })
        };
        missing.or_else(unready).or_else(|| (!implied.is_empty()).then(|| self.without_model(facts)).flatten())
    }

    /// An Agent that names no Model has the Runtime's, if that has one.
    fn without_model(&self, facts: &Facts) -> Option<Standing> {
        if !matches!(facts.detail, Detail::Agent { model: None, .. }) {
            return None;
        }
        let default = self.defaults().and_then(|defaults| defaults.model_ref.as_ref());
        let Some(default) = default else {
            let message = "spec.modelRef: no Model is named here or in spec.defaults.modelRef of the Runtime: name one";
            return Some(Standing::new(Reason::ReferenceNotFound, message));
        };
        let path = "spec.defaults.modelRef of the Runtime";
        match self.get(Kind::Model, &default.name) {
            None => {
                let message = format!("{path}: there is no Model {:?}: create it, or name another", default.name);
                Some(Standing::new(Reason::ReferenceNotFound, message))
            }
            Some(model) if !model.standing.is_good() => {
                let message = format!("{path}: Model {:?} is not ready: see its own condition", default.name);
                Some(Standing::new(Reason::ReferenceNotReady, message))
            }
            Some(_) => None,
        }
    }

    fn endless(&self, local: &Local, facts: &Facts) -> Option<Standing> {
        let remedy = circle::remedy(local.0)?;
        let names = self.circle(local, facts)?;
        let who = if names.len() == 1 { "the object's references" } else { "these objects" };
        let position = names.iter().position(|name| **name == *local.1).unwrap_or_default();
        let next = names.get(position + 1).or(names.first());
        let reference = facts.inner(local.0).find(|reference| Some(&reference.name) == next);
        let path = reference.map_or("spec", |reference| reference.path.as_str());
        let message = format!("{path}: {who} refer to each other without end ({}): {remedy}", shown(names));
        Some(Standing::new(Reason::Invalid, message))
    }
}

/// A circle as people read it; of a long one the beginning.
fn shown(mut names: Vec<String>) -> String {
    if names.len() <= MOST_SHOWN {
        return cycle::shown(&names);
    }
    let more = names.split_off(MOST_SHOWN).len();
    format!("{} -> {more} more", names.join(" -> "))
}

/// Says which version serves while the newest cannot.
fn keeps_serving(entry: &Entry, standing: Standing) -> Standing {
    let Some(revision) = entry.object.status.current_revision.as_deref() else { return standing };
    let message = format!("{}; revision {} keeps serving", standing.message, revision::short(revision));
    Standing { message: message.into(), ..standing }
}

fn lasting(kind: Kind, entry: &Entry, facts: &Facts) -> Option<Standing> {
    let current = facts.published() == &*facts.hash;
    let counts = |type_: &ConditionType| match type_ {
        ConditionType::RevisionResolved => !current,
        // A runtime answers without a sandbox; what needs one says so itself.
        ConditionType::SandboxReady => kind != Kind::Runtime,
        _ => true,
    };
    let denied = LASTING.into_iter().filter(counts).find_map(|type_| denied(&entry.object.status, type_))?;
    Some(ready::from_condition(denied))
}
