//! Models: nothing is made for them, their status is all.

use crate::{namespace::Entry, ready::ready, status::Report};

/// The status of a Model.
pub fn of(entry: &Entry) -> Report {
    Report::new([ready(&entry.standing, &entry.object.status)])
}
