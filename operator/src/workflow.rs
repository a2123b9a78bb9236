//! Workflows: nothing is made for them, their status is all.

use crate::{
    facts::Detail,
    key::Key,
    names,
    namespace::Entry,
    ready::{ready, resolved},
    report::with_revisions,
    status::Report,
};

/// The status of a Workflow.
pub fn of(key: &Key, entry: &Entry) -> Report {
    let report = Report::new([ready(&entry.standing, &entry.object.status), resolved(&entry.standing)]);
    let url = names::runs_url(key, &entry.object.identity.id);
    let nodes = entry.facts().and_then(|facts| match facts.detail {
        Detail::Workflow { nodes } => Some(nodes),
        _ => None,
    });
    with_revisions(report.field("url", url).field("nodeCount", nodes), entry)
}
