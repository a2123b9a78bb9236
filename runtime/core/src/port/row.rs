//! What goes into the store of runs and comes out of it.

use serde_json::{Map, Value};

use crate::agent::PinnedSnapshot;
use crate::event::{Outcome, Recorded};
use crate::id::{ContentHash, RunId, Timestamp};
use crate::model::Usage;
use crate::session::Turn;

/// A run as it is created, together with everything that was decided at once.
#[derive(Clone, Debug)]
pub struct NewRun {
    /// Its id: the root of a tree.
    pub root: RunId,
    /// The snapshot; stored if it is not there yet.
    pub snapshot: PinnedSnapshot,
    /// The session, created if it is not there yet.
    pub session: Option<NewRunSession>,
    /// What the caller called it by, so that the same call answers with the same run.
    pub idempotency: Option<Idempotency>,
    /// Who may see it; empty in folder mode.
    pub owner: String,
    /// The kind of its target: `agent`, or `adhoc`.
    pub kind: String,
    /// The target's name; the model's for an ad-hoc composition.
    pub target: String,
    /// The state to begin in: [`RunState::Running`] with a lease, or [`RunState::Queued`] or [`RunState::Draft`].
    pub state: RunState,
    /// The lease, for a run that begins at once.
    pub lease: Option<Lease>,
    /// Its first events, `RunAccepted` first.
    pub events: Vec<Recorded>,
    /// Turns that the first events put into the session.
    pub turns: Vec<Turn>,
    /// When it was created.
    pub now: Timestamp,
}

/// The session of a new run.
#[derive(Clone, Debug)]
pub struct NewRunSession {
    /// Its id.
    pub id: String,
    /// Whether it is created with this run; false = it exists.
    pub create: bool,
    /// The title of a created one.
    pub title: String,
    /// The session whose run's call made it (S1-123).
    pub parent: Option<String>,
    /// What the session's index says of its last run: S1's `model_id`, `agent_id`, `tool_ids`, `workspace`.
    pub meta: Map<String, Value>,
}

/// An idempotency key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idempotency {
    /// Caller and route.
    pub scope: String,
    /// The key.
    pub key: String,
    /// The hash of the request's body: the same key with another body is refused.
    pub body: ContentHash,
}

/// A lease on a run's tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The replica's id and address.
    pub owner: String,
    /// The number that fences appends: each claim raises it.
    pub epoch: i64,
    /// Until when it holds.
    pub expires_at: Timestamp,
}

/// What [`RunStore::create`] did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Created {
    /// The run is there.
    New,
    /// The same call was made before; this is its run.
    Existing(RunId),
}

/// The state of a run's row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunState {
    /// Kept, not queued.
    Draft,
    /// Waits for a slot or for its session.
    Queued,
    /// Owned by a replica.
    Running,
    /// Waits for a person, the caller or a time.
    Waiting,
    /// Answered.
    Completed,
    /// Could not go on.
    Failed,
    /// Ended by someone.
    Cancelled,
}

impl RunState {
    /// The word that is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Reads the word back.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Draft, Self::Queued, Self::Running, Self::Waiting, Self::Completed, Self::Failed, Self::Cancelled]
            .into_iter()
            .find(|state| state.as_str() == word)
    }

    /// Over.
    pub fn is_terminal(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }
}

/// Events appended to one tree's journal, with what changes in the same transaction.
#[derive(Clone, Debug)]
pub struct Append {
    /// The tree.
    pub root: RunId,
    /// The epoch of the writer's lease; another one in the row refuses the append.
    pub epoch: i64,
    /// The events, in order, following the journal's last.
    pub events: Vec<Recorded>,
    /// Snapshots that the events name for the first time (ad-hoc children).
    pub snapshots: Vec<PinnedSnapshot>,
    /// The run row's new state, where it changes. A state other than running gives up the lease.
    pub state: Option<StateChange>,
    /// Turns for sessions, in order.
    pub sessions: Vec<SessionWrite>,
}

/// The new state of a run's row.
#[derive(Clone, Debug, PartialEq)]
pub struct StateChange {
    /// The state.
    pub state: RunState,
    /// How it ended, when it did.
    pub outcome: Option<Outcome>,
    /// The tree's tokens so far.
    pub usage: Usage,
    /// The tree's cost so far, in micro-units.
    pub cost: i64,
    /// When the run should be looked at again though nothing came (approval time-outs).
    pub wake_at: Option<Timestamp>,
    /// When it changed.
    pub at: Timestamp,
}

/// Turns for one session.
#[derive(Clone, Debug, PartialEq)]
pub struct SessionWrite {
    /// The session; created if it is not there and `create` says so (sub-agents' sessions).
    pub session: String,
    /// What to create it with.
    pub create: Option<SessionSeed>,
    /// The turns, in order, each later than the session's last.
    pub turns: Vec<Turn>,
    /// The tokens of the last model call, for the index (`last_total_tokens`).
    pub last_total_tokens: Option<u64>,
    /// S1's status of the session after this write, where it changes: `streaming`, `done_success_unread`,
    /// `done_error_unread`, `idle`; or `waiting` for an approval, an answer, or a client's tool.
    pub status: Option<String>,
    /// When it was written.
    pub at: Timestamp,
}

/// What a sub-agent's session is created with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionSeed {
    /// Its title.
    pub title: String,
    /// The session that it belongs to.
    pub parent: String,
}

/// A run's tree as it is read back.
#[derive(Clone, Debug)]
pub struct Journal {
    /// The tree.
    pub root: RunId,
    /// Its row's state.
    pub state: RunState,
    /// Its row's epoch.
    pub epoch: i64,
    /// Every event, in order.
    pub events: Vec<Recorded>,
}

/// A run that was claimed.
#[derive(Clone, Debug)]
pub struct Claim {
    /// Its journal.
    pub journal: Journal,
    /// The lease under which it is now owned.
    pub lease: Lease,
}

/// The runs that no replica works on, with the sessions that they belong to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Census {
    /// Runs that wait for a person, the caller or a time: their sessions are busy.
    pub waiting: Vec<(RunId, Option<String>)>,
    /// Runs in the queue.
    pub queued: Vec<(RunId, Option<String>)>,
}
