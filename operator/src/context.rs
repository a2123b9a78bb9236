//! What every controller works with.

use std::sync::Arc;

use k8s_openapi::jiff::Timestamp;

use crate::{apply::Writer, event::Events, metrics::Metrics, reviewers::Reviewers, settings::Settings, world::World};

/// What every controller works with.
pub struct Context {
    /// What was observed.
    pub world: Arc<World>,
    /// The way to write.
    pub writer: Writer,
    /// The way to tell people.
    pub events: Events,
    /// Who may have tokens reviewed.
    pub reviewers: Reviewers,
    /// What was asked for at the start.
    pub settings: Settings,
    /// What is counted.
    pub metrics: Metrics,
    /// The clock; tests have their own.
    pub clock: fn() -> Timestamp,
}

impl Context {
    /// The time.
    pub fn now(&self) -> Timestamp {
        (self.clock)()
    }
}

/// The system's clock.
#[expect(clippy::disallowed_methods, reason = "this is the one place that the others take the time from")]
pub fn system_clock() -> Timestamp {
    Timestamp::now()
}
