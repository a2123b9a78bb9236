//! PromptTemplates: their status shows the gaps, and warns where declared and used names differ.

use troupe_crds::condition::{ConditionStatus, ConditionType, Observation, Reason};

use crate::{facts::Detail, namespace::Entry, ready::ready, report::with_revisions, status::Report};

/// The status of a PromptTemplate.
pub fn of(entry: &Entry) -> Report {
    let mut report = Report::new([ready(&entry.standing, &entry.object.status)]);
    if let Some(Detail::PromptTemplate { placeholders, warning }) = entry.facts().map(|facts| &facts.detail) {
        let names: Vec<String> = placeholders.iter().map(ToString::to_string).collect();
        report = report.field("placeholders", names);
        report.conditions.push(Observation {
            type_: ConditionType::VariablesMatch,
            status: if warning.is_none() { ConditionStatus::True } else { ConditionStatus::False },
            reason: if warning.is_none() { Reason::Valid } else { Reason::NamesDiffer },
            message: warning.as_deref().unwrap_or_default().to_owned(),
        });
    }
    with_revisions(report, entry)
}
