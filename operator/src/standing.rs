//! Whether an object can be served, and why not: what its referrers depend on.

use troupe_crds::condition::Reason;
use troupe_rules::Violation;

/// Whether an object can be served as it stands; the default is that it can.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// `Valid` where it can be served.
    pub reason: Reason,
    /// What to do; empty where nothing is to be done.
    pub message: Box<str>,
}

impl Default for Standing {
    fn default() -> Self {
        Self { reason: Reason::Valid, message: Box::default() }
    }
}

impl Standing {
    /// A standing with a message.
    pub fn new(reason: Reason, message: impl Into<Box<str>>) -> Self {
        Self { reason, message: message.into() }
    }

    /// The first of several violations, and how many more there are; none where there are none.
    pub fn first(reason: Reason, violations: &[Violation]) -> Option<Self> {
        let first = violations.first()?;
        let message = match violations.len() - 1 {
            0 => first.to_string(),
            more => format!("{first} (and {more} more)"),
        };
        Some(Self::new(reason, message))
    }

    /// Whether the object can be served.
    pub fn is_good(&self) -> bool {
        self.reason == Reason::Valid
    }
}
