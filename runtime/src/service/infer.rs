//! Inference: from S1's request to a started run.

use std::path::PathBuf;
use std::sync::Arc;

use http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use troupe_catalog::ResolveError;
use troupe_core::agent::{AgentSnapshot, Limits, PinnedSnapshot, Snapshot};
use troupe_core::engine::{Command, Dispatch, SessionOfRun, StartRequest, Started};
use troupe_core::message::Role;
use troupe_core::session::Turn;
use troupe_core::tool::{ToolKind, ToolSnapshot};
use troupe_crds::Kind;
use uuid::Uuid;

use crate::app::App;
use crate::frame::Framer;
use crate::frame::s1::{About, Collected, Collector, S1Framer};
use crate::http::error::Problem;
use crate::service::message::{MessageInput, Reading};
use crate::service::resolve::{Composition, Inline, sentence, shortened, tools_table};
use crate::service::rights::{Asker, Caller};

/// S1's request (S1-20, S1-53). Unknown fields are ignored, because its clients grow.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
pub struct InferInput {
    /// The model's id; required unless `agent_id` is given.
    #[serde(default)]
    pub model_id: Option<String>,
    /// A saved agent, instead of model and tools.
    #[serde(default)]
    pub agent_id: Option<String>,
    /// The tools' ids.
    #[serde(default)]
    pub tool_ids: Option<Vec<String>>,
    /// The messages; they win over `text`.
    #[serde(default)]
    pub messages: Option<Vec<MessageInput>>,
    /// One user message.
    #[serde(default)]
    pub text: Option<String>,
    /// Rounds of tool calls.
    #[serde(default)]
    pub max_tool_rounds: Option<u32>,
    /// `new`, or an existing session; without it, or with an unknown one, the call is stateless.
    #[serde(default)]
    pub session_id: Option<String>,
    /// The folder that tools work in.
    #[serde(default)]
    pub workspace: Option<String>,
    /// A model given inline, or values over the registered one's.
    #[serde(default)]
    pub model: Option<ModelConfigInput>,
    /// The same under its other name. With `agent_id`, its `model_id` is a registered model that answers in place of the
    /// agent's own.
    #[serde(default)]
    pub model_config_override: Option<ModelConfigInput>,
    /// Abort the session's running run first.
    #[serde(default)]
    pub interrupt: Option<bool>,
}

/// S1's model configuration as a request may bring it (S1-16).
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
pub struct ModelConfigInput {
    /// Its id.
    #[serde(default)]
    pub model_id: Option<String>,
    /// The endpoint.
    #[serde(default)]
    pub api_base: Option<String>,
    /// The provider's name of the model.
    #[serde(default)]
    pub model_name: Option<String>,
    /// The key; kept in memory only.
    #[serde(default)]
    pub api_key: Option<String>,
    /// `llm` or `vlm`.
    #[serde(default)]
    pub model_type: Option<String>,
    /// `openai`, `ollama` or `anthropic`.
    #[serde(default)]
    pub api_protocol: Option<String>,
    /// Free-form parameters.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub generate_params: Option<Map<String, Value>>,
}

/// A started inference.
pub struct Inference {
    /// The run.
    pub started: Started,
    /// Makes S1's frames of it.
    pub framer: S1Framer,
    /// Its session, where it has one.
    pub session: Option<String>,
    /// It lives in memory only: it ends with its caller.
    pub stateless: bool,
}

impl Inference {
    /// Reads to the end; what the answer came to. What broke off is a failure.
    pub async fn collect(&mut self) -> Collected {
        let mut collector = Collector::default();
        let mut frames = Vec::new();
        while let Some(item) = self.started.subscription.next().await {
            self.framer.frames(&item, &mut frames);
            frames.drain(..).for_each(|frame| collector.take(&frame));
            if self.framer.is_over() {
                break;
            }
        }
        self.framer.end(&mut frames);
        frames.drain(..).for_each(|frame| collector.take(&frame));
        collector.finish()
    }
}

/// The session that a request names.
pub(crate) enum Session {
    None,
    New(String),
    Known(Box<troupe_store::SessionRow>),
}

impl Session {
    /// The folder that its owner chose for it; nobody else works there.
    fn workspace(&self, asker: &Asker) -> Option<&str> {
        match self {
            Self::Known(row) if row.owner == asker.user() => row.workspace.as_deref(),
            _ => None,
        }
    }
}

