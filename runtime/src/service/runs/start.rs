//! Starts runs of agents as data, and runs of what failed once more.

use std::path::PathBuf;
use std::time::Duration;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use troupe_catalog::ResolveError;
use troupe_core::agent::{Limits, PinnedSnapshot};
use troupe_core::engine::{Dispatch, StartRequest, Started};
use troupe_core::event::Event;
use troupe_core::id::RunId;
use troupe_core::port::RunStore;
use troupe_core::session::Turn;
use troupe_crds::Kind;
use utoipa::ToSchema;

use crate::app::App;
use crate::frame::event::InputMessage;
use crate::http::error::Problem;
use crate::service::infer::{InferInput, Session, session_of_run};
use crate::service::message::MessageInput;
use crate::service::message::shape::RunInputForm;
use crate::service::resolve::{sentence, shortened};
use crate::service::rights::Caller;

/// The longest that a caller may wait for the end of a run, in seconds.
const LONGEST_WAIT: u64 = 600;

/// A run to be started.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RunInput {
    /// What it is given: one user message as a text, a list of messages, or an object, told to the agent as JSON.
    #[schema(value_type = RunInputForm)]
    pub input: RunInputs,
    /// `new`, or an existing session.
    #[serde(default)]
    pub session_id: Option<String>,
    /// Another version of the agent than the one that serves, by its hash or short id.
    #[serde(default)]
    pub revision: Option<String>,
    /// Say what would run, and run nothing.
    #[serde(default)]
    pub dry_run: Option<bool>,
    /// Seconds to wait for its end, at most 600; it goes on afterwards.
    #[serde(default)]
    pub wait: Option<u64>,
    /// `draft`: keep it, to be dispatched later.
    #[serde(default)]
    pub status: Option<StatusInput>,
    /// `manual`: keep it until it is dispatched or executed by name.
    #[serde(default)]
    pub dispatch: Option<DispatchInput>,
    /// Abort the session's running run first.
    #[serde(default)]
    pub interrupt: Option<bool>,
}

/// What a run is given.
#[derive(Clone, Debug)]
pub enum RunInputs {
    /// One user message.
    Text(String),
    /// Messages.
    Messages(Vec<MessageInput>),
    /// Told as JSON.
    Object(Map<String, Value>),
}

/// Read in one pass, so that an error names the field in the message that it is in.
impl<'de> Deserialize<'de> for RunInputs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RunInputsVisitor)
    }
}

struct RunInputsVisitor;

impl<'de> Visitor<'de> for RunInputsVisitor {
    type Value = RunInputs;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a text, a list of messages, or an object")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<RunInputs, E> {
        if text.is_empty() { Err(E::custom("it is empty")) } else { Ok(RunInputs::Text(text.to_owned())) }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<RunInputs, A::Error> {
        let messages: Vec<MessageInput> = Vec::deserialize(SeqAccessDeserializer::new(list))?;
        if messages.is_empty() {
            Err(A::Error::custom("it has no messages"))
        } else {
            Ok(RunInputs::Messages(messages))
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<RunInputs, A::Error> {
        Map::deserialize(MapAccessDeserializer::new(object)).map(RunInputs::Object)
    }
}

/// The state to create a run in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StatusInput {
    /// Kept, not queued.
    Draft,
}

/// How a run is dispatched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DispatchInput {
    /// By name only.
    Manual,
}

/// What a dry run says.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct DryRun {
    /// Always true.
    pub dry_run: bool,
    /// The agent.
    pub agent: String,
    /// The version of it that would run.
    pub revision: String,
    /// The models: the agent's, then its fallbacks.
    pub models: Vec<String>,
    /// The tools, by the names that the model sees.
    pub tools: Vec<String>,
    /// The rendered instructions.
    pub system: String,
    /// What it would be given.
    pub input: Vec<InputMessage>,
}

