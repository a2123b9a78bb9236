//! What a session's next run is told of it: the policy, the summary and memories, their snapshot, artifacts.

pub mod ask;
pub mod compact;
pub mod prompt;
mod watch;

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use serde::Serialize;
use troupe_core::context::{characters, estimate_tokens};
use troupe_core::id::{ContentHash, Timestamp};
use troupe_core::message::Message;
use troupe_core::model::ModelSnapshot;
use troupe_core::port::{RunStore, StoreError};
use troupe_core::session::{MemoryEntry, SessionContext};
use troupe_crds::agent::Context;
use troupe_crds::agent::policy::{DEFAULT_KEEP_TURNS, DEFAULT_MAX_CONTEXT_TOKENS, DEFAULT_MEMORY_CONFIDENCE_MICROS};
use troupe_crds::{Decimal, Kind};
use troupe_store::{Introspection, SessionRow};

use crate::app::App;
use crate::wire::timestamp;

pub use ask::AskError;
pub use compact::{CompactError, Compaction};
pub use watch::watch;

/// How a session is kept within bounds: as its agent says, else the Runtime, else the service's settings.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Tokens of the last call above which older turns are summarised.
    pub max_tokens: u64,
    /// Turns that stay as they were said.
    pub keep_turns: usize,
    /// The least confidence of a memory that is kept, in millionths.
    pub confidence: u64,
    /// The model that summarises and gives titles, then its fallbacks; empty = nothing is summarised (S1-135).
    pub summary: Vec<Arc<ModelSnapshot>>,
    /// The tokens that the agent's model reads, where known.
    pub window: Option<u64>,
}

/// A session's context in numbers (S1-27). `total_turns` is always `summarized_turns` + `recent_window_size`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct IntrospectionSnapshot {
    /// The session.
    pub session_id: String,
    /// Turns in all.
    pub total_turns: u64,
    /// Turns that the summary covers.
    pub summarized_turns: u64,
    /// Turns that the next run is told as they were said.
    pub recent_window_size: u64,
    /// Memories.
    pub memory_entry_count: usize,
    /// Memories by their type.
    pub memory_entries_by_type: BTreeMap<String, usize>,
    /// The version of the summary; 0 without one.
    pub summary_version: i64,
    /// What all of it comes to, at four characters a token.
    pub estimated_context_tokens: u64,
    /// The tokens that the session's model reads, where known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_budget: Option<u64>,
}

/// The summary of a session (S1-37).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct SummaryView {
    /// The session.
    pub session_id: String,
    /// Its version; each compaction adds one.
    pub summary_version: i64,
    /// How many turns it covers, from the first on.
    pub summarized_up_to_turn: u64,
    /// When it was made.
    pub updated_at: Option<String>,
    /// The summary.
    pub content: String,
}

/// A memory (S1-26).
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct MemoryView {
    /// `fact`, `preference`, `decision` or `entity`.
    pub entry_type: String,
    /// What is remembered.
    pub content: String,
    /// The number of the turn that it came from.
    pub source_turn_index: i64,
    /// From 0 to 1.
    pub confidence: f64,
    /// When it was taken.
    pub created_at: String,
}

/// The memories of a session (S1-38).
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct MemoriesView {
    /// The session.
    pub session_id: String,
    /// How many there are.
    pub entry_count: usize,
    /// When they were last written.
    pub updated_at: Option<String>,
    /// The memories.
    pub entries: Vec<MemoryView>,
}

/// A session's summary, memories and numbers.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct ContextView {
    /// The summary, where there is one.
    pub summary: Option<SummaryView>,
    /// The memories.
    pub memory: MemoriesView,
    /// The numbers.
    pub snapshot: IntrospectionSnapshot,
}

/// Something that was put beside a session (S1-136).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Artifact {
    /// S1's name of it: `artifact-{filename}`.
    pub name: String,
    /// Its address: [`App::session_artifact`] reads it.
    pub hash: ContentHash,
    /// Its size in bytes.
    pub size: usize,
}

impl App {
    /// A session's context in numbers (S1-27); `None` if there is no such session.
    pub async fn introspect(&self, session: &str) -> Result<Option<IntrospectionSnapshot>, StoreError> {
        Ok(self.session_context(session).await?.map(|context| context.snapshot))
    }

    /// A session's summary, memories and numbers; `None` if there is no such session.
    pub async fn session_context(&self, session: &str) -> Result<Option<ContextView>, StoreError> {
        let Some(row) = self.store.session_row(session).await? else { return Ok(None) };
        let Some(introspection) = self.store.introspect(session).await? else { return Ok(None) };
        let Some(context) = self.store.session(session, None).await? else { return Ok(None) };
        let window = self.policy(&row).window;
        Ok(Some(ContextView {
            summary: summary_view(session, &introspection),
            memory: memories_view(session, &introspection),
            snapshot: snapshot(session, &introspection, &context, window),
        }))
    }

