//! What a request asks for, resolved: a saved agent, or a model and tools composed for this call (S1-02).

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Map;
use troupe_catalog::{ResolveError, View};
use troupe_core::agent::{AgentSnapshot, ContextPolicy, Limits, PinnedSnapshot, Snapshot, WorkspacePolicy};
use troupe_core::id::ContentHash;
use troupe_core::model::{ModelSnapshot, Trust};
use troupe_core::tool::{ToolKind, ToolSnapshot};

use crate::app::App;
use crate::http::error::Problem;
use crate::service::infer::ModelConfigInput;

/// How deep ad-hoc sub-agents nest.
const AD_HOC_DEPTH: u32 = 3;

/// The most characters of a request's text that an error tells again.
const MOST_TOLD: usize = 253;

/// The most ad-hoc compositions that are remembered.
const MOST_REMEMBERED: usize = 1_000;

/// A model and tools, by ids.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Composition {
    /// The model's id.
    pub model: String,
    /// The tools' ids.
    pub tools: Vec<String>,
}

/// A model's configuration that came with a request.
#[derive(Clone, Copy)]
pub struct Inline<'a> {
    /// The field of the request that has it: errors name it.
    pub field: &'static str,
    /// The configuration.
    pub model: &'a ModelConfigInput,
}

impl Inline<'_> {
    fn wrong(&self, name: &str, problem: &str) -> Problem {
        let field = format!("{}.{name}", self.field);
        Problem::bad_request(format!("Invalid value for field {field}: {problem}")).with("field", field)
    }

    /// The endpoint, where one is given.
    fn base(&self) -> Result<Option<&str>, Problem> {
        let Some(base) = self.model.api_base.as_deref() else { return Ok(None) };
        let is_address =
            url::Url::parse(base).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        if is_address {
            return Ok(Some(base.trim_end_matches('/')));
        }
        Err(self.wrong("api_base", "it is no http or https URL: write one such as https://api.openai.com/v1"))
    }

    /// The key, where one is given. It is sent in a header, which takes no control characters.
    fn key(&self) -> Result<Option<&str>, Problem> {
        let Some(key) = self.model.api_key.as_deref().filter(|key| !key.is_empty() && !is_mask(key)) else {
            return Ok(None);
        };
        match http::HeaderValue::try_from(key) {
            Ok(_) => Ok(Some(key)),
            Err(_) => Err(self.wrong("api_key", "it holds characters that no key has")),
        }
    }
}

/// Snapshots of compositions, as long as the catalog stays as it is: hashing one costs more than the call of it.
#[derive(Default)]
pub struct Compositions {
    known: Mutex<(u64, u64, HashMap<Composition, PinnedSnapshot>)>,
}

impl Compositions {
    fn get(&self, generations: (u64, u64), composition: &Composition) -> Option<PinnedSnapshot> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if (known.0, known.1) != generations || known.2.len() > MOST_REMEMBERED {
            *known = (generations.0, generations.1, HashMap::new());
        }
        known.2.get(composition).cloned()
    }

    /// The composition with this address, if it is remembered.
    pub(crate) fn find(&self, hash: &ContentHash) -> Option<Arc<Snapshot>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.2.values().find(|pinned| pinned.hash == *hash).map(|pinned| Arc::clone(&pinned.snapshot))
    }

    fn put(&self, generations: (u64, u64), composition: Composition, snapshot: PinnedSnapshot) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if (known.0, known.1) == generations {
            known.2.insert(composition, snapshot);
        }
    }
}

