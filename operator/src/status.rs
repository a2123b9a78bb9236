//! Statuses: what is to be said of an object, whether it was said before, and saying it.

use k8s_openapi::{apimachinery::pkg::apis::meta::v1::Condition, jiff::Timestamp};
use serde_json::{Map, Value, json};
use troupe_crds::condition::{self, ConditionType, Observation};

use crate::{
    apply::ApplyError,
    context::Context,
    fingerprint::fingerprint,
    key::Key,
    object::{Object, ObservedStatus},
};

/// The conditions that the operator owns; others are the runtime's.
const OWNED: [ConditionType; 5] = [
    ConditionType::Ready,
    ConditionType::Resolved,
    ConditionType::Available,
    ConditionType::Progressing,
    ConditionType::VariablesMatch,
];

/// What is to be said of an object.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// Its conditions.
    pub conditions: Vec<Observation>,
    /// Other fields of its status; nulls are left out.
    pub fields: Map<String, Value>,
    /// The hash of the newest valid spec, where this one is valid.
    pub current_revision: Option<Box<str>>,
}

impl Report {
    /// A report with conditions only.
    pub fn new(conditions: impl Into<Vec<Observation>>) -> Self {
        Self { conditions: conditions.into(), ..Self::default() }
    }

    /// Adds a field.
    #[must_use]
    pub fn field(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.fields.insert(name.to_owned(), value.into());
        self
    }
}

/// What is written, and what is then known.
#[derive(Clone, Debug, PartialEq)]
pub struct Written {
    /// The operator's part of the status.
    pub status: Value,
    /// The whole status as far as it is remembered.
    pub known: ObservedStatus,
}

/// The status to write; none where it is there already.
pub fn compose(object: &Object, report: &Report, now: Timestamp) -> Option<Written> {
    let Object { identity, status, .. } = object;
    let mut conditions = status.conditions.clone();
    let reported = |type_: &str| report.conditions.iter().any(|condition| condition.type_.as_str() == type_);
    let owned = |type_: &str| OWNED.iter().any(|owned| owned.as_str() == type_);
    let before = conditions.len();
    conditions.retain(|condition| !owned(&condition.type_) || reported(&condition.type_));
    let mut changed = conditions.len() != before;
    for observation in &report.conditions {
        changed |= condition::set(&mut conditions, observation.clone(), identity.generation, now);
    }
    let mut fields = report.fields.clone();
    fields.retain(|_, value| !value.is_null());
    fields.insert("observedGeneration".to_owned(), json!(identity.generation));
    let current = report.current_revision.clone().or_else(|| status.current_revision.clone());
    if let Some(current) = &current {
        fields.insert("currentRevision".to_owned(), json!(current));
    }
    let print = fingerprint(&fields);
    if !changed && print == status.fields {
        return None;
    }
    let ours: Vec<&Condition> = conditions.iter().filter(|condition| owned(&condition.type_)).collect();
    fields.insert("conditions".to_owned(), json!(ours));
    let known =
        ObservedStatus { conditions, current_revision: current, fields: print, discovered: status.discovered.clone() };
    Some(Written { status: Value::Object(fields), known })
}

/// Writes a report, if there is anything new in it, and tells of `Ready` where it turned.
pub async fn write(context: &Context, key: &Key, object: &Object, report: &Report) -> Result<(), ApplyError> {
    let Some(Written { status, known }) = compose(object, report, context.now()) else { return Ok(()) };
    let version = match context.writer.status(key, &status).await {
        Ok(version) => version,
        // It was deleted meanwhile; the watch says so too.
        Err(error) if error.is_gone() => return Ok(()),
        Err(error) => return Err(error),
    };
    context.events.turned(key, object, &known).await;
    context.world.note_status(key, &object.identity.uid, version, known);
    Ok(())
}

#[cfg(test)]
mod tests {
    use troupe_crds::condition::Reason;

    use super::*;
    use crate::{object::Identity, ready, standing::Standing};

    fn object(status: ObservedStatus) -> Object {
        let identity = Identity { uid: "u".into(), generation: Some(3), ..Identity::default() };
        Object { identity, content: Err("".into()), status }
    }

    fn report(reason: Reason, message: &str) -> Report {
        let standing = Standing::new(reason, message);
        Report::new([ready::observation(ConditionType::Ready, &standing)]).field("model", "m")
    }

    #[test]
    fn the_same_report_is_written_once() {
        let now = Timestamp::from_second(1).unwrap();
        let first = compose(&object(ObservedStatus::default()), &report(Reason::Valid, ""), now).unwrap();
        assert_eq!(first.status["conditions"][0]["lastTransitionTime"], "1970-01-01T00:00:01Z");
        assert_eq!(first.status["observedGeneration"], 3);
        let known = object(first.known);
        let later = Timestamp::from_second(2).unwrap();
        assert_eq!(compose(&known, &report(Reason::Valid, ""), later), None);
        let turned = compose(&known, &report(Reason::Invalid, "spec: x"), later).unwrap();
        assert_eq!(turned.status["conditions"][0]["lastTransitionTime"], "1970-01-01T00:00:02Z");
    }

    #[test]
    fn conditions_of_the_runtime_are_neither_written_nor_forgotten() {
        let runtime = Observation {
            type_: ConditionType::SecretsResolved,
            status: condition::ConditionStatus::True,
            reason: Reason::SecretsFound,
            message: String::new(),
        };
        let mut status = ObservedStatus::default();
        condition::set(&mut status.conditions, runtime, None, Timestamp::UNIX_EPOCH);
        let written = compose(&object(status), &report(Reason::Valid, ""), Timestamp::UNIX_EPOCH).unwrap();
        let types: Vec<_> = written.known.conditions.iter().map(|condition| condition.type_.as_str()).collect();
        assert_eq!(types, ["Ready", "SecretsResolved"]);
        assert_eq!(written.status["conditions"].as_array().unwrap().len(), 1);
    }
}
