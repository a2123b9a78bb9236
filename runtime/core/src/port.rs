//! The traits through which the outside enters. Adapters implement them; tests do so in memory.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

use crate::agent::PinnedSnapshot;
use crate::event::{Outcome, Recorded};
use crate::id::{CallId, ContentHash, RunId, Timestamp};
use crate::message::Media;
use crate::model::{ModelError, ModelEvent, ModelRequest, ModelSnapshot, SecretRef, Usage};
use crate::session::{SessionContext, Turn};
use crate::tool::{ToolResult, ToolSnapshot};

/// Tells the time. The only source of it: what the core decides depends on events' times alone.
pub trait Clock: Send + Sync {
    /// Microseconds since the Unix epoch.
    fn now(&self) -> Timestamp;
}

/// A streamed answer. Dropping it ends the call.
pub type ModelStream = BoxStream<'static, Result<ModelEvent, ModelError>>;

/// Asks models.
#[async_trait]
pub trait ModelClient: Send + Sync {
    /// Begins a call; waits for the model's own limits first. One attempt: retries and fallbacks are the engine's.
    /// The stream ends after [`ModelEvent::Finished`] (and perhaps a late usage); an answer that breaks off ends with
    /// an error, never silently.
    async fn stream(&self, request: ModelRequest) -> Result<ModelStream, ModelError>;
}

/// Where and for whom a tool is called.
#[derive(Clone, Debug)]
pub struct ToolContext {
    /// The run that calls.
    pub run: RunId,
    /// The root of its tree: what `forced` kills belongs to one of these.
    pub root: RunId,
    /// The call.
    pub call: CallId,
    /// The session, where the run has one.
    pub session: Option<String>,
    /// The folder that tools work in: the request's, or the agent's place in the workspace.
    pub workspace: Option<PathBuf>,
    /// The tools may not write there.
    pub read_only: bool,
    /// The folder of the skill that is open: the default working directory of what is run.
    pub directory: Option<PathBuf>,
    /// Who asked; empty in folder mode.
    pub user: String,
    /// The id of the request, sent on.
    pub request_id: Option<String>,
    /// Cancelled when the run is, or when nobody waits for the result any more.
    pub cancel: CancellationToken,
}

/// Calls tools, all kinds but those that the engine performs itself (agents, delegates, the caller's own).
#[async_trait]
pub trait ToolClient: Send + Sync {
    /// Makes one call. Never fails as a whole: what goes wrong is an error result that the model reads. Returns
    /// promptly when `context.cancel` is, having ended what it began. Keeps the tool's own time limit.
    async fn call(&self, tool: &ToolSnapshot, arguments: Map<String, Value>, context: ToolContext) -> ToolResult;
}

/// Finds the models that an ad-hoc sub-agent may name (S1-116).
pub trait ModelDirectory: Send + Sync {
    /// The model with this name or id, with its fallbacks; a name wins over an id.
    fn models(&self, id: &str) -> Option<Vec<Arc<ModelSnapshot>>>;
}

/// Reads media that a model names (S1-116: path, URL or base64) into what can be pinned.
#[async_trait]
pub trait MediaSource: Send + Sync {
    /// The image at `reference`; a path is taken within `workspace`. The error says what is wrong with it.
    async fn image(&self, reference: &str, workspace: Option<&std::path::Path>) -> Result<Media, String>;
}

/// Reads secrets at use.
#[async_trait]
pub trait SecretSource: Send + Sync {
    /// The value, or what is missing, in words that name the Secret and the key.
    async fn secret(&self, reference: &SecretRef) -> Result<Arc<str>, SecretError>;
}

/// A secret that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// No such Secret, or no such key in it.
    #[error("secret {name:?} has no key {key:?}; add it, or set {variable}")]
    Missing {
        /// The Secret's name.
        name: String,
        /// The key.
        key: String,
        /// The environment variable that would give it in folder mode.
        variable: String,
    },
    /// A value that came inline with a request and was lost with its process.
    #[error("the API key given with the request was lost when the service restarted; send the request again")]
    Lost,
}

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
    /// `done_error_unread`, `idle`.
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

/// Keeps runs. Every method is atomic; what it acknowledged survives the process and the machine's power.
#[async_trait]
pub trait RunStore: Send + Sync {
    /// Creates a run with its first events; or finds the one that the same call made before.
    async fn create(&self, run: NewRun) -> Result<Created, StoreError>;

    /// Appends to a journal, fenced by the epoch. Appends of many runs share one commit; each fails alone.
    async fn append(&self, append: Append) -> Result<(), StoreError>;

    /// Claims up to `most` runs (their journals tell the state that they were in before) that are queued, or running under an expired lease, or waiting past their `wake_at`;
    /// fair between sessions, then oldest first; none of a session that has a running or waiting run. Raises their epochs.
    async fn claim(
        &self,
        owner: &str,
        lease_until: Timestamp,
        now: Timestamp,
        most: usize,
    ) -> Result<Vec<Claim>, StoreError>;