/// A text of a request as it is told again: not more of it than helps.
pub fn shortened(text: &str) -> String {
    match text.char_indices().nth(MOST_TOLD) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// An error with its causes, in one sentence.
pub fn sentence(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}

impl App {
    /// What a run of a saved agent pins. S1-156: an unknown one is the caller's mistake.
    pub async fn resolve_agent(&self, id: &str, revision: Option<&str>) -> Result<PinnedSnapshot, ResolveError> {
        self.catalog.view().resolve_agent(id, revision, self.mcp.as_ref()).await
    }

    /// What a run of a model and tools pins. Unknown tools are left out (S1-69); an unknown model is an error.
    pub async fn compose(
        &self,
        composition: Composition,
        inline: Option<Inline<'_>>,
    ) -> Result<PinnedSnapshot, Problem> {
        use troupe_catalog::McpDirectory;
        let view = self.catalog.view();
        let generations = (view.generation(), self.mcp.generation());
        if inline.is_none()
            && let Some(known) = self.compositions.get(generations, &composition)
        {
            return Ok(known);
        }
        let models = self.composed_models(&view, &composition.model, inline)?;
        let tools = self.composed_tools(&view, &composition.tools).await;
        let agent = self.composed_agent(models, tools);
        let agents = BTreeMap::from([(agent.name.clone(), Arc::new(agent))]);
        let pinned = PinnedSnapshot::new(Snapshot { target: String::new(), agents }).map_err(|error| {
            Problem::bad_request(format!("the model's parameters cannot be written as JSON: {error}"))
        })?;
        if inline.is_none() {
            self.compositions.put(generations, composition, pinned.clone());
        }
        Ok(pinned)
    }

    fn composed_agent(&self, models: Vec<Arc<ModelSnapshot>>, tools: Vec<Arc<ToolSnapshot>>) -> AgentSnapshot {
        // S1-119: with others beside it, the model sees only `delegate`, and gives from the others.
        let delegates = tools.iter().any(|tool| tool.kind == ToolKind::Delegate);
        let delegate_only = delegates && tools.len() > 1;
        AgentSnapshot {
            name: String::new(),
            id: String::new(),
            display_name: String::new(),
            description: String::new(),
            revision: String::new(),
            models,
            parameters: Map::new(),
            system: String::new(),
            tools,
            delegate_only,
            max_depth: AD_HOC_DEPTH,
            limits: Limits { max_tool_rounds: self.max_tool_rounds(), ..Limits::default() },
            context: ContextPolicy::default(),
            output: None,
            workspace: WorkspacePolicy::default(),
            tool_choice: None,
        }
    }

    pub(crate) fn composed_models(
        &self,
        view: &View,
        id: &str,
        inline: Option<Inline<'_>>,
    ) -> Result<Vec<Arc<ModelSnapshot>>, Problem> {
        let known = view.resolve_model(id);
        match (known, inline) {
            (Ok(models), None) => Ok(models),
            (Ok(models), Some(inline)) => {
                let Some(first) = models.first() else { return Err(model_not_found(id)) };
                Ok(vec![Arc::new(self.overridden((**first).clone(), inline)?)])
            }
            (Err(_), Some(inline)) if inline.model.api_base.is_some() => {
                Ok(vec![Arc::new(self.inline_model(id, inline)?)])
            }
            (Err(ResolveError::NotReady { message, .. }), _) => {
                Err(Problem::bad_request(format!("Model {id:?} is not ready: {message}"))
                    .with("error_code", "MODEL_NOT_READY"))
            }
            (Err(_), _) => Err(model_not_found(id)),
        }
    }

    /// A registered model with a request's values over its own. Its secrets stay with its own address.
    fn overridden(&self, mut model: ModelSnapshot, inline: Inline<'_>) -> Result<ModelSnapshot, Problem> {
        if let Some(base) = inline.base()?
            && base != model.base_url
        {
            base.clone_into(&mut model.base_url);
            model.trust = Trust::Guarded;
            model.api_key = None;
            model.headers.clear();
        }
        if let Some(name) = &inline.model.model_name {
            model.model.clone_from(name);
        }
        if let Some(protocol) = &inline.model.api_protocol {
            model.protocol = protocol_of(protocol, inline.field)?;
        }
        if let Some(kind) = &inline.model.model_type {
            model.multimodal = kind == "vlm";
        }
        if let Some(key) = inline.key()? {
            model.api_key = Some(self.secrets.hold(key));
        }
        model.parameters.extend(inline.model.generate_params.clone().unwrap_or_default());
        Ok(model)
    }

    fn inline_model(&self, id: &str, inline: Inline<'_>) -> Result<ModelSnapshot, Problem> {
        let bare = ModelSnapshot {
            name: id.to_owned(),
            id: id.to_owned(),
            protocol: troupe_core::model::Protocol::OpenAI,
            base_url: String::new(),
            trust: Trust::Guarded,
            model: id.to_owned(),
            api_key: None,
            headers: Vec::new(),
            ca: None,
            multimodal: false,
            parameters: Map::new(),
            timeout_ms: None,
            first_token_timeout_ms: None,
            max_attempts: 3,
            initial_backoff_ms: 500,
            limits: troupe_core::model::ModelLimits::default(),
            context_window: None,
            pricing: None,
        };
        self.overridden(bare, inline)
    }

    async fn composed_tools(&self, view: &View, ids: &[String]) -> Vec<Arc<ToolSnapshot>> {
        let mut tools: Vec<Arc<ToolSnapshot>> = Vec::new();
        for id in ids {
            let registered =
                || self.tools.registered().into_iter().find(|tool| tool.spec.name == *id || tool.id == *id);
            let found = match view.resolve_tool(id, self.mcp.as_ref()).await {
                Ok(tool) => Some(tool),
                Err(error) => registered().map(Arc::new).or_else(|| {
                    tracing::debug!(tool.id = %id, error = %error, "a tool of a request is left out");
                    None
                }),
            };
            if let Some(tool) = found.filter(|found| !tools.iter().any(|tool| tool.spec.name == found.spec.name)) {
                tools.push(tool);
            }
        }
        tools
    }
}

fn model_not_found(id: &str) -> Problem {
    let detail = format!("Model not found: {}; GET /v1/models lists what model_id may be", shortened(id));
    Problem::bad_request(detail).with("error_code", "MODEL_NOT_FOUND").with("field", "model_id")
}

/// Reads S1's name of a protocol (S1-16), which the request has in `place`.
pub fn protocol_of(name: &str, place: &str) -> Result<troupe_core::model::Protocol, Problem> {
    use troupe_core::model::Protocol;
    match name.to_ascii_lowercase().as_str() {
        "openai" => Ok(Protocol::OpenAI),
        "anthropic" => Ok(Protocol::Anthropic),
        "ollama" => Ok(Protocol::Ollama),
        _ => {
            let field = format!("{place}.api_protocol");
            let name = shortened(name);
            let detail = format!("Unsupported api_protocol: {name:?}; set {field} to openai, anthropic or ollama");
            Err(Problem::bad_request(detail).with("error_code", "PROTOCOL_NOT_FOUND").with("field", field))
        }
    }
}

/// What answers show instead of a secret's value.
pub const MASK: &str = "********";

/// Whether a value is what answers show instead of a secret: it stands for the stored one.
pub fn is_mask(value: &str) -> bool {
    !value.is_empty() && value.bytes().all(|byte| byte == b'*')
}

/// The tools from which a delegating agent gives, as a table for its instructions (S1-120).
pub fn tools_table(agent: &AgentSnapshot, without_nested: bool) -> Option<String> {
    agent.tools.iter().any(|tool| tool.kind == ToolKind::Delegate).then(|| {
        let shown = agent.tools.iter().filter(|tool| !without_nested || tool.kind != ToolKind::Delegate);
        let shown: Vec<&ToolSnapshot> = shown.map(|tool| &**tool).collect();
        troupe_core::engine::tools_table(&shown)
    })
}