impl App {
    /// Starts what S1's request asks for.
    pub async fn infer(&self, input: InferInput, caller: Caller) -> Result<Inference, Problem> {
        let session = self.session_of(&caller.asker, &input).await?;
        let snapshot = self.target(&caller.asker, &input).await?;
        let workspace = self.workspace_of(&caller.asker, &input, &session, &snapshot)?;
        let mut turns = self.turns(&input, &snapshot, workspace.as_ref()).await?;
        if begins_as_agent(&session, &snapshot) {
            turns.retain(|turn| turn.role != Role::System);
        }
        let limits = self.limits(&input, &snapshot);
        let (session_of_run, about) = session_of_run(&session, &input, &snapshot, &turns, workspace.as_ref());
        let stateless = session_of_run.is_none() && caller.idempotency.is_none();
        let agent = input.agent_id.is_some();
        let request = StartRequest {
            input: turns,
            session: session_of_run,
            durable: !stateless,
            limits,
            kind: if agent { "agent" } else { "adhoc" }.to_owned(),
            target: target_name(&snapshot, &input),
            user: caller.user(),
            workspace: workspace.map(|path| path.to_string_lossy().into_owned()),
            request_id: caller.request_id,
            idempotency: caller.idempotency,
            dispatch: Dispatch::Now,
            interrupt: input.interrupt.unwrap_or(false),
            snapshot: snapshot.clone(),
        };
        let session = request.session.as_ref().map(|session| session.id.clone());
        let started = self.engine.start(request).await?;
        let framer = S1Framer::new(started.run, Arc::clone(&snapshot.snapshot), about);
        Ok(Inference { started, framer, session, stateless })
    }

    /// The session that a request of `asker` goes on with. Another user's is unknown, unless a right says otherwise; and
    /// to interrupt what runs in it is a right of its own.
    pub(crate) async fn session_of(&self, asker: &Asker, input: &InferInput) -> Result<Session, Problem> {
        match input.session_id.as_deref() {
            None | Some("") => Ok(Session::None),
            Some("new") => Ok(Session::New(Uuid::now_v7().to_string())),
            // S1-60: an unknown session is a stateless call, without side effects.
            Some(id) => match self.session(asker, id, "update").await {
                Ok(row) => {
                    if input.interrupt == Some(true) {
                        self.session(asker, id, "delete").await?;
                    }
                    Ok(Session::Known(Box::new(row)))
                }
                Err(problem) if problem.status() == StatusCode::NOT_FOUND => Ok(Session::None),
                Err(problem) => Err(problem),
            },
        }
    }

    async fn target(&self, asker: &Asker, input: &InferInput) -> Result<PinnedSnapshot, Problem> {
        if let Some(agent) = input.agent_id.as_deref().filter(|agent| !agent.is_empty()) {
            self.may_invoke(asker, Kind::Agent, agent).await?;
            let pinned = self.resolve_agent(agent, None).await.map_err(|error| agent_refused(agent, &error))?;
            return self.with_model(asker, pinned, input).await;
        }
        let inline = match (&input.model, &input.model_config_override) {
            (Some(model), _) => Some(Inline { field: "model", model }),
            (None, Some(model)) => Some(Inline { field: "model_config_override", model }),
            (None, None) => None,
        };
        let inline_id =
            || inline.and_then(|inline| inline.model.model_id.clone().or_else(|| inline.model.model_name.clone()));
        let model = input.model_id.clone().filter(|id| !id.is_empty()).or_else(inline_id);
        let model = model.ok_or_else(|| Problem::missing_field("model_id").with("field", "model_id"))?;
        let composition = Composition { model, tools: input.tool_ids.clone().unwrap_or_default() };
        // One that is registered, or nothing at all: whoever may not ask it is not told which.
        if inline.is_none() {
            self.may_invoke(asker, Kind::Model, &composition.model).await?;
        }
        let pinned = self.compose(composition, inline).await?;
        self.may_use(asker, &pinned.snapshot).await?;
        Ok(pinned)
    }

    /// An agent with the registered model that `model_config_override.model_id` names in place of its own, such as for
    /// an answer of another model to the same question. Everything else of that field is for ad-hoc calls.
    async fn with_model(
        &self,
        asker: &Asker,
        pinned: PinnedSnapshot,
        input: &InferInput,
    ) -> Result<PinnedSnapshot, Problem> {
        let model = input.model_config_override.as_ref().and_then(|model| model.model_id.as_deref());
        let Some(model) = model.filter(|model| !model.is_empty()) else { return Ok(pinned) };
        self.may_invoke(asker, Kind::Model, model).await?;
        let models = self.composed_models(&self.catalog.view(), model, None)?;
        let Some(agent) = pinned.snapshot.agent().filter(|agent| agent.models != models) else { return Ok(pinned) };
        let changed = AgentSnapshot { models, ..AgentSnapshot::clone(agent) };
        let mut snapshot = Snapshot::clone(&pinned.snapshot);
        snapshot.agents.insert(snapshot.target.clone(), Arc::new(changed));
        PinnedSnapshot::new(snapshot).map_err(|error| Problem::internal(&error))
    }

