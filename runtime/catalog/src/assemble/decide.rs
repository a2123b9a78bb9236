//! What serves of one object.
//!
//! The version that is wanted (the published one, else what the file says) serves if it is valid and everything that it
//! refers to is there. If not, the last good version keeps serving, if what that refers to is there; the condition says
//! why. Nothing else ever takes an object out of service but `suspend`, a duplicate id, and removing it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use troupe_crds::condition::{ConditionType, Reason};
use troupe_crds::{Kind, Resource};
use troupe_rules::revision;

use super::Able;
use crate::candidate::{Candidate, Candidates};
use crate::check;
use crate::entry::{Condition, Entry};
use crate::known::{Answer, Known, Need};
use crate::parse::{Content, Document, Object};
use crate::view::Section;

/// Why a version does not serve.
struct Problem {
    reason: Reason,
    message: String,
}

impl Problem {
    fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self { reason, message: message.into() }
    }
}

/// Everything that the decision on one object depends on.
pub(super) struct Decision<'input> {
    pub(super) kind: Kind,
    pub(super) name: &'input Arc<str>,
    pub(super) contested: &'input HashMap<&'input str, &'input str>,
    /// Objects of the same kind that are known not to serve.
    pub(super) down: &'input HashSet<Arc<str>>,
    pub(super) candidates: &'input Candidates,
    pub(super) known: &'input Known,
    pub(super) able: Able<'input>,
    pub(super) sections: &'input BTreeMap<Kind, Section>,
    pub(super) lost: &'input BTreeMap<Kind, BTreeMap<Arc<str>, Entry>>,
    pub(super) previous: Option<&'input Arc<Entry>>,
    pub(super) needs: &'input mut HashSet<Need>,
}

