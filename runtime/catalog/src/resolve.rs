//! From resources to what the engine pins: names become snapshots, texts are rendered, defaults are filled in.

mod agent;
mod error;
mod http;
mod model;
mod policy;
mod prompt;
mod server;
mod tool;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use serde_json::Value;
use troupe_core::agent::PinnedSnapshot;
use troupe_core::model::ModelSnapshot;
use troupe_core::tool::{McpServerSnapshot, ToolSnapshot};
use troupe_crds::{Kind, Resource};

use crate::entry::Entry;
use crate::known;
use crate::view::View;

pub use error::ResolveError;

/// A tool as an MCP server lists it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DiscoveredTool {
    /// The server's name of it.
    pub name: String,
    /// What it does.
    pub description: String,
    /// The JSON Schema of its arguments.
    pub input_schema: Value,
    /// The JSON Schema of its results, where it promises one.
    pub output_schema: Option<Value>,
    /// `readOnlyHint`.
    pub read_only: bool,
    /// `destructiveHint`; the protocol's default is true for what is not read-only.
    pub destructive: bool,
    /// `idempotentHint`.
    pub idempotent: bool,
}

/// Lists the tools of MCP servers. The catalog asks for each agent once; implementations keep what they found.
#[async_trait]
pub trait McpDirectory: Send + Sync {
    /// Changes whenever any server's list of tools does: what was resolved before is then resolved again.
    fn generation(&self) -> u64;

    /// The server's tools, connecting to it if need be; the error is told to people, and names no secret.
    async fn tools(&self, server: &McpServerSnapshot) -> Result<Vec<DiscoveredTool>, String>;
}

/// What was resolved in one view.
#[derive(Default)]
pub(crate) struct Cache {
    models: Mutex<HashMap<Arc<str>, Arc<ModelSnapshot>>>,
    agents: Mutex<HashMap<Arc<str>, Resolved>>,
}

/// A resolved agent; `generation` is the directory's, where an MCP server is part of it.
#[derive(Clone)]
struct Resolved {
    generation: Option<u64>,
    snapshot: PinnedSnapshot,
}

impl View {
    /// What a run of an agent pins. `revision` asks for another version than the one that serves, by its whole hash or
    /// short id. The first call in a view renders and discovers; later ones are a look-up.
    ///
    /// # Errors
    /// When the agent or anything that it needs is not there, not ready, or does not fit together.
    pub async fn resolve_agent(
        &self,
        name_or_id: &str,
        revision: Option<&str>,
        mcp: &dyn McpDirectory,
    ) -> Result<PinnedSnapshot, ResolveError> {
        let entry = self.required(Kind::Agent, name_or_id)?;
        let other = revision.filter(|asked| {
            entry.serving_revision.as_deref().is_none_or(|serving| !troupe_rules::revision::is_named(serving, asked))
        });
        if let Some(asked) = other {
            let object = self.stored(entry, asked).await?;
            return Ok(agent::resolve(self, mcp, &entry.name, &object.resource, &object.revision).await?.snapshot);
        }
        // Taken before the tools are listed: a list that changes meanwhile is asked for again.
        let generation = mcp.generation();
        let cached = self.lock_agents().get(&entry.name).cloned();
        if let Some(cached) = cached.filter(|cached| cached.generation.is_none_or(|known| known == generation)) {
            return Ok(cached.snapshot);
        }
        let resource = serving_resource(entry)?;
        let revision = entry.serving_revision.as_deref().unwrap_or_default();
        let resolved = agent::resolve(self, mcp, &entry.name, resource, revision).await?;
        self.lock_agents().insert(Arc::clone(&entry.name), resolved.clone());
        Ok(resolved.snapshot)
    }

