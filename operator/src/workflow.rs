//! Workflows: nothing is made for them, their status is all.

use troupe_crds::Kind;

use crate::{
    agent::encoded,
    context::Context,
    controller::{Controller, ReconcileError},
    facts::Detail,
    key::Key,
    names,
    namespace::Entry,
    ready::{ready, resolved},
    report::{self, with_revisions},
    status::Report,
};

/// The controller of Workflows.
pub struct WorkflowController;

impl Controller for WorkflowController {
    const KIND: Kind = Kind::Workflow;

    async fn reconcile(&self, context: &Context, key: &Key) -> Result<(), ReconcileError> {
        report::reconcile(context, key, |_, entry| of(key, entry)).await
    }
}

/// The status of a Workflow.
pub fn of(key: &Key, entry: &Entry) -> Report {
    let report = Report::new([ready(&entry.standing, &entry.object.status), resolved(&entry.standing)]);
    let url =
        format!("{}/v1/workflows/{}/runs", names::runtime_url(&key.namespace), encoded(&entry.object.identity.id));
    let nodes = entry.facts().and_then(|facts| match facts.detail {
        Detail::Workflow { nodes } => Some(nodes),
        _ => None,
    });
    with_revisions(report.field("url", url).field("nodeCount", nodes), entry)
}