impl Decision<'_> {
    pub(super) fn decide(mut self, candidate: &Candidate) -> Entry {
        let document = &candidate.document;
        let newest = match &document.content {
            Content::Good(object) => Some(object.clone()),
            _ => None,
        };
        let (mut serving, mut problem) = match self.wanted(document, newest.as_ref()) {
            Ok(wanted) => {
                let problem = self.problem(&wanted.resource);
                (Some(wanted), problem)
            }
            Err(problem) => (None, Some(problem)),
        };
        if let Some(problem) = problem.as_mut().filter(|problem| !self.stays(problem.reason)) {
            serving = if falls_back(problem.reason) { self.last_good(candidate) } else { None };
            if let Some(good) = &serving {
                let kept =
                    format!("; the last valid version (revision {}) keeps serving", revision::short(&good.revision));
                problem.message.push_str(&kept);
            }
        }
        self.entry(document, newest, serving, problem)
    }

    /// Whether an object goes on as it stands: the other settings of a Runtime count, as its pods are made all the same.
    fn stays(&self, reason: Reason) -> bool {
        self.kind == Kind::Runtime && reason == Reason::NotSupported
    }

    /// The version that should serve.
    fn wanted(&mut self, document: &Document, newest: Option<&Object>) -> Result<Object, Problem> {
        let Some(newest) = newest else {
            return Err(Problem::new(Reason::Invalid, first_finding(document)));
        };
        let pinned = check::published(&newest.resource);
        let Some(hash) = pinned.filter(|hash| !revision::is_named(&newest.revision, hash)) else {
            return Ok(newest.clone());
        };
        let need = Need { kind: self.kind, name: Arc::clone(self.name), revision: Some(hash.to_owned()) };
        match self.known.version(&need) {
            Answer::Kept(object) => return Ok(object.clone()),
            Answer::None => {}
            Answer::NotAsked => drop(self.needs.insert(need)),
        }
        let message = format!(
            "spec.publishedRevision: revision {hash:?} is not known: use one that was served before, or remove the field"
        );
        Err(Problem::new(Reason::RevisionNotFound, message))
    }

    /// What keeps a version from serving.
    fn problem(&self, resource: &Resource) -> Option<Problem> {
        if let Some(owner) = self.contested.get(resource.id()).filter(|owner| **owner != &**self.name) {
            let message =
                format!("metadata.annotations: id {:?} is {owner:?}'s already: give it another", resource.id());
            return Some(Problem::new(Reason::DuplicateId, message));
        }
        if check::is_suspended(resource) {
            return Some(Problem::new(Reason::Suspended, "spec.suspend: is true: remove it to serve again"));
        }
        if let Some(violation) = check::unsupported(resource, self.able.served, self.candidates.cluster) {
            return Some(Problem::new(Reason::NotSupported, violation.to_string()));
        }
        let references = troupe_rules::references(resource).objects;
        references.iter().find_map(|reference| self.dangling(reference)).or_else(|| self.unsafe_here(resource))
    }

    /// Code is run in the jail or not at all.
    fn unsafe_here(&self, resource: &Resource) -> Option<Problem> {
        let lack = self.able.sandbox_lack?;
        let path = troupe_rules::jailed(resource)?;
        Some(Problem::new(Reason::SandboxUnavailable, format!("{path}: {lack}")))
    }

    fn dangling(&self, reference: &troupe_rules::Reference) -> Option<Problem> {
        let troupe_rules::Reference { path, kind, name } = reference;
        let named = self.candidates.objects.get(kind).is_some_and(|objects| objects.contains_key(name.as_str()));
        if !named && !self.lost.get(kind).is_some_and(|objects| objects.contains_key(name.as_str())) {
            let message = format!("{path}: {}", not_there(*kind, name));
            return Some(Problem::new(Reason::ReferenceNotFound, message));
        }
        // Agents may call each other in circles, and so may templates: of one's own kind all serve that are not known
        // not to.
        let serves = if *kind == self.kind {
            !self.down.contains(name.as_str())
        } else {
            self.sections.get(kind)?.by_name.get(name.as_str())?.resource.is_some()
        };
        if serves {
            return None;
        }
        let message = format!("{path}: {}", not_ready(*kind, name));
        Some(Problem::new(Reason::ReferenceNotReady, message))
    }

    /// The version that served last and still can: this process's, the store's, or an earlier folder's.
    fn last_good(&mut self, candidate: &Candidate) -> Option<Object> {
        let served = self.previous.and_then(|entry| {
            let revision = Arc::clone(entry.serving_revision.as_ref()?);
            Some(Object { resource: Arc::clone(entry.resource.as_ref()?), revision })
        });
        let good = |object: &Object| self.problem(&object.resource).is_none();
        if let Some(object) = served.filter(good) {
            return Some(object);
        }
        let need = Need { kind: self.kind, name: Arc::clone(self.name), revision: None };
        match self.known.version(&need) {
            Answer::Kept(object) if good(object) => return Some(object.clone()),
            Answer::Kept(_) | Answer::None => {}
            Answer::NotAsked => drop(self.needs.insert(need)),
        }
        let good = |object: &Object| self.problem(&object.resource).is_none();
        candidate.overridden.iter().find_map(|document| match &document.content {
            Content::Good(object) if good(object) => Some(object.clone()),
            _ => None,
        })
    }

    fn entry(
        &self,
        document: &Arc<Document>,
        newest: Option<Object>,
        serving: Option<Object>,
        problem: Option<Problem>,
    ) -> Entry {
        let id = match (&newest, self.previous, &serving) {
            (None, Some(entry), _) => Arc::clone(&entry.id),
            (Some(object), _, _) | (None, None, Some(object)) => object.resource.id().into(),
            (None, None, None) => Arc::clone(self.name),
        };
        let id = if *id == **self.name { Arc::clone(self.name) } else { id };
        let conditions = self.conditions(newest.as_ref(), serving.as_ref(), problem);
        let (resource, serving_revision) = split(serving);
        let (newest, newest_revision) = split(newest);
        Entry {
            kind: self.kind,
            name: Arc::clone(self.name),
            id,
            resource,
            newest,
            serving_revision,
            newest_revision,
            resource_version: document.version.clone(),
            file: Arc::clone(&document.file),
            line: document.line,
            managed_by: document.managed_by.clone(),
            changed_at: document.changed_at,
            conditions,
            document: Arc::clone(document),
            diagnostic: None,
        }
    }
}

