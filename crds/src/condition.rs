//! Conditions: their types and reasons, each declared once, and the one function that writes them.

use std::fmt;

use k8s_openapi::{
    apimachinery::pkg::apis::meta::v1::{Condition, Time},
    jiff::Timestamp,
};

macro_rules! names {
    ($(#[$doc:meta])* $type:ident { $($(#[$variant_doc:meta])* $variant:ident,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $type {
            $($(#[$variant_doc])* $variant,)+
        }

        impl $type {
            /// Every one, in the order in which they are declared.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The name as it stands in a status.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => stringify!($variant),)+
                }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(self.as_str())
            }
        }
    };
}

names! {
    /// What a condition is about.
    ConditionType {
        /// The object is served as it stands; only the operator writes it.
        Ready,
        /// Every Secret that is referred to is there; the runtime writes it.
        SecretsResolved,
        /// The endpoint answered lately; the runtime writes it.
        Reachable,
        /// The server's tools are known; the runtime writes it.
        Discovered,
        /// The published revision is in the store; the runtime writes it.
        RevisionResolved,
        /// What the object needs to run code safely is there; the runtime writes it, where it is not.
        SandboxReady,
        /// The workload has the pods that it should have.
        Available,
        /// The workload is changing.
        Progressing,
        /// Every object that is referred to is there.
        Resolved,
        /// The declared and the used names of a template are the same; false is a warning only.
        VariablesMatch,
    }
}

names! {
    /// Whether a condition holds.
    ConditionStatus {
        /// It holds.
        True,
        /// It does not hold.
        False,
        /// It is not known yet.
        Unknown,
    }
}

names! {
    /// Why a condition has its status.
    Reason {
        /// Everything that was checked is in order.
        Valid,
        /// The spec is wrong; the message names the field and the remedy.
        Invalid,
        /// An object that is referred to does not exist.
        ReferenceNotFound,
        /// An object that is referred to exists and is not Ready.
        ReferenceNotReady,
        /// An older object has the same id.
        DuplicateId,
        /// The published revision is unknown.
        RevisionNotFound,
        /// The published revision, or the newest valid one, is served.
        RevisionFound,
        /// A kind or field is not served yet.
        NotSupported,
        /// `suspend` is set.
        Suspended,
        /// A Secret or a key of it does not exist.
        SecretNotFound,
        /// The Secret exists and may not be read yet.
        SecretForbidden,
        /// Every Secret was read.
        SecretsFound,
        /// The last request was answered.
        Answered,
        /// The endpoint could not be connected to.
        ConnectionFailed,
        /// The endpoint refused the credentials.
        Unauthorized,
        /// The endpoint answered with an error.
        ErrorAnswered,
        /// The tools were listed.
        ToolsListed,
        /// Listing the tools failed.
        DiscoveryFailed,
        /// The work has not begun or is under way.
        Pending,
        /// The workload has the pods that it should have.
        WorkloadAvailable,
        /// Pods of the workload are missing.
        WorkloadUnavailable,
        /// Pods of the workload are being replaced.
        RollingOut,
        /// The workload is as it should be.
        RolledOut,
        /// A name is used and not declared, or declared and not used.
        NamesDiffer,
        /// The kernel lacks what the jail needs.
        SandboxUnavailable,
    }
}

/// A condition before it is known since when it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    /// What it is about.
    pub type_: ConditionType,
    /// Whether it holds.
    pub status: ConditionStatus,
    /// Why.
    pub reason: Reason,
    /// What to do, for people; empty where nothing is to be done.
    pub message: String,
}

/// Writes an observation into a list of conditions and says whether the list changed.
///
/// The transition time changes with the status alone, as Kubernetes defines it. Conditions of other types stay, since
/// others own them. The list stays sorted by type, so that equal states are equal lists.
pub fn set(
    conditions: &mut Vec<Condition>,
    observation: Observation,
    observed_generation: Option<i64>,
    now: Timestamp,
) -> bool {
    let Observation { type_, status, reason, message } = observation;
    let position = conditions.iter().position(|condition| condition.type_ == type_.as_str());
    let since = position
        .and_then(|position| conditions.get(position))
        .filter(|condition| condition.status == status.as_str())
        .map_or(Time(now), |condition| condition.last_transition_time.clone());
    let condition = Condition {
        type_: type_.as_str().to_owned(),
        status: status.as_str().to_owned(),
        reason: reason.as_str().to_owned(),
        message,
        observed_generation,
        last_transition_time: since,
    };
    match position.and_then(|position| conditions.get_mut(position)) {
        Some(present) if *present == condition => false,
        Some(present) => {
            *present = condition;
            true
        }
        None => {
            conditions.push(condition);
            conditions.sort_by(|left, right| left.type_.cmp(&right.type_));
            true
        }
    }
}

/// The condition of one type, where there is one.
pub fn get(conditions: &[Condition], type_: ConditionType) -> Option<&Condition> {
    conditions.iter().find(|condition| condition.type_ == type_.as_str())
}

/// Whether a condition is there and holds.
pub fn is_true(conditions: &[Condition], type_: ConditionType) -> bool {
    get(conditions, type_).is_some_and(|condition| condition.status == ConditionStatus::True.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ready(status: ConditionStatus, message: &str) -> Observation {
        Observation { type_: ConditionType::Ready, status, reason: Reason::Valid, message: message.to_owned() }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn the_transition_time_changes_with_the_status_only() {
        let mut conditions = Vec::new();
        assert!(set(&mut conditions, ready(ConditionStatus::False, "a"), Some(1), at(1)));
        assert!(set(&mut conditions, ready(ConditionStatus::False, "b"), Some(2), at(2)));
        assert_eq!(conditions[0].last_transition_time, Time(at(1)));
        assert_eq!((conditions[0].message.as_str(), conditions[0].observed_generation), ("b", Some(2)));
        assert!(set(&mut conditions, ready(ConditionStatus::True, "b"), Some(2), at(3)));
        assert_eq!(conditions[0].last_transition_time, Time(at(3)));
        assert!(is_true(&conditions, ConditionType::Ready));
    }

    #[test]
    fn the_same_observation_changes_nothing() {
        let mut conditions = Vec::new();
        assert!(set(&mut conditions, ready(ConditionStatus::True, ""), Some(1), at(1)));
        let before = conditions.clone();
        assert!(!set(&mut conditions, ready(ConditionStatus::True, ""), Some(1), at(9)));
        assert_eq!(conditions, before);
    }

    #[test]
    fn conditions_of_other_types_stay_and_the_list_is_sorted() {
        let mut conditions = Vec::new();
        let reachable = Observation {
            type_: ConditionType::Reachable,
            status: ConditionStatus::Unknown,
            reason: Reason::Pending,
            message: String::new(),
        };
        assert!(set(&mut conditions, ready(ConditionStatus::True, ""), None, at(1)));
        assert!(set(&mut conditions, reachable, None, at(1)));
        let types: Vec<_> = conditions.iter().map(|condition| condition.type_.as_str()).collect();
        assert_eq!(types, ["Reachable", "Ready"]);
    }
}
