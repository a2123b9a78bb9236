//! The traits through which the outside enters. Adapters implement them; tests do so in memory.

mod revision;
mod row;
mod store;

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use futures::stream::BoxStream;
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

use crate::event::Recorded;
use crate::id::{CallId, RunId, Timestamp};
use crate::message::Media;
use crate::model::{ModelError, ModelEvent, ModelRequest, ModelSnapshot, SecretRef};
use crate::tool::{ToolResult, ToolSnapshot};

pub use revision::{Revision, RevisionStore};
pub use row::{
    Append, Census, Claim, Created, Idempotency, Journal, Lease, NewRun, NewRunSession, RunState, SessionSeed,
    SessionWrite, StateChange,
};
pub use store::{RunStore, StoreError};

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
    /// The Secret cannot be read, or a key of it is not there; in a cluster, where no variable could give it instead.
    #[error("secret {name:?} {reason}")]
    Unreadable {
        /// The Secret's name.
        name: String,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// A value that came inline with a request and was lost with its process.
    #[error("the API key given with the request was lost when the service restarted; send the request again")]
    Lost,
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