/// That nothing has the name that is referred to.
pub(crate) fn not_there(kind: Kind, name: &str) -> String {
    format!("there is no {kind} {name:?}: create it, or name another")
}

/// That what is referred to does not serve.
pub(crate) fn not_ready(kind: Kind, name: &str) -> String {
    format!("{kind} {name:?} is not ready: see its own condition")
}

/// What is said beside `Ready`.
impl Decision<'_> {
    fn conditions(
        &self,
        newest: Option<&Object>,
        serving: Option<&Object>,
        problem: Option<Problem>,
    ) -> Vec<Condition> {
        let unknown_revision = problem.as_ref().filter(|problem| problem.reason == Reason::RevisionNotFound);
        let published = newest.is_some_and(|object| check::published(&object.resource).is_some());
        let revision = published.then(|| match unknown_revision {
            Some(problem) => said(ConditionType::RevisionResolved, problem.reason, &problem.message),
            None => holds(ConditionType::RevisionResolved, Reason::RevisionFound),
        });
        let said_of = newest.or(serving).map(|object| &*object.resource);
        let resolved = said_of.and_then(|resource| self.resolved(resource));
        let variables = said_of.and_then(variables_match);
        let others = resolved.into_iter().chain(revision).chain(variables);
        std::iter::once(ready(problem)).chain(others).collect()
    }

    /// Whether everything is there that an object with members refers to.
    fn resolved(&self, resource: &Resource) -> Option<Condition> {
        if !matches!(self.kind, Kind::Agent | Kind::Team | Kind::Workflow) {
            return None;
        }
        let lacking = troupe_rules::references(resource).objects.iter().find_map(|reference| self.dangling(reference));
        Some(match lacking {
            Some(problem) => said(ConditionType::Resolved, problem.reason, &problem.message),
            None => holds(ConditionType::Resolved, Reason::Valid),
        })
    }
}

/// Whether a template's declared and used names are the same; a warning where they are not.
fn variables_match(resource: &Resource) -> Option<Condition> {
    let Resource::PromptTemplate(template) = resource else { return None };
    Some(match troupe_rules::prompt_template::names(&template.spec).warning() {
        Some(warning) => said(ConditionType::VariablesMatch, Reason::NamesDiffer, &warning),
        None => holds(ConditionType::VariablesMatch, Reason::Valid),
    })
}

fn holds(type_: ConditionType, reason: Reason) -> Condition {
    Condition { type_, status: true, reason, message: String::new() }
}

fn said(type_: ConditionType, reason: Reason, message: &str) -> Condition {
    Condition { type_, status: false, reason, message: message.to_owned() }
}

fn split(object: Option<Object>) -> (Option<Arc<Resource>>, Option<Arc<str>>) {
    object.map(|object| (object.resource, object.revision)).unzip()
}

fn ready(problem: Option<Problem>) -> Condition {
    let (status, reason, message) = match problem {
        None => (true, Reason::Valid, String::new()),
        Some(problem) => (false, problem.reason, problem.message),
    };
    Condition { type_: ConditionType::Ready, status, reason, message }
}

/// Whether the last good version may step in: not where somebody wants the object out of service.
fn falls_back(reason: Reason) -> bool {
    !matches!(reason, Reason::Suspended | Reason::DuplicateId)
}

/// The first thing that is wrong with a document, and how many more there are.
fn first_finding(document: &Document) -> String {
    let Content::Broken(findings) = &document.content else { return String::new() };
    let Some(first) = findings.first() else { return String::new() };
    let place = if first.path.is_empty() { String::new() } else { format!("{}: ", first.path) };
    let more = match findings.len() - 1 {
        0 => String::new(),
        more => format!(" (and {more} more)"),
    };
    format!("{place}{}{more}", first.message)
}

/// An object whose file cannot be read at the moment.
pub(super) fn keep_unreadable(entry: &mut Entry) {
    let message = format!("{} cannot be read; the last valid version keeps serving", entry.file.display());
    entry.conditions = vec![ready(Some(Problem::new(Reason::Invalid, message)))];
}
