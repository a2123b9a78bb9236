//! What the engine writes into a run's row: its first lease, and its state.

use super::Inner;
use crate::event::{Event, Outcome, Recorded};
use crate::id::RunId;
use crate::port::{Lease, RunState};

/// A lease of `engine` with the first epoch.
pub(super) fn first_lease(engine: &Inner) -> Lease {
    Lease { owner: engine.options.owner.clone(), epoch: 1, expires_at: engine.lease_until() }
}

/// The state of a run's row after these events of its root.
pub(super) fn row_state(waiting: bool, events: &[Recorded], root: RunId) -> Option<RunState> {
    let finished =
        events.iter().rev().filter(|recorded| recorded.run == root).find_map(|recorded| match &recorded.event {
            Event::RunFinished { outcome } => Some(outcome),
            _ => None,
        });
    match finished {
        Some(Outcome::Completed { .. }) => Some(RunState::Completed),
        Some(Outcome::Failed { .. }) => Some(RunState::Failed),
        Some(Outcome::Cancelled { .. }) => Some(RunState::Cancelled),
        None => waiting.then_some(RunState::Waiting),
    }
}