/// What became of a request to run an agent.
pub enum Begun {
    /// Nothing was to run.
    Dry(Box<DryRun>),
    /// A run, perhaps one that the same request made before.
    Run(RunId, bool),
}

impl App {
    /// Starts a run of a saved agent; always a durable one.
    pub async fn start_run(&self, agent: &str, input: RunInput, caller: Caller) -> Result<Begun, Problem> {
        if input.wait.is_some_and(|seconds| seconds > LONGEST_WAIT) {
            let detail = format!("Invalid value for field wait: at most {LONGEST_WAIT} seconds");
            return Err(Problem::bad_request(detail).with("field", "wait"));
        }
        self.may_invoke(&caller.asker, Kind::Agent, agent).await?;
        let pinned = self.agent_for_run(agent, input.revision.as_deref()).await?;
        let like_infer = InferInput {
            agent_id: Some(agent.to_owned()),
            session_id: input.session_id.clone(),
            interrupt: input.interrupt,
            ..InferInput::default()
        };
        let session = self.session_of(&caller.asker, &like_infer).await?;
        if let (Some(id), Session::None) = (input.session_id.as_deref().filter(|id| !id.is_empty()), &session) {
            let detail = format!("Session not found: {}; GET /v1/sessions lists what session_id may be", shortened(id));
            return Err(Problem::not_found(detail).with("field", "session_id"));
        }
        let workspace = self.workspace_of(&caller.asker, &like_infer, &session, &pinned)?;
        let given = messages(&input.input);
        let turns = self.read_messages("input", given, &pinned, workspace.as_ref()).await?;
        if input.dry_run == Some(true) {
            return Ok(Begun::Dry(Box::new(dry_run(&pinned, &turns))));
        }
        let (session, _) = session_of_run(&session, &like_infer, &pinned, &turns, workspace.as_ref());
        let dispatch = match (input.status, input.dispatch) {
            (Some(StatusInput::Draft), _) => Dispatch::Draft,
            (None, Some(DispatchInput::Manual)) => Dispatch::Manual,
            (None, None) => Dispatch::Now,
        };
        let name = pinned.snapshot.target.clone();
        let request = StartRequest {
            session,
            dispatch,
            interrupt: input.interrupt.unwrap_or(false),
            ..request(pinned, turns, ("agent", name), workspace, caller)
        };
        let Started { run, existing, .. } = self.engine.start(request).await?;
        self.wait_for(run, input.wait).await?;
        Ok(Begun::Run(run, existing))
    }

    async fn agent_for_run(&self, agent: &str, revision: Option<&str>) -> Result<PinnedSnapshot, Problem> {
        self.resolve_agent(agent, revision).await.map_err(|error| match error {
            ResolveError::NotFound { .. } => Problem::not_found(sentence(&error)),
            ResolveError::NoRevision { .. } => Problem::not_found(sentence(&error)).with("field", "revision"),
            ResolveError::Discovery { .. } => Problem::bad_gateway(sentence(&error)),
            error => Problem::unprocessable(sentence(&error)),
        })
    }

    /// Waits until the run is over, or waits itself, or the time is up.
    async fn wait_for(&self, run: RunId, seconds: Option<u64>) -> Result<(), Problem> {
        let Some(seconds) = seconds.filter(|seconds| *seconds > 0) else { return Ok(()) };
        let Some(mut subscription) = self.engine.subscribe(run, None).await? else { return Ok(()) };
        let ended = async {
            while let Some(item) = subscription.next().await {
                let troupe_core::stream::Item::Event(recorded) = item else { continue };
                let over = recorded.run == run && matches!(recorded.event, Event::RunFinished { .. });
                if over || matches!(recorded.event, Event::ApprovalRequested { .. }) {
                    return;
                }
            }
        };
        // That the time is up is an answer too: the run's state says so.
        let _ = tokio::time::timeout(Duration::from_secs(seconds), ended).await;
        Ok(())
    }

