//! OpenAI's chat completions: from a request to a run, or to the run that waits for the caller's tools.

pub mod parameters;
pub mod request;
mod resume;

use std::sync::Arc;

use serde_json::{Value, json};
use troupe_catalog::ResolveError;
use troupe_core::agent::{AgentSnapshot, Limits, OutputPolicy, PinnedSnapshot, Snapshot};
use troupe_core::engine::{Dispatch, StartRequest};
use troupe_core::id::RunId;
use troupe_core::stream::Subscription;
use troupe_core::tool::{Approval, OnInterrupted, ToolKind, ToolSnapshot, ToolSpec};
use troupe_crds::Kind;

use self::request::{ChatInput, ToolInput, wrong};
use crate::app::App;
use crate::frame::openai::{OpenAiFramer, Style};
use crate::http::error::Problem;
use crate::service::infer::{InferInput, session_of_run};
use crate::service::resolve::{Composition, sentence};
use crate::service::rights::{Asker, Caller};

/// How often an answer that does not satisfy the request's schema is asked for again.
const REPAIRS: u32 = 2;

/// An answer on its way.
pub struct Chat {
    /// The run.
    pub run: RunId,
    /// Reads it from where the answer begins.
    pub subscription: Subscription,
    /// Makes the answer's chunks.
    pub framer: OpenAiFramer,
    /// The session, where it has one.
    pub session: Option<String>,
    /// The run lives in memory only: it ends with its caller.
    pub stateless: bool,
}

/// What a request is for.
enum Target {
    /// A saved agent.
    Agent(PinnedSnapshot),
    /// A model as it is.
    Model(PinnedSnapshot),
}

impl Target {
    fn snapshot(&self) -> &PinnedSnapshot {
        match self {
            Self::Agent(snapshot) | Self::Model(snapshot) => snapshot,
        }
    }
}

impl App {
    /// Starts what a chat completion request asks for, or goes on with the run whose calls it answers.
    pub async fn chat(&self, input: ChatInput, caller: Caller) -> Result<Chat, Problem> {
        input.check()?;
        let target = self.chat_target(&caller.asker, &input).await?;
        if let Some(chat) = self.resume_chat(&input, &target, &caller).await? {
            return Ok(chat);
        }
        self.start_chat(input, target, caller).await
    }

    async fn chat_target(&self, asker: &Asker, input: &ChatInput) -> Result<Target, Problem> {
        let unknown =
            |detail: String| Problem::not_found(detail).with("error_code", "model_not_found").with("field", "model");
        if let Some(name) = input.model.strip_prefix("agent/") {
            self.may_invoke(asker, Kind::Agent, name).await?;
            return self.resolve_agent(name, None).await.map(Target::Agent).map_err(|error| match error {
                ResolveError::NotFound { .. } => {
                    unknown(format!("{}; GET /v1/models lists what there is", sentence(&error)))
                }
                error => not_ready(&error),
            });
        }
        if let Some(name) = input.model.strip_prefix("team/") {
            self.may_invoke(asker, Kind::Team, name).await?;
            return Err(unknown(format!(
                "team {name:?} cannot be asked: teams are not served yet; name one of its agents"
            )));
        }
        self.may_invoke(asker, Kind::Model, &input.model).await?;
        match self.catalog.view().resolve_model(&input.model) {
            Ok(_) => {}
            Err(ResolveError::NotFound { .. }) => {
                let detail = format!("there is no model {:?}; GET /v1/models lists what there is", input.model);
                return Err(unknown(detail));
            }
            Err(error) => return Err(not_ready(&error)),
        }
        let composition = Composition { model: input.model.clone(), tools: Vec::new() };
        self.compose(composition, None).await.map(Target::Model)
    }

    async fn start_chat(&self, input: ChatInput, target: Target, caller: Caller) -> Result<Chat, Problem> {
        let plain = matches!(target, Target::Model(_));
        let pinned = customised(&input, target.snapshot(), plain)?;
        let like_infer = InferInput {
            messages: Some(input.messages.clone()),
            session_id: input.session_id.clone(),
            agent_id: input.model.strip_prefix("agent/").map(str::to_owned),
            model_id: plain.then(|| input.model.clone()),
            interrupt: input.interrupt,
            ..InferInput::default()
        };
        let session = self.session_of(&caller.asker, &like_infer).await?;
        let workspace = self.workspace_of(&caller.asker, &like_infer, &session, &pinned)?;
        let turns = self.turns(&like_infer, &pinned, workspace.as_ref()).await?;
        let (session, _) = session_of_run(&session, &like_infer, &pinned, &turns, workspace.as_ref());
        let stateless = session.is_none() && caller.idempotency.is_none();
        // A plain model's calls go to the caller, who sends the whole conversation again: nothing is to wait for it.
        let pass_through = plain && stateless;
        let agent = pinned.snapshot.agent();
        let mut limits = agent.map_or_else(Limits::default, |agent| agent.limits.clone());
        if pass_through {
            limits.max_tool_rounds = 0;
        }
        let style = style(&input, pass_through);
        let session_id = session.as_ref().map(|session| session.id.clone());
        let request = StartRequest {
            kind: if plain { "adhoc" } else { "agent" }.to_owned(),
            target: agent.map(|agent| agent.name.clone()).filter(|name| !name.is_empty()).unwrap_or(input.model),
            snapshot: pinned.clone(),
            input: turns,
            session,
            durable: !stateless,
            limits,
            user: caller.user(),
            workspace: workspace.map(|path| path.to_string_lossy().into_owned()),
            request_id: caller.request_id,
            idempotency: caller.idempotency,
            dispatch: Dispatch::Now,
            interrupt: input.interrupt.unwrap_or(false),
        };
        let started = self.engine.start(request).await?;
        let (snapshot, session_id) = if started.existing {
            self.as_it_began(started.run, pinned, session_id).await?
        } else {
            (pinned.snapshot, session_id)
        };
        Ok(Chat {
            run: started.run,
            subscription: started.subscription,
            framer: OpenAiFramer::new(started.run, snapshot, style),
            session: session_id,
            stateless,
        })
    }

