//! `Ready`: an object's standing, and then what is true of it at the moment.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use troupe_crds::condition::{self, ConditionStatus, ConditionType, Observation, Reason};

use crate::{object::ObservedStatus, standing::Standing};

/// What the runtime sees at the moment; where it has not looked yet, nothing counts against the object.
const MOMENTARY: [ConditionType; 2] = [ConditionType::Discovered, ConditionType::Reachable];

/// Reasons that the runtime gives.
const RUNTIME_REASONS: [Reason; 9] = [
    Reason::SecretNotFound,
    Reason::SecretForbidden,
    Reason::RevisionNotFound,
    Reason::ConnectionFailed,
    Reason::Unauthorized,
    Reason::ErrorAnswered,
    Reason::DiscoveryFailed,
    Reason::SandboxUnavailable,
    Reason::NotSupported,
];

/// The standing that a condition of the runtime stands for.
pub fn from_condition(condition: &Condition) -> Standing {
    let reason = RUNTIME_REASONS.into_iter().find(|reason| reason.as_str() == condition.reason);
    Standing::new(reason.unwrap_or(Reason::Pending), condition.message.as_str())
}

/// The condition `Ready` of an object.
pub fn ready(standing: &Standing, status: &ObservedStatus) -> Observation {
    let denied = || {
        let denied = |type_| condition::get(&status.conditions, type_).filter(|condition| condition.status == "False");
        MOMENTARY.into_iter().find_map(denied).map(from_condition)
    };
    let standing = if standing.is_good() { denied().unwrap_or_default() } else { standing.clone() };
    observation(ConditionType::Ready, &standing)
}

/// The condition `Resolved` of an object that is made of others.
pub fn resolved(standing: &Standing) -> Observation {
    match standing.reason {
        Reason::ReferenceNotFound | Reason::ReferenceNotReady => observation(ConditionType::Resolved, standing),
        Reason::Invalid => Observation {
            type_: ConditionType::Resolved,
            status: ConditionStatus::Unknown,
            reason: Reason::Invalid,
            message: "references are looked at when the spec is valid".to_owned(),
        },
        _ => observation(ConditionType::Resolved, &Standing::default()),
    }
}

/// The longest message, in bytes: Kubernetes takes 32768, people read less.
const MAX_MESSAGE: usize = 2_000;

fn shortened(message: &str) -> String {
    match message.get(..message.floor_char_boundary(MAX_MESSAGE)) {
        Some(start) if start.len() < message.len() => format!("{start}…"),
        _ => message.to_owned(),
    }
}

/// A standing as a condition.
pub fn observation(type_: ConditionType, standing: &Standing) -> Observation {
    Observation {
        type_,
        status: if standing.is_good() { ConditionStatus::True } else { ConditionStatus::False },
        reason: standing.reason,
        message: shortened(&standing.message),
    }
}