    /// Runs what is over once more: the same input, with the agent as it is now, or the same composition.
    pub async fn retry_run(&self, run: RunId, caller: Caller) -> Result<(RunId, bool), Problem> {
        let known = self.known_run(run).await?;
        let Some(row) = known.row else {
            return Err(Problem::conflict("a stateless run cannot be retried; ask again"));
        };
        if !row.state.is_terminal() {
            return Err(Problem::conflict(format!("run {run} is not over ({}); cancel it first", row.state.as_str())));
        }
        let first = known.events.into_iter().next().map(|recorded| recorded.event);
        let Some(Event::RunAccepted(accepted)) = first else {
            return Err(Problem::conflict(format!("the history of run {run} is not kept any more")));
        };
        let pinned = if row.kind == "agent" {
            self.may_invoke(&caller.asker, Kind::Agent, &row.target).await?;
            self.agent_for_run(&row.target, None).await?
        } else {
            let kept = RunStore::snapshot(&self.store, &accepted.snapshot).await?;
            let kept = kept.ok_or_else(|| Problem::conflict(format!("what run {run} pinned is not kept any more")))?;
            self.may_use(&caller.asker, &kept.snapshot).await?;
            kept
        };
        let like_infer = InferInput { session_id: row.session.clone(), ..InferInput::default() };
        let known_session = self.session_of(&caller.asker, &like_infer).await?;
        let (session, _) = session_of_run(&known_session, &like_infer, &pinned, &accepted.input, None);
        // Whoever runs another's once more does so with files of their own.
        let workspace = if row.owner == caller.asker.user() {
            accepted.workspace.clone()
        } else {
            let own = self.workspace_of(&caller.asker, &like_infer, &known_session, &pinned)?;
            own.map(|path| path.to_string_lossy().into_owned())
        };
        let again = StartRequest {
            session,
            limits: accepted.limits.clone(),
            workspace,
            ..request(pinned, accepted.input.clone(), (&row.kind, row.target.clone()), None, caller)
        };
        let started = self.engine.start(again).await?;
        Ok((started.run, started.existing))
    }
}

fn request(
    snapshot: PinnedSnapshot,
    input: Vec<Turn>,
    (kind, target): (&str, String),
    workspace: Option<PathBuf>,
    caller: Caller,
) -> StartRequest {
    let limits = snapshot.snapshot.agent().map_or_else(Limits::default, |agent| agent.limits.clone());
    StartRequest {
        snapshot,
        input,
        session: None,
        durable: true,
        limits,
        kind: kind.to_owned(),
        target,
        user: caller.user(),
        workspace: workspace.map(|path| path.to_string_lossy().into_owned()),
        request_id: caller.request_id,
        idempotency: caller.idempotency,
        dispatch: Dispatch::Now,
        interrupt: false,
    }
}

fn messages(input: &RunInputs) -> Vec<MessageInput> {
    let user = |text: String| MessageInput {
        role: "user".to_owned(),
        content: Some(Value::String(text)),
        ..MessageInput::default()
    };
    match input {
        RunInputs::Text(text) => vec![user(text.clone())],
        RunInputs::Messages(messages) => messages.clone(),
        RunInputs::Object(object) => vec![user(Value::Object(object.clone()).to_string())],
    }
}

fn dry_run(pinned: &PinnedSnapshot, turns: &[Turn]) -> DryRun {
    let agent = pinned.snapshot.agent();
    let of = |names: Option<Vec<String>>| names.unwrap_or_default();
    DryRun {
        dry_run: true,
        agent: pinned.snapshot.target.clone(),
        revision: agent.map(|agent| agent.revision.clone()).unwrap_or_default(),
        models: of(agent.map(|agent| agent.models.iter().map(|model| model.name.clone()).collect())),
        tools: of(agent.map(|agent| agent.tools.iter().map(|tool| tool.spec.name.clone()).collect())),
        system: agent.map(|agent| agent.system.clone()).unwrap_or_default(),
        input: turns.iter().map(crate::frame::typed::input_message).collect(),
    }
}
