//! Teams: nothing is made for them, their status is all.

use troupe_crds::Kind;

use crate::{
    agent::encoded,
    context::Context,
    controller::{Controller, ReconcileError},
    key::Key,
    names,
    namespace::Entry,
    ready::{ready, resolved},
    report::{self, with_revisions},
    status::Report,
};

/// The controller of Teams.
pub struct TeamController;

impl Controller for TeamController {
    const KIND: Kind = Kind::Team;

    async fn reconcile(&self, context: &Context, key: &Key) -> Result<(), ReconcileError> {
        report::reconcile(context, key, |_, entry| of(key, entry)).await
    }
}

/// The status of a Team.
pub fn of(key: &Key, entry: &Entry) -> Report {
    let report = Report::new([ready(&entry.standing, &entry.object.status), resolved(&entry.standing)]);
    let url = format!("{}/v1/teams/{}/runs", names::runtime_url(&key.namespace), encoded(&entry.object.identity.id));
    with_revisions(report.field("url", url), entry)
}
