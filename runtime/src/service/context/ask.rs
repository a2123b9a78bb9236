//! One question to a model outside of any conversation: a run that lives in memory only, so that the engine retries,
//! falls back, limits, counts and traces it like any other.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Map;
use troupe_core::agent::{AgentSnapshot, ContextPolicy, Limits, PinnedSnapshot, Snapshot, WorkspacePolicy};
use troupe_core::engine::{Dispatch, StartError, StartRequest, Started};
use troupe_core::event::{Event, Outcome};
use troupe_core::message::Role;
use troupe_core::model::ModelSnapshot;
use troupe_core::session::Turn;
use troupe_core::stream::Item;

use crate::app::App;

/// The longest that a question may take, in milliseconds: a local model needs minutes for a long conversation.
const TIMEOUT_MS: u64 = 300_000;

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// It could not be begun.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The model's parameters cannot be written as JSON.
    #[error("cannot pin the model")]
    Pin(#[from] serde_json::Error),
    /// The model failed, its fallbacks too.
    #[error("{message}")]
    Model {
        /// S1's code of the failure.
        code: String,
        /// What happened, in a sentence that names the model.
        message: String,
    },
    /// It took too long.
    #[error("the model was not done within {} s", TIMEOUT_MS / 1_000)]
    Timeout,
    /// The service is stopping.
    #[error("the question was given up: {0}")]
    Cancelled(String),
}

impl App {
    /// Asks the first of `models`, and its fallbacks if it fails.
    pub(crate) async fn ask(
        &self,
        models: Vec<Arc<ModelSnapshot>>,
        instructions: &str,
        text: String,
    ) -> Result<String, AskError> {
        let target = models.first().map(|model| model.name.clone()).unwrap_or_default();
        let limits = Limits { timeout_ms: Some(TIMEOUT_MS), ..Limits::default() };
        let agent = Arc::new(asker(models, instructions, limits.clone()));
        let agents = BTreeMap::from([(String::new(), agent)]);
        let started = self.engine.start(StartRequest {
            snapshot: PinnedSnapshot::new(Snapshot { target: String::new(), agents })?,
            input: vec![Turn::text(Role::User, text)],
            session: None,
            durable: false,
            limits,
            kind: "adhoc".to_owned(),
            target,
            user: String::new(),
            workspace: None,
            request_id: None,
            idempotency: None,
            dispatch: Dispatch::Now,
            interrupt: false,
        });
        answer(started.await?).await
    }
}

fn asker(models: Vec<Arc<ModelSnapshot>>, instructions: &str, limits: Limits) -> AgentSnapshot {
    AgentSnapshot {
        name: String::new(),
        id: String::new(),
        display_name: String::new(),
        description: String::new(),
        revision: String::new(),
        models,
        parameters: Map::new(),
        system: instructions.to_owned(),
        tools: Vec::new(),
        delegate_only: false,
        max_depth: 0,
        limits,
        context: ContextPolicy::default(),
        output: None,
        workspace: WorkspacePolicy::default(),
        tool_choice: None,
    }
}

async fn answer(mut started: Started) -> Result<String, AskError> {
    let mut text = String::new();
    while let Some(item) = started.subscription.next().await {
        let Item::Event(recorded) = item else { continue };
        match &recorded.event {
            Event::MessageFinished(finished) => text.clone_from(&finished.content),
            Event::RunFinished { outcome } => {
                return match outcome {
                    Outcome::Completed { limit: None, .. } => Ok(text),
                    Outcome::Completed { limit: Some(_), .. } => Err(AskError::Timeout),
                    Outcome::Failed { code, message } => {
                        Err(AskError::Model { code: code.clone(), message: message.clone() })
                    }
                    Outcome::Cancelled { by } => Err(AskError::Cancelled(by.clone())),
                };
            }
            _ => {}
        }
    }
    Err(AskError::Cancelled("the service is stopping".to_owned()))
}
