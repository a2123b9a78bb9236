//! Teams: nothing is made for them, their status is all.

use crate::{
    key::Key,
    names,
    namespace::Entry,
    ready::{ready, resolved},
    report::with_revisions,
    status::Report,
};

/// The status of a Team.
pub fn of(key: &Key, entry: &Entry) -> Report {
    let report = Report::new([ready(&entry.standing, &entry.object.status), resolved(&entry.standing)]);
    let url = names::runs_url(key, &entry.object.identity.id);
    with_revisions(report.field("url", url), entry)
}
