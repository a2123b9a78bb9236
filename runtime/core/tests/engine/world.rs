//! The outside of the engine in tests: a scripted model, counted tools, a clock that only goes on.

use std::collections::{HashMap, VecDeque};
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use futures::StreamExt;
use serde_json::{Map, Value, json};
use tokio::sync::Notify;
use tokio_util::task::TaskTracker;
use troupe_core::agent::{
    AgentSnapshot, ContextPolicy, Limits, OutputPolicy, PinnedSnapshot, Snapshot, WorkspacePolicy,
};
use troupe_core::engine::{Dispatch, Engine, EngineOptions, SessionOfRun, StartRequest};
use troupe_core::message::{Media, Message, Role};
use troupe_core::model::{
    FinishReason, ModelError, ModelEvent, ModelRequest, ModelSnapshot, Protocol, ToolCallDelta, Trust, Usage,
};
use troupe_core::port::{Clock, MediaSource, ModelClient, ModelDirectory, ModelStream, Ports, ToolClient, ToolContext};
use troupe_core::session::Turn;
use troupe_core::tool::{Approval, OnInterrupted, ToolKind, ToolResult, ToolSnapshot, ToolSpec};

use crate::memory::{Death, Disk, MemoryStore};

/// What a model answers to a request.
pub(crate) type Script = Arc<dyn Fn(&ModelRequest) -> Vec<Result<ModelEvent, ModelError>> + Send + Sync>;

/// Everything outside that survives a process.
#[derive(Clone)]
pub(crate) struct World {
    pub disk: Arc<Mutex<Disk>>,
    pub script: Script,
    /// How often each tool ran, by the tool's name and its arguments.
    pub ran: Arc<Mutex<HashMap<String, usize>>>,
    pub asked: Arc<Mutex<Vec<ModelRequest>>>,
    /// Tools called `slow` wait for this.
    pub gate: Arc<Notify>,
    /// What tools give next, before they give what they always do.
    pub results: Arc<Mutex<VecDeque<ToolResult>>>,
    /// How long it takes to read the clock, in microseconds.
    pub pace: i64,
    clock: Arc<AtomicI64>,
}

impl World {
    pub(crate) fn new(
        script: impl Fn(&ModelRequest) -> Vec<Result<ModelEvent, ModelError>> + Send + Sync + 'static,
    ) -> Self {
        Self {
            disk: Arc::default(),
            script: Arc::new(script),
            ran: Arc::default(),
            asked: Arc::default(),
            gate: Arc::default(),
            results: Arc::default(),
            pace: 7,
            clock: Arc::new(AtomicI64::new(1_700_000_000_000_000)),
        }
    }

    /// An engine on this world, and a signal of its death.
    pub(crate) fn engine(&self, death: Death, options: EngineOptions) -> (Engine, Arc<Notify>) {
        let died = Arc::new(Notify::new());
        let store = MemoryStore { disk: Arc::clone(&self.disk), death, died: Arc::clone(&died) };
        let outside = Arc::new(self.clone());
        let ports = Ports {
            models: outside.clone(),
            tools: outside.clone(),
            store: Arc::new(store),
            directory: outside.clone(),
            media: outside.clone(),
            observer: Arc::new(troupe_core::port::Unobserved),
            clock: outside,
        };
        (Engine::new(ports, options, TaskTracker::new()), died)
    }

    pub(crate) fn calm(&self) -> Engine {
        self.engine(Death::Never, EngineOptions::default()).0
    }

    pub(crate) fn ran(&self, tool: &str) -> usize {
        self.ran.lock().unwrap().iter().filter(|(name, _)| name.starts_with(tool)).map(|(_, times)| times).sum()
    }

    pub(crate) fn skip(&self, microseconds: i64) {
        self.clock.fetch_add(microseconds, Ordering::SeqCst);
    }
}

impl Clock for World {
    fn now(&self) -> i64 {
        self.clock.fetch_add(self.pace, Ordering::SeqCst)
    }
}

#[async_trait]
impl ModelClient for World {
    async fn stream(&self, request: ModelRequest) -> Result<ModelStream, ModelError> {
        let events = (self.script)(&request);
        self.asked.lock().unwrap().push(request);
        Ok(futures::stream::iter(events)
            .then(|event| async {
                tokio::task::yield_now().await;
                event
            })
            .boxed())
    }
}

#[async_trait]
impl ToolClient for World {
    async fn call(&self, tool: &ToolSnapshot, arguments: Map<String, Value>, context: ToolContext) -> ToolResult {
        let name = &tool.spec.name;
        *self.ran.lock().unwrap().entry(format!("{name} {} {}", context.call, Value::from(arguments))).or_default() +=
            1;
        tokio::task::yield_now().await;
        if let Some(result) = self.results.lock().unwrap().pop_front() {
            return result;
        }
        if name == "slow" {
            tokio::select! {
                () = self.gate.notified() => {}
                () = context.cancel.cancelled() => return ToolResult::error("stopped"),
            }
        }
        if name == "big" {
            return ToolResult::text("ä".repeat(300_000));
        }
        ToolResult::text(format!("{name} done"))
    }
}

impl ModelDirectory for World {
    fn models(&self, id: &str) -> Option<Vec<Arc<ModelSnapshot>>> {
        (id == "small").then(|| vec![model("small")])
    }
}