    /// The folder that the run's tools work in (S1-163): the request's, else the session's, else the caller's, and the
    /// agent's place in it.
    pub(crate) fn workspace_of(
        &self,
        asker: &Asker,
        input: &InferInput,
        session: &Session,
        snapshot: &PinnedSnapshot,
    ) -> Result<Option<PathBuf>, Problem> {
        let named = input.workspace.as_deref().filter(|named| !named.is_empty()).or_else(|| session.workspace(asker));
        let Some(root) = self.workspace_for(asker, named)? else { return Ok(None) };
        let place = snapshot.snapshot.agent().and_then(|agent| agent.workspace.path.as_deref());
        self.place_in(root, place).map(Some)
    }

    pub(crate) async fn turns(
        &self,
        input: &InferInput,
        snapshot: &PinnedSnapshot,
        workspace: Option<&PathBuf>,
    ) -> Result<Vec<Turn>, Problem> {
        let messages = match (&input.messages, &input.text) {
            (Some(messages), _) if !messages.is_empty() => messages.clone(),
            (_, Some(text)) if text.is_empty() => {
                return Err(Problem::bad_request("Invalid value for field text: it says nothing").with("field", "text"));
            }
            (_, Some(text)) => vec![MessageInput {
                role: "user".to_owned(),
                content: Some(Value::String(text.clone())),
                ..MessageInput::default()
            }],
            _ => return Err(Problem::missing_field("messages (or text)")),
        };
        self.read_messages("messages", messages, snapshot, workspace).await
    }

    /// Makes turns of messages that a request has in `field`.
    pub(crate) async fn read_messages(
        &self,
        field: &'static str,
        messages: Vec<MessageInput>,
        snapshot: &PinnedSnapshot,
        workspace: Option<&PathBuf>,
    ) -> Result<Vec<Turn>, Problem> {
        let view = self.catalog.view();
        let agent = snapshot.snapshot.agent();
        let table = agent.and_then(|agent| tools_table(agent, self.disable_nested_delegate()));
        let workspace = workspace.map(PathBuf::as_path);
        let reading = Reading { field, view: &view, media: &self.media, workspace, tools_table: table };
        let last = messages.len().saturating_sub(1);
        let turns = reading.turns(messages).await?;
        // Providers refuse a question without words.
        let is_empty = |turn: &Turn| {
            turn.content.is_empty() && turn.images.is_empty() && turn.audio.is_none() && turn.tool_calls.is_empty()
        };
        if turns.iter().all(is_empty) { Err(says_nothing(field, last, &turns)) } else { Ok(turns) }
    }

    fn limits(&self, input: &InferInput, snapshot: &PinnedSnapshot) -> Limits {
        let agents = snapshot.snapshot.agent().map_or_else(Limits::default, |agent| agent.limits.clone());
        let unsaid = || snapshot.snapshot.agent().is_none_or(|agent| !self.says_rounds(&agent.name));
        let default = || if unsaid() { self.max_tool_rounds() } else { agents.max_tool_rounds };
        Limits { max_tool_rounds: input.max_tool_rounds.unwrap_or_else(default), ..agents }
    }

    /// Whether an agent, or the Runtime's defaults, limit the rounds (S1-70: the variable is for those that do not).
    fn says_rounds(&self, agent: &str) -> bool {
        let view = self.catalog.view();
        let said =
            |limits: Option<&troupe_crds::agent::Limits>| limits.is_some_and(|limits| limits.max_tool_rounds.is_some());
        let defaults = || view.runtime().and_then(|runtime| runtime.defaults.as_ref()?.limits.as_ref());
        view.agent(agent).is_some_and(|spec| said(spec.limits.as_ref()) || said(defaults()))
    }

    /// Ends a session's runs, those that wait in its queue first (S1-62); says whether there was one. Another user's
    /// session is as good as none.
    pub async fn abort(&self, asker: &Asker, session: &str, forced: bool) -> Result<bool, Problem> {
        match self.session(asker, session, "delete").await {
            Ok(_) => {}
            Err(problem) if problem.status() == StatusCode::NOT_FOUND => return Ok(false),
            Err(problem) => return Err(problem),
        }
        let by = "aborted by the user";
        let waited = self.cancel_queued(session, by).await?;
        let Some(run) = self.engine.active(session) else { return Ok(waited) };
        self.engine.command(run, Command::Cancel { by: by.to_owned(), forced }).await?;
        if forced {
            self.tools.kill(run);
        }
        Ok(true)
    }
}

