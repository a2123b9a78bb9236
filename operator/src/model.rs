//! Models: nothing is made for them, their status is all.

use troupe_crds::Kind;

use crate::{
    context::Context,
    controller::{Controller, ReconcileError},
    key::Key,
    namespace::Entry,
    ready::ready,
    report,
    status::Report,
};

/// The controller of Models.
pub struct ModelController;

impl Controller for ModelController {
    const KIND: Kind = Kind::Model;

    async fn reconcile(&self, context: &Context, key: &Key) -> Result<(), ReconcileError> {
        report::reconcile(context, key, |_, entry| of(entry)).await
    }
}

/// The status of a Model.
pub fn of(entry: &Entry) -> Report {
    Report::new([ready(&entry.standing, &entry.object.status)])
}