    /// Claims one run that is waiting, queued or draft, for a command to it; `None` if it is none of these (or gone).
    async fn claim_one(
        &self,
        root: RunId,
        owner: &str,
        lease_until: Timestamp,
        now: Timestamp,
    ) -> Result<Option<Claim>, StoreError>;

    /// What waits and what is queued, for a replica that starts.
    async fn census(&self) -> Result<Census, StoreError>;

    /// Extends every lease of `owner`.
    async fn renew(&self, owner: &str, lease_until: Timestamp) -> Result<(), StoreError>;

    /// Gives back every lease of `owner`, so that others (or the next start) resume at once.
    async fn release(&self, owner: &str) -> Result<(), StoreError>;

    /// The whole journal of a tree; `None` if there is no such run.
    async fn journal(&self, root: RunId) -> Result<Option<Journal>, StoreError>;

    /// A stored snapshot; `None` if there is none with this address.
    async fn snapshot(&self, hash: &ContentHash) -> Result<Option<PinnedSnapshot>, StoreError>;

    /// What a run reads of its session: turns up to and including `high_water` (`None` = all).
    async fn session(&self, session: &str, high_water: Option<Timestamp>)
    -> Result<Option<SessionContext>, StoreError>;

    /// The newest session that a run of `session` made for a sub-agent (S1-124).
    async fn last_child_session(&self, session: &str) -> Result<Option<String>, StoreError>;

    /// Stores a payload under its address; durable on return.
    async fn put_blob(&self, content: Bytes) -> Result<ContentHash, StoreError>;

    /// A stored payload; `None` if there is none.
    async fn blob(&self, hash: &ContentHash) -> Result<Option<Bytes>, StoreError>;
}

/// Why the store refused or failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another replica owns the run now: whoever gets this stops working on it.
    #[error("run {0} is owned by another replica")]
    Fenced(RunId),
    /// The same idempotency key came with another body.
    #[error("the idempotency key {0:?} was used with another request")]
    IdempotencyMismatch(String),
    /// No such session.
    #[error("there is no session {0:?}")]
    NoSession(String),
    /// The database failed.
    #[error("cannot {action}")]
    Database {
        /// What was being done.
        action: &'static str,
        /// What the database said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Watches what the engine records: for metrics and traces. Called after the commit, on the run's own task, so that it
/// must be quick and never wait.
pub trait Observer: Send + Sync {
    /// An event was recorded; `tree` is the state after the whole commit that it belongs to.
    fn recorded(&self, tree: &crate::run::Tree, recorded: &Recorded);
}

/// Watches nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unobserved;

impl Observer for Unobserved {
    fn recorded(&self, _tree: &crate::run::Tree, _recorded: &Recorded) {}
}

/// Everything that the engine works through.
#[derive(Clone)]
pub struct Ports {
    /// Models.
    pub models: Arc<dyn ModelClient>,
    /// Tools.
    pub tools: Arc<dyn ToolClient>,
    /// Runs.
    pub store: Arc<dyn RunStore>,
    /// Models by name, for ad-hoc sub-agents.
    pub directory: Arc<dyn ModelDirectory>,
    /// Images that models name.
    pub media: Arc<dyn MediaSource>,
    /// Watches.
    pub observer: Arc<dyn Observer>,
    /// Time.
    pub clock: Arc<dyn Clock>,
}

/// A version of a resource's spec that was valid once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revision {
    /// The kind, such as `Agent`.
    pub kind: String,
    /// The object's name.
    pub name: String,
    /// The hash of the canonical spec.
    pub hash: String,
    /// The spec as JSON.
    pub spec: String,
    /// When it was first seen valid.
    pub created_at: Timestamp,
    /// When it last became the newest valid one: the last good version is the one with the latest.
    pub current_at: Timestamp,
}

/// Keeps the versions of resources, so that the last good one serves after a restart too.
#[async_trait]
pub trait RevisionStore: Send + Sync {
    /// Keeps versions, many at once; one that is there already only has its `current_at` raised.
    async fn save(&self, revisions: &[Revision]) -> Result<(), StoreError>;

    /// An object's versions, newest first.
    async fn revisions(&self, kind: &str, name: &str) -> Result<Vec<Revision>, StoreError>;

    /// One version; `None` if it is not kept.
    async fn revision(&self, kind: &str, name: &str, hash: &str) -> Result<Option<Revision>, StoreError>;

    /// The last good version of every object of a kind.
    async fn last_good(&self, kind: &str) -> Result<Vec<Revision>, StoreError>;

    /// Drops an object's versions but the newest `keep` and those in `pinned`.
    async fn prune(&self, kind: &str, name: &str, keep: usize, pinned: &[String]) -> Result<(), StoreError>;
}