    /// A model and then its fallbacks, theirs included, each once.
    ///
    /// # Errors
    /// When the model is not there or not ready; a fallback that is not is passed by.
    pub fn resolve_model(&self, name_or_id: &str) -> Result<Vec<Arc<ModelSnapshot>>, ResolveError> {
        let entry = self.required(Kind::Model, name_or_id)?;
        serving_resource(entry)?;
        Ok(model::with_fallbacks(self, &entry.name))
    }

    /// A tool by its object's name or id, a built-in's name, a discovered tool's id `mcp-<server>-<tool>`, or the name
    /// that models see; tried in this order (S1-67).
    ///
    /// # Errors
    /// When there is no such tool, or its server cannot list it.
    pub async fn resolve_tool(&self, id: &str, mcp: &dyn McpDirectory) -> Result<Arc<ToolSnapshot>, ResolveError> {
        tool::by_id(self, mcp, id).await
    }

    /// The tools that an McpServer offers, filtered and renamed.
    ///
    /// # Errors
    /// When the server is not there, not ready, or cannot list its tools.
    pub async fn server_tools(
        &self,
        name_or_id: &str,
        mcp: &dyn McpDirectory,
    ) -> Result<Vec<Arc<ToolSnapshot>>, ResolveError> {
        let name = Arc::clone(&self.required(Kind::McpServer, name_or_id)?.name);
        let tools = server::offered(self, mcp, &name).await?;
        Ok(tools.into_iter().map(|offered| Arc::new(offered.snapshot)).collect())
    }

    /// How an McpServer is reached.
    ///
    /// # Errors
    /// When the server is not there or not ready.
    pub fn server(&self, name_or_id: &str) -> Result<McpServerSnapshot, ResolveError> {
        let name = Arc::clone(&self.required(Kind::McpServer, name_or_id)?.name);
        server::snapshot(self, &name)
    }

    /// The text of a PromptTemplate with its arguments; a name without a value stays as it is written (S1-113).
    ///
    /// # Errors
    /// When the template is not there or not ready, a required argument is missing, or a Jinja text fails.
    pub fn render_prompt(
        &self,
        name_or_id: &str,
        arguments: &serde_json::Map<String, Value>,
    ) -> Result<String, ResolveError> {
        let name = Arc::clone(&self.required(Kind::PromptTemplate, name_or_id)?.name);
        prompt::render(self, &name, arguments)
    }

    fn required(&self, kind: Kind, name_or_id: &str) -> Result<&Arc<Entry>, ResolveError> {
        self.find(kind, name_or_id).ok_or_else(|| ResolveError::NotFound { kind, name: name_or_id.to_owned() })
    }

    async fn stored(&self, entry: &Entry, asked: &str) -> Result<crate::parse::Object, ResolveError> {
        let newest = entry.newest.as_ref().zip(entry.newest_revision.as_ref());
        if let Some((resource, revision)) = newest.filter(|(_, hash)| troupe_rules::revision::is_named(hash, asked)) {
            return Ok(crate::parse::Object { resource: Arc::clone(resource), revision: Arc::clone(revision) });
        }
        let need = known::Need { kind: entry.kind, name: Arc::clone(&entry.name), revision: Some(asked.to_owned()) };
        let revision = known::stored(self.revisions.as_ref(), &need).await?;
        let object = revision.and_then(|revision| known::object(entry.kind, &entry.name, &revision));
        object.ok_or_else(|| ResolveError::NoRevision {
            kind: entry.kind,
            name: entry.name.as_ref().to_owned(),
            revision: asked.to_owned(),
        })
    }

    fn lock_agents(&self) -> std::sync::MutexGuard<'_, HashMap<Arc<str>, Resolved>> {
        self.cache.agents.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What serves of an entry, or why nothing does.
fn serving_resource(entry: &Entry) -> Result<&Resource, ResolveError> {
    entry.resource.as_deref().ok_or_else(|| ResolveError::NotReady {
        kind: entry.kind,
        name: entry.name.as_ref().to_owned(),
        message: entry.ready().map(|ready| ready.message.clone()).unwrap_or_default(),
    })
}
