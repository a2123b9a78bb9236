//! What creates and appends do to runs' rows, made ready for the batch.

use troupe_core::event::{Event, VERSION};
use troupe_core::id::Timestamp;
use troupe_core::model::Usage;
use troupe_core::port::{Append, Lease, NewRun, RunState, StateChange};

use super::signed;
use crate::journal::JournalPart;
use crate::rows::{Cell, Rows};

/// The row of a new run.
pub(crate) struct RunPart {
    pub(crate) session: Option<String>,
    kind: String,
    target: String,
    model: String,
    owner: String,
    state: RunState,
    snapshot: String,
    version: i64,
    lease: Option<Lease>,
    last: i64,
    /// Of a run that is over at once.
    outcome: Option<String>,
}

impl RunPart {
    /// The row of `run`, whose last event has the number `last`.
    pub(crate) fn new(run: &NewRun, last: i64) -> Self {
        let agent = run.snapshot.snapshot.agent();
        let version = run.events.iter().find_map(|recorded| match &recorded.event {
            Event::RunAccepted(accepted) => Some(accepted.version),
            _ => None,
        });
        Self {
            session: run.session.as_ref().map(|session| session.id.clone()),
            kind: run.kind.clone(),
            target: run.target.clone(),
            model: agent.and_then(|agent| agent.models.first()).map_or_else(String::new, |model| model.name.clone()),
            owner: run.owner.clone(),
            state: run.state,
            snapshot: run.snapshot.hash.0.clone(),
            version: version.unwrap_or(VERSION).into(),
            // As with an append: a state other than running gives up the lease.
            lease: run.lease.clone().filter(|_| run.state == RunState::Running),
            last,
            outcome: run.events.iter().find_map(|recorded| match &recorded.event {
                // An outcome is made of texts and JSON values, which can always be written.
                Event::RunFinished { outcome } if recorded.run == run.root => serde_json::to_string(outcome).ok(),
                _ => None,
            }),
        }
    }

    /// It holds its session from the start.
    pub(crate) fn is_active(&self) -> bool {
        matches!(self.state, RunState::Running | RunState::Waiting)
    }

    /// Adds the row.
    pub(crate) fn push(&self, rows: &mut Rows, id: &str, now: Timestamp) {
        let lease = self.lease.as_ref();
        rows.push(&[
            id.into(),
            self.kind.as_str().into(),
            self.target.as_str().into(),
            self.model.as_str().into(),
            self.owner.as_str().into(),
            self.session.as_deref().into(),
            self.state.as_str().into(),
            self.snapshot.as_str().into(),
            self.version.into(),
            lease.map(|lease| lease.owner.as_str()).into(),
            lease.map_or(0, |lease| lease.expires_at).into(),
            lease.map_or(0, |lease| lease.epoch).into(),
            self.last.into(),
            now.into(),
            (!matches!(self.state, RunState::Draft | RunState::Queued)).then_some(now).into(),
            self.outcome.as_deref().into(),
            self.state.is_terminal().then_some(now).into(),
        ]);
    }
}

/// What an append changes of a run's row.
pub(crate) struct RunChange {
    /// The writer's epoch.
    pub(crate) epoch: i64,
    /// When.
    pub(crate) at: Timestamp,
    last: Option<i64>,
    state: Option<StateChange>,
    outcome: Option<String>,
}

impl RunChange {
    /// The change that `append` makes with its `journal`.
    pub(crate) fn new(append: &Append, journal: Option<&JournalPart>) -> Self {
        let at = append.state.as_ref().map(|state| state.at);
        let at = at.or_else(|| append.events.last().map(|event| event.at));
        let at = at.or_else(|| append.sessions.last().map(|session| session.at));
        let outcome = append.state.as_ref().and_then(|state| state.outcome.as_ref());
        Self {
            epoch: append.epoch,
            at: at.unwrap_or(0),
            last: journal.map(|journal| journal.last),
            state: append.state.clone(),
            // An outcome is made of texts and JSON values, which can always be written.
            outcome: outcome.and_then(|outcome| serde_json::to_string(outcome).ok()),
        }
    }

    /// Adds the change.
    pub(crate) fn push(&self, rows: &mut Rows, id: &str) {
        let state = self.state.as_ref();
        let tokens =
            |count: fn(&Usage) -> u64| -> Cell<'static> { state.map(|state| signed(count(&state.usage))).into() };
        rows.push(&[
            id.into(),
            self.last.into(),
            self.at.into(),
            state.map(|state| state.state.as_str()).into(),
            self.outcome.as_deref().into(),
            tokens(|usage| usage.input_tokens),
            tokens(|usage| usage.output_tokens),
            tokens(|usage| usage.cached_tokens),
            tokens(|usage| usage.cache_write_tokens),
            tokens(|usage| usage.reasoning_tokens),
            tokens(|usage| usage.estimated.into()),
            state.map(|state| state.cost).into(),
            state.and_then(|state| state.wake_at).into(),
            state.filter(|state| state.state.is_terminal()).map(|state| state.at).into(),
        ]);
    }
}
