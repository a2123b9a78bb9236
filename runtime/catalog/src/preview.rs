//! What would be said of a resource if it were written now; and who refers to an object. Nothing is written.

use troupe_core::model::SecretRef;
use troupe_crds::condition::{ConditionType, Reason};
use troupe_crds::{Kind, Resource};
use troupe_rules::{Reference, Violation, not_supported};

use crate::assemble::{not_ready, not_there};
use crate::catalog::Catalog;
use crate::check;
use crate::diagnostic::Severity;
use crate::entry::{Condition, Entry};
use crate::known::{Need, stored};
use crate::view::View;

/// Something to be said of a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The field, such as `spec.tools[0].tool`; empty for the whole.
    pub path: String,
    /// What is wrong and what to write instead.
    pub message: String,
    /// An error keeps it from serving, a warning does not.
    pub severity: Severity,
    /// The word for it in conditions.
    pub reason: Reason,
}

/// A resource as it would be.
#[derive(Clone, Debug)]
pub struct Preview {
    /// Its conditions, `Ready` first.
    pub conditions: Vec<Condition>,
    /// Everything that is to be said of it, errors first.
    pub findings: Vec<Finding>,
    /// Its revision.
    pub revision: String,
}

/// An object that refers to another one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Use {
    /// Its kind.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// The field that refers, such as `spec.modelRef`.
    pub path: String,
}

impl View {
    /// Who refers to an object: by what the files say now, and by what serves where that is another version.
    pub fn uses(&self, kind: Kind, name: &str) -> Vec<Use> {
        let mut uses = Vec::new();
        for entry in Kind::ALL.into_iter().flat_map(|kind| self.list(kind)) {
            for resource in entry.newest.iter().chain(&entry.resource) {
                let referring = troupe_rules::references(resource).objects.into_iter();
                let referring = referring.filter(|reference| reference.kind == kind && reference.name == name);
                uses.extend(referring.map(|reference| Use {
                    kind: entry.kind,
                    name: entry.name.as_ref().to_owned(),
                    path: reference.path,
                }));
            }
        }
        uses.sort();
        uses.dedup();
        uses
    }

    fn dangling(&self, own: (Kind, &str), reference: &Reference) -> Option<Finding> {
        let Reference { path, kind, name } = reference;
        if own == (*kind, name.as_str()) {
            return None;
        }
        let (reason, message) = match self.get(*kind, name) {
            None => (Reason::ReferenceNotFound, not_there(*kind, name)),
            Some(entry) if entry.resource.is_none() => (Reason::ReferenceNotReady, not_ready(*kind, name)),
            Some(_) => return None,
        };
        Some(Finding { path: path.clone(), message, severity: Severity::Error, reason })
    }
}

impl Catalog {
    /// What would be said of a resource that is valid in itself.
    pub async fn preview(&self, resource: &Resource) -> Preview {
        let view = self.view();
        let mut findings: Vec<Finding> = self.refusals(&view, resource);
        findings.extend(self.unknown_revision(&view, resource).await);
        let own = resource.kind().map(|kind| (kind, resource.name()));
        let used = troupe_rules::references(resource);
        let dangling = own.into_iter().flat_map(|own| {
            used.objects.iter().filter_map({
                let view = &view;
                move |reference| view.dangling(own, reference)
            })
        });
        findings.extend(dangling);
        findings.extend(self.lacking_secrets(&used));
        findings.extend(differing_names(resource));
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        Preview { conditions: conditions(resource, &findings), findings, revision: check::revision(resource) }
    }