    /// The same request was made before: what its run pins, and its session.
    async fn as_it_began(
        &self,
        run: RunId,
        pinned: PinnedSnapshot,
        session: Option<String>,
    ) -> Result<(Arc<Snapshot>, Option<String>), Problem> {
        let row = self.store.run(run).await?;
        let snapshot = self.pinned_by(run).await?.unwrap_or(pinned.snapshot);
        Ok((snapshot, row.map_or(session, |row| row.session)))
    }
}

fn not_ready(error: &ResolveError) -> Problem {
    Problem::unavailable(sentence(error)).with("error_code", "model_not_ready").with("field", "model")
}

/// How the answer to a request is written.
fn style(input: &ChatInput, pass_through: bool) -> Style {
    let asked = input.stream_options.as_ref().and_then(|options| options.include_usage);
    Style {
        model: input.model.clone(),
        // A whole answer always tells.
        include_usage: asked.unwrap_or(false) || input.stream != Some(true),
        pass_through,
    }
}

/// The snapshot with what the request adds to it; the same one where it adds nothing.
fn customised(input: &ChatInput, pinned: &PinnedSnapshot, plain: bool) -> Result<PinnedSnapshot, Problem> {
    let Some(agent) = pinned.snapshot.agent() else { return Ok(pinned.clone()) };
    let mut changed = AgentSnapshot::clone(agent);
    add_tools(&mut changed, input.tools.as_deref().unwrap_or_default())?;
    if let Some(choice) = input.tool_choice.as_ref().filter(|choice| !choice.is_null()) {
        changed.tool_choice = Some(choice.clone());
    }
    add_output(&mut changed, input)?;
    add_parameters(&mut changed, input, plain)?;
    if changed == **agent {
        return Ok(pinned.clone());
    }
    let mut snapshot = Snapshot::clone(&pinned.snapshot);
    snapshot.agents.insert(snapshot.target.clone(), Arc::new(changed));
    PinnedSnapshot::new(snapshot)
        .map_err(|error| Problem::bad_request(format!("the request cannot be written as JSON: {error}")))
}

fn add_tools(agent: &mut AgentSnapshot, tools: &[ToolInput]) -> Result<(), Problem> {
    for (index, tool) in tools.iter().enumerate() {
        let Some(function) = &tool.function else { continue };
        if agent.tools.iter().any(|known| known.spec.name == function.name) {
            let field = format!("tools[{index}].function.name");
            return Err(wrong(&field, &format!("there is a tool {:?} already; give it another name", function.name)));
        }
        let parameters = function.parameters.clone().map_or_else(|| json!({"type": "object"}), Value::Object);
        agent.tools.push(Arc::new(ToolSnapshot {
            spec: ToolSpec {
                name: function.name.clone(),
                description: function.description.clone().unwrap_or_default(),
                parameters,
            },
            id: function.name.clone(),
            output: None,
            kind: ToolKind::Client,
            timeout_ms: None,
            approval: Approval::Never,
            on_interrupted: OnInterrupted::Auto,
            read_only: false,
            idempotent: false,
            destructive: false,
            hidden_arguments: Vec::new(),
        }));
    }
    Ok(())
}

fn add_output(agent: &mut AgentSnapshot, input: &ChatInput) -> Result<(), Problem> {
    let Some(format) = &input.response_format else { return Ok(()) };
    let schema = match (format.kind.as_str(), &format.json_schema) {
        ("text", _) => {
            agent.output = None;
            return Ok(());
        }
        ("json_object", _) => json!({"type": "object"}),
        ("json_schema", Some(given)) => Value::Object(given.schema.clone()),
        ("json_schema", None) => {
            let field = "response_format.json_schema";
            return Err(Problem::missing_field(field).with("field", field));
        }
        _ => return Err(wrong("response_format.type", "use text, json_object or json_schema")),
    };
    agent.output = Some(OutputPolicy { schema, max_repairs: REPAIRS });
    Ok(())
}

/// The request's parameters win over the agent's, which win over the model's. A fallback that has no word for one of
/// them goes without it; the model itself must not.
fn add_parameters(agent: &mut AgentSnapshot, input: &ChatInput, plain: bool) -> Result<(), Problem> {
    let own = agent.parameters.clone();
    let mut models = Vec::with_capacity(agent.models.len());
    let mut said_any = false;
    for (index, model) in agent.models.iter().enumerate() {
        let said = match parameters::parameters(input, model.protocol, plain) {
            Err(problem) if index == 0 => return Err(problem),
            said => said.unwrap_or_default(),
        };
        said_any |= !said.is_empty();
        let mut changed = (**model).clone();
        changed.parameters.extend(own.clone());
        changed.parameters.extend(said);
        models.push(Arc::new(changed));
    }
    if said_any {
        agent.models = models;
        agent.parameters.clear();
    }
    Ok(())
}