#[async_trait]
impl MediaSource for World {
    async fn image(&self, reference: &str, _workspace: Option<&Path>) -> Result<Media, String> {
        Ok(Media { mime: "image/png".to_owned(), data: reference.to_owned() })
    }
}

pub(crate) fn model(name: &str) -> Arc<ModelSnapshot> {
    Arc::new(ModelSnapshot {
        name: name.to_owned(),
        id: name.to_owned(),
        protocol: Protocol::OpenAI,
        base_url: "http://127.0.0.1:1".to_owned(),
        trust: Trust::Literal,
        model: name.to_owned(),
        api_key: None,
        headers: Vec::new(),
        ca: None,
        multimodal: false,
        parameters: Map::new(),
        timeout_ms: None,
        first_token_timeout_ms: None,
        max_attempts: 3,
        initial_backoff_ms: 1,
        limits: troupe_core::model::ModelLimits::default(),
        context_window: None,
        pricing: None,
    })
}

pub(crate) fn tool(name: &str) -> ToolSnapshot {
    ToolSnapshot {
        spec: ToolSpec { name: name.to_owned(), description: name.to_owned(), parameters: json!({"type": "object"}) },
        id: name.to_owned(),
        output: None,
        kind: ToolKind::Registered { name: name.to_owned() },
        timeout_ms: None,
        approval: Approval::Never,
        on_interrupted: OnInterrupted::Auto,
        read_only: name.starts_with("read"),
        idempotent: false,
        destructive: false,
        hidden_arguments: Vec::new(),
    }
}

pub(crate) fn agent(name: &str, tools: Vec<ToolSnapshot>) -> AgentSnapshot {
    AgentSnapshot {
        name: name.to_owned(),
        id: name.to_owned(),
        display_name: String::new(),
        description: String::new(),
        revision: String::new(),
        models: vec![model("large"), model("spare")],
        parameters: Map::new(),
        system: format!("You are {name}."),
        tools: tools.into_iter().map(Arc::new).collect(),
        delegate_only: false,
        max_depth: 3,
        limits: Limits::default(),
        context: ContextPolicy::default(),
        output: None,
        workspace: WorkspacePolicy::default(),
        tool_choice: None,
    }
}

pub(crate) fn with_schema(agent: AgentSnapshot, schema: Value, max_repairs: u32) -> AgentSnapshot {
    AgentSnapshot { output: Some(OutputPolicy { schema, max_repairs }), ..agent }
}

/// A request for the first of these agents.
pub(crate) fn request(agents: Vec<AgentSnapshot>, text: &str) -> StartRequest {
    let limits = agents[0].limits.clone();
    let target = agents[0].name.clone();
    let agents = agents.into_iter().map(|agent| (agent.name.clone(), Arc::new(agent))).collect();
    StartRequest {
        snapshot: PinnedSnapshot::new(Snapshot { target: target.clone(), agents }).unwrap(),
        input: vec![Turn::text(Role::User, text)],
        session: None,
        durable: true,
        limits,
        kind: "agent".to_owned(),
        target,
        user: String::new(),
        workspace: None,
        request_id: None,
        idempotency: None,
        dispatch: Dispatch::Now,
        interrupt: false,
    }
}

pub(crate) fn in_session(request: StartRequest, session: &str, create: bool) -> StartRequest {
    let session = SessionOfRun { id: session.to_owned(), create, title: "A title".to_owned(), meta: Map::new() };
    StartRequest { session: Some(session), ..request }
}

/// An answer in words, in pieces of two characters.
pub(crate) fn say(text: &str) -> Vec<Result<ModelEvent, ModelError>> {
    let letters: Vec<char> = text.chars().collect();
    let mut events: Vec<_> = letters.chunks(2).map(|pair| Ok(ModelEvent::Content(pair.iter().collect()))).collect();
    events.push(Ok(ModelEvent::Usage(Usage { input_tokens: 10, output_tokens: 5, ..Usage::default() })));
    events.push(Ok(ModelEvent::Finished(FinishReason::Stop)));
    events
}

/// An answer that asks for calls.
pub(crate) fn ask(calls: &[(&str, Value)]) -> Vec<Result<ModelEvent, ModelError>> {
    let mut events = vec![Ok(ModelEvent::Thinking("hm".to_owned()))];
    for (index, (name, arguments)) in calls.iter().enumerate() {
        let text = arguments.to_string();
        let (first, second) = text.split_at(text.len() / 2);
        let piece = |id: Option<&str>, name: Option<&str>, arguments: &str| {
            Ok(ModelEvent::ToolCall(ToolCallDelta {
                index,
                id: id.map(str::to_owned),
                name: name.map(str::to_owned),
                arguments: arguments.to_owned(),
            }))
        };
        events.push(piece(None, Some(name), first));
        events.push(piece(None, None, second));
    }
    events.push(Ok(ModelEvent::Usage(Usage { input_tokens: 20, output_tokens: 8, ..Usage::default() })));
    events.push(Ok(ModelEvent::Finished(FinishReason::ToolCalls)));
    events
}

pub(crate) fn failure(code: &str, retryable: bool) -> ModelError {
    ModelError { code: code.to_owned(), message: format!("model failed with {code}"), retryable, retry_after_ms: None }
}

/// The results of tools in a request, in order.
pub(crate) fn results(messages: &[Message]) -> Vec<String> {
    messages.iter().filter(|message| message.role == Role::Tool).map(|message| message.content.clone()).collect()
}

/// The longest that a test waits for something that must happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