    /// Keeps a file beside a session, as a blob under the address of its content. It is kept as long as
    /// `history.blobs` says.
    pub async fn store_artifact(&self, session: &str, filename: &str, content: Bytes) -> Result<Artifact, StoreError> {
        if self.store.session_row(session).await?.is_none() {
            return Err(StoreError::NoSession(session.to_owned()));
        }
        let size = content.len();
        let hash = self.store.put_blob(content).await?;
        Ok(Artifact { name: format!("artifact-{filename}"), hash, size })
    }

    /// What [`App::store_artifact`] kept; `None` if it is not, or no longer, there.
    pub async fn session_artifact(&self, hash: &ContentHash) -> Result<Option<Bytes>, StoreError> {
        self.store.blob(hash).await
    }

    /// How a session is kept within bounds.
    pub fn policy(&self, row: &SessionRow) -> Policy {
        let view = self.catalog.view();
        let text = |name: &str| row.meta.get(name).and_then(serde_json::Value::as_str);
        let agent =
            text("agent_id").and_then(|id| view.find(Kind::Agent, id)).and_then(|entry| view.agent(&entry.name));
        let defaults = view.runtime().and_then(|runtime| runtime.defaults.as_ref());
        let of_agent = agent.and_then(|agent| agent.context.as_ref());
        let of_runtime = defaults.and_then(|defaults| defaults.context.as_ref());
        let contexts = || of_agent.into_iter().chain(of_runtime);
        let said = |context: &Context| context.summary_model_ref.as_ref().map(|reference| reference.name.clone());
        let summary = contexts()
            .find_map(said)
            .or_else(|| Some(defaults?.summary_model_ref.as_ref()?.name.clone()))
            .or_else(|| self.summary_model());
        let model = match agent {
            Some(agent) => agent.model_ref.as_ref().or_else(|| defaults?.model_ref.as_ref()).map(|model| &*model.name),
            None => text("model_id"),
        };
        let models = |name: &str| view.resolve_model(name).unwrap_or_default();
        let confidence = contexts().find_map(|context| context.memory_confidence.as_ref());
        Policy {
            max_tokens: contexts()
                .find_map(|context| context.max_tokens)
                .or_else(|| self.max_context_tokens())
                .unwrap_or(DEFAULT_MAX_CONTEXT_TOKENS),
            keep_turns: contexts().find_map(|context| context.keep_turns).unwrap_or(DEFAULT_KEEP_TURNS) as usize,
            confidence: confidence.map_or(DEFAULT_MEMORY_CONFIDENCE_MICROS, Decimal::micros),
            summary: summary.map(|name| models(&name)).unwrap_or_default(),
            window: model.and_then(|name| models(name).first()?.context_window),
        }
    }
}

fn snapshot(
    session: &str,
    introspection: &Introspection,
    context: &SessionContext,
    window: Option<u64>,
) -> IntrospectionSnapshot {
    let mut by_type = BTreeMap::new();
    for memory in &introspection.memories {
        *by_type.entry(memory.entry_type.clone()).or_default() += 1;
    }
    let mut messages: Vec<Message> = context.turns.iter().map(troupe_core::session::Turn::message).collect();
    messages.extend(context.summary.iter().map(Message::system));
    messages.extend(context.memories.iter().map(|memory| Message::system(memory.content.clone())));
    IntrospectionSnapshot {
        session_id: session.to_owned(),
        total_turns: introspection.total_turns,
        summarized_turns: introspection.summarized_turns,
        recent_window_size: introspection.total_turns.saturating_sub(introspection.summarized_turns),
        memory_entry_count: introspection.memories.len(),
        memory_entries_by_type: by_type,
        summary_version: introspection.summary_version,
        estimated_context_tokens: estimate_tokens(characters(&messages)),
        token_budget: window,
    }
}

fn summary_view(session: &str, introspection: &Introspection) -> Option<SummaryView> {
    Some(SummaryView {
        session_id: session.to_owned(),
        summary_version: introspection.summary_version,
        summarized_up_to_turn: introspection.summarized_turns,
        updated_at: introspection.summary_at.map(timestamp),
        content: introspection.summary.clone()?,
    })
}

fn memories_view(session: &str, introspection: &Introspection) -> MemoriesView {
    let newest: Option<Timestamp> = introspection.memories.iter().map(|memory| memory.created_at).max();
    MemoriesView {
        session_id: session.to_owned(),
        entry_count: introspection.memories.len(),
        updated_at: introspection.summary_at.or(newest).map(timestamp),
        entries: introspection.memories.iter().map(memory_view).collect(),
    }
}

fn memory_view(memory: &MemoryEntry) -> MemoryView {
    MemoryView {
        entry_type: memory.entry_type.clone(),
        content: memory.content.clone(),
        source_turn_index: memory.source_turn_index,
        confidence: memory.confidence,
        created_at: timestamp(memory.created_at),
    }
}
