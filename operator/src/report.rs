//! The way of every kind for which nothing is made: fetch, report, write.

use troupe_crds::Kind;

use crate::{
    context::Context,
    controller::{Controller, ReconcileError},
    facts::Facts,
    key::Key,
    namespace::{Entry, Namespace},
    status::{self, Report},
};

/// The controller of a kind for which nothing is made: its status is all.
pub struct StatusController {
    /// The kind.
    pub kind: Kind,
    /// What is to be said of an object.
    pub report: fn(&Key, &Namespace, &Entry) -> Report,
}

impl Controller for StatusController {
    fn kind(&self) -> Kind {
        self.kind
    }

    /// Writes what is to be said of an object, unless it is gone, going, or its namespace is.
    async fn reconcile(&self, context: &Context, key: &Key) -> Result<(), ReconcileError> {
        let found = context.world.read(&key.namespace, |namespace| {
            let entry = namespace.get(key.kind, &key.name).filter(|entry| !entry.object.identity.deleting)?;
            (!namespace.terminating).then(|| (entry.object.clone(), (self.report)(key, namespace, entry)))
        });
        let Some((object, report)) = found else { return Ok(()) };
        Ok(status::write(context, key, &object, &report).await?)
    }
}

/// Adds the revisions of a kind that has them: the newest valid one, and the one that is served.
#[must_use]
pub fn with_revisions(mut report: Report, entry: &Entry) -> Report {
    let newest = entry.facts().filter(|facts| !facts.invalid);
    report.current_revision = newest.map(|facts| facts.hash.clone());
    // An invalid edit leaves in service what was served before it.
    let published = newest.map(Facts::published).or(entry.object.status.current_revision.as_deref());
    report.field("publishedRevision", published)
}
