//! A rule that a resource breaks, and the list that checks add to.

use troupe_crds::{FieldError, cel::CelRule};

/// A rule that a resource breaks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {message}")]
pub struct Violation {
    /// Path of the field, such as `spec.nodes[2].config.expression`.
    pub path: String,
    /// What is wrong, and what to write instead.
    pub message: String,
}

impl From<FieldError> for Violation {
    fn from(FieldError { path, message }: FieldError) -> Self {
        Self { path, message }
    }
}

/// The violations found so far.
#[derive(Debug, Default)]
pub struct Findings {
    violations: Vec<Violation>,
}

impl Findings {
    /// Adds a violation.
    pub fn add(&mut self, path: impl Into<String>, message: impl Into<String>) {
        self.violations.push(Violation { path: path.into(), message: message.into() });
    }

    /// Adds the message of a CEL rule that does not hold.
    pub fn require(&mut self, holds: bool, path: &str, rule: CelRule) {
        if !holds {
            self.add(path, rule.message);
        }
    }

    /// Adds the message of a one-of rule unless exactly one of its fields is there.
    pub fn require_one(&mut self, present: &[bool], path: &str, rule: CelRule) {
        self.require(present.iter().filter(|present| **present).count() == 1, path, rule);
    }

    /// The violations in the order in which they were found.
    pub fn into_violations(self) -> Vec<Violation> {
        self.violations
    }
}
