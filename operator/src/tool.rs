//! Tools: nothing is made for them, their status is all.

use crate::{facts::Detail, namespace::Entry, ready::ready, report::with_revisions, status::Report};

/// The status of a Tool.
pub fn of(entry: &Entry) -> Report {
    let type_ = entry.facts().and_then(|facts| match &facts.detail {
        Detail::Tool { type_, .. } => Some(*type_),
        _ => None,
    });
    let report = Report::new([ready(&entry.standing, &entry.object.status)]);
    with_revisions(report.field("type", type_.filter(|type_| !type_.is_empty())), entry)
}
