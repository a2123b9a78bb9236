//! Tools: nothing is made for them, their status is all.

use troupe_crds::Kind;

use crate::{
    context::Context,
    controller::{Controller, ReconcileError},
    facts::Detail,
    key::Key,
    namespace::Entry,
    ready::ready,
    report::{self, with_revisions},
    status::Report,
};

/// The controller of Tools.
pub struct ToolController;

impl Controller for ToolController {
    const KIND: Kind = Kind::Tool;

    async fn reconcile(&self, context: &Context, key: &Key) -> Result<(), ReconcileError> {
        report::reconcile(context, key, |_, entry| of(entry)).await
    }
}

/// The status of a Tool.
pub fn of(entry: &Entry) -> Report {
    let type_ = entry.facts().and_then(|facts| match &facts.detail {
        Detail::Tool { type_, .. } => Some(*type_),
        _ => None,
    });
    let report = Report::new([ready(&entry.standing, &entry.object.status)]);
    with_revisions(report.field("type", type_.filter(|type_| !type_.is_empty())), entry)
}