/// S1-156: an agent that is not there, or cannot be put together, is the caller's mistake. A server of its that does not
/// answer is not.
fn agent_refused(agent: &str, error: &ResolveError) -> Problem {
    let (agent, why) = (shortened(agent), sentence(error));
    let problem = match error {
        ResolveError::Discovery { .. } => return Problem::bad_gateway(format!("Agent {agent} cannot run now: {why}")),
        ResolveError::NotFound { .. } => {
            Problem::bad_request(format!("Agent not found: {agent}: {why}; GET /v1/agents lists what agent_id may be"))
        }
        _ => Problem::bad_request(format!("Agent {agent} cannot run: {why}")),
    };
    problem.with("field", "agent_id")
}

/// Why nobody is asked with messages that say nothing, the last of them at `last`.
fn says_nothing(field: &str, last: usize, turns: &[Turn]) -> Problem {
    let template = turns.iter().enumerate().find_map(|(index, turn)| Some((index, turn.prompt_template.as_deref()?)));
    let (field, problem) = match template {
        // S1-113: what is not there leaves the message as it is.
        Some((index, template)) => (
            format!("{field}[{index}].prompt_template"),
            format!("the prompt template {} is not there, or says nothing", shortened(template)),
        ),
        None => (format!("{field}[{last}].content"), "the messages say nothing; give one a content".to_owned()),
    };
    Problem::bad_request(format!("Invalid value for field {field}: {problem}")).with("field", field)
}

/// S1-156: where an agent's own instructions begin a conversation, they replace those of the request.
fn begins_as_agent(session: &Session, snapshot: &PinnedSnapshot) -> bool {
    let instructed = snapshot.snapshot.agent().is_some_and(|agent| !agent.id.is_empty() && !agent.system.is_empty());
    instructed && !matches!(session, Session::Known(_))
}

/// The session that a run goes into, and what its `init` frame says of it.
pub(crate) fn session_of_run(
    session: &Session,
    input: &InferInput,
    snapshot: &PinnedSnapshot,
    turns: &[Turn],
    workspace: Option<&PathBuf>,
) -> (Option<SessionOfRun>, About) {
    let meta = meta(input, snapshot, workspace);
    let has_system_prompt = turns.iter().any(|turn| turn.role == Role::System);
    let (id, create, title) = match session {
        Session::None => {
            let title = Some(troupe_core::session::title(turns)).filter(|title| !title.is_empty());
            return (None, About { title, has_system_prompt });
        }
        Session::New(id) => (id.clone(), true, title(turns, id)),
        Session::Known(row) if row.title.is_empty() => (row.id.clone(), false, title(turns, &row.id)),
        Session::Known(row) => (row.id.clone(), false, row.title.clone()),
    };
    let about = About { title: Some(title.clone()), has_system_prompt };
    (Some(SessionOfRun { id, create, title, meta }), about)
}

/// What the session keeps of how it was asked (S1-36). An agent's own model and tools count, whatever else the request
/// names (S1-156).
fn meta(input: &InferInput, snapshot: &PinnedSnapshot, workspace: Option<&PathBuf>) -> Map<String, Value> {
    let agent = snapshot.snapshot.agent().filter(|agent| !agent.id.is_empty());
    let is_own = |tool: &&Arc<ToolSnapshot>| !matches!(tool.kind, ToolKind::Client);
    let (model, tools) = match agent {
        Some(agent) => (
            agent.models.first().map(|model| model.name.clone()),
            Some(agent.tools.iter().filter(is_own).map(|tool| tool.id.clone()).collect()),
        ),
        None => (input.model_id.clone(), input.tool_ids.clone()),
    };
    let known = [
        ("model_id", model.map(Value::String)),
        ("agent_id", input.agent_id.clone().map(Value::String)),
        ("tool_ids", tools.map(|ids: Vec<String>| json!(ids))),
        ("workspace", workspace.map(|path| Value::String(path.to_string_lossy().into_owned()))),
    ];
    known.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

/// The initial title (S1-56, S1-141): the first 30 characters of the user's words, else the id.
fn title(turns: &[Turn], id: &str) -> String {
    let title = troupe_core::session::title(turns);
    if title.is_empty() { id.to_owned() } else { title }
}

fn target_name(snapshot: &PinnedSnapshot, input: &InferInput) -> String {
    let agent = snapshot.snapshot.agent();
    let named = agent.map(|agent| agent.name.clone()).filter(|name| !name.is_empty());
    let model = || agent.and_then(|agent| agent.models.first()).map(|model| model.name.clone());
    named.or_else(model).or_else(|| input.model_id.clone()).unwrap_or_default()
}