    /// What keeps it from serving, whatever it refers to.
    fn refusals(&self, view: &View, resource: &Resource) -> Vec<Finding> {
        let mut findings = Vec::new();
        let owner = resource.kind().and_then(|kind| {
            let taken = |entry: &&std::sync::Arc<Entry>| *entry.id == *resource.id() && *entry.name != *resource.name();
            view.list(kind).find(taken)
        });
        if let Some(owner) = owner {
            findings.push(Finding {
                path: "metadata.annotations".to_owned(),
                message: format!("id {:?} is {:?}'s already: give it another", resource.id(), owner.name),
                severity: Severity::Error,
                reason: Reason::DuplicateId,
            });
        }
        if check::is_suspended(resource) {
            findings.push(Finding {
                path: "spec.suspend".to_owned(),
                message: "is true: remove it to serve again".to_owned(),
                severity: Severity::Warning,
                reason: Reason::Suspended,
            });
        }
        let unsupported = not_supported(resource, self.served());
        let of_folder = check::unsupported(resource, self.served(), self.cluster().is_some());
        let others = of_folder.filter(|violation| !unsupported.contains(violation));
        findings.extend(unsupported.iter().cloned().chain(others).map(|Violation { path, message }| Finding {
            path,
            message,
            severity: Severity::Error,
            reason: Reason::NotSupported,
        }));
        findings
    }

    /// A published revision that nobody knows.
    async fn unknown_revision(&self, view: &View, resource: &Resource) -> Option<Finding> {
        let (kind, hash) = (resource.kind()?, check::published(resource)?);
        if troupe_rules::revision::is_named(&check::revision(resource), hash) {
            return None;
        }
        let need = Need { kind, name: resource.name().into(), revision: Some(hash.to_owned()) };
        // A version that was valid a moment ago may be on its way to the store.
        self.flush().await;
        if stored(view.revisions.as_ref(), &need).await.ok()?.is_some() {
            return None;
        }
        Some(Finding {
            path: "spec.publishedRevision".to_owned(),
            message: format!("revision {hash:?} is not known: use one that was served before, or remove the field"),
            severity: Severity::Error,
            reason: Reason::RevisionNotFound,
        })
    }

    /// Secrets without a value: what lacks one serves, and its calls fail.
    fn lacking_secrets(&self, used: &troupe_rules::References) -> Vec<Finding> {
        let lacking = |used: &troupe_rules::SecretUse| {
            let reference = SecretRef::Key { name: used.name.clone(), key: used.key.clone() };
            let error = self.value(&reference).err()?;
            Some(Finding {
                path: used.path.clone(),
                message: error.to_string(),
                severity: Severity::Warning,
                reason: Reason::SecretNotFound,
            })
        };
        used.secrets.iter().filter_map(lacking).collect()
    }
}

fn differing_names(resource: &Resource) -> Option<Finding> {
    let Resource::PromptTemplate(template) = resource else { return None };
    let message = troupe_rules::prompt_template::names(&template.spec).warning()?;
    let (path, severity) = ("spec.variables".to_owned(), Severity::Warning);
    Some(Finding { path, message, severity, reason: Reason::NamesDiffer })
}

/// The conditions that come of findings.
fn conditions(resource: &Resource, findings: &[Finding]) -> Vec<Condition> {
    use Reason::{
        DuplicateId, NamesDiffer, NotSupported, ReferenceNotFound, ReferenceNotReady, SecretNotFound, Suspended,
    };
    let about = |type_: ConditionType, reasons: &[Reason], good: Reason| {
        let found = findings.iter().find(|finding| reasons.contains(&finding.reason));
        let told = found.map(|finding| (finding.reason, format!("{}: {}", finding.path, finding.message)));
        let (reason, message) = told.unwrap_or((good, String::new()));
        Condition { type_, status: found.is_none(), reason, message }
    };
    let keeps = [
        DuplicateId,
        Suspended,
        NotSupported,
        Reason::RevisionNotFound,
        ReferenceNotFound,
        ReferenceNotReady,
        SecretNotFound,
    ];
    let mut conditions = vec![about(ConditionType::Ready, &keeps, Reason::Valid)];
    if matches!(resource, Resource::Agent(_) | Resource::Team(_) | Resource::Workflow(_)) {
        conditions.push(about(ConditionType::Resolved, &[ReferenceNotFound, ReferenceNotReady], Reason::Valid));
    }
    if matches!(resource, Resource::PromptTemplate(_)) {
        conditions.push(about(ConditionType::VariablesMatch, &[NamesDiffer], Reason::Valid));
    }
    if !troupe_rules::references(resource).secrets.is_empty() {
        conditions.push(about(ConditionType::SecretsResolved, &[SecretNotFound], Reason::SecretsFound));
    }
    conditions
}
