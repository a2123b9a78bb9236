//! [`Tools`]: every kind of tool behind the engine's port.

use std::future::Future;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::future::{Either, select};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use troupe_core::id::RunId;
use troupe_core::port::{SecretSource, ToolClient, ToolContext};
use troupe_core::tool::{HttpTool, McpServerSnapshot, ToolKind, ToolResult, ToolSnapshot};
use troupe_net::{Client, ClientConfig};

use crate::budget::Budget;
use crate::hidden::Filled;
use crate::http::Http;
use crate::jail::{Jail, JailSettings};
use crate::limits::{LiveLimits, NoLiveLimits};
use crate::mcp::McpPool;
use crate::mcp_tool::{self, McpToolError, McpTools};
use crate::registered::{self, Registry, Reply};
use crate::runs::Runs;
use crate::skill::SkillPlaces;
use crate::{arguments, bash, fetch, function, skill, template, workspace};

/// S1-90: `BASH_EXEC_TIMEOUT`; functions and closures have as long.
const BASH_TIMEOUT: Duration = Duration::from_mins(5);
/// S1-91.
const FETCH_TIMEOUT: Duration = Duration::from_secs(30);
/// S1-91: `FETCH_MAX_SIZE`, in characters.
const FETCH_MAX_SIZE: usize = 262_144;
/// What an HTTP API may take that says nothing else.
const HTTP_TIMEOUT: Duration = Duration::from_mins(2);
/// Far more than the largest workspace takes to be searched.
const FILE_TIMEOUT: Duration = Duration::from_mins(1);

/// How tools are set up.
#[derive(Clone, Debug)]
pub struct ToolsSettings {
    /// The jail of `bash` and functions.
    pub jail: JailSettings,
    /// Where skills lie, and the files of inline ones are laid out.
    pub skills: SkillPlaces,
    /// The longest that a command, a function or a closure takes where its tool says nothing else (`BASH_EXEC_TIMEOUT`).
    pub bash_timeout: Duration,
    /// The most characters that `fetch` gives (`FETCH_MAX_SIZE`).
    pub fetch_max_size: usize,
    /// Limits that change while the service runs; they win over the two above.
    pub live: Arc<dyn LiveLimits>,
    /// The memory that all large results share.
    pub budget: Budget,
    /// How clients are made for MCP servers with a certificate authority of their own: as the shared one was.
    pub network: ClientConfig,
    /// Runs what connections to MCP servers need, so that a graceful stop waits for it.
    pub tasks: TaskTracker,
}

impl ToolsSettings {
    /// S1's defaults, with inline skills in `inline`.
    pub fn new(jail: JailSettings, inline: PathBuf) -> Self {
        Self {
            jail,
            skills: SkillPlaces { inline, ..SkillPlaces::default() },
            bash_timeout: BASH_TIMEOUT,
            fetch_max_size: FETCH_MAX_SIZE,
            live: Arc::new(NoLiveLimits),
            budget: Budget::default(),
            network: ClientConfig::default(),
            tasks: TaskTracker::new(),
        }
    }
}

/// Calls tools of all kinds but those that the engine performs itself.
#[derive(Clone)]
pub struct Tools {
    shared: Arc<Shared>,
}

struct Shared {
    jail: Jail,
    client: Client,
    secrets: Arc<dyn SecretSource>,
    registry: Registry,
    runs: Runs,
    mcp: McpTools,
    settings: ToolsSettings,
}

impl Tools {
    /// Tools that reach the network through `client` and read secrets from `secrets`.
    pub fn new(settings: ToolsSettings, client: Client, secrets: Arc<dyn SecretSource>) -> Self {
        let jail = Jail::new(settings.jail.clone(), settings.budget.clone());
        let (registry, runs) = (Registry::default(), Runs::default());
        let (tasks, network) = (settings.tasks.clone(), settings.network.clone());
        let mcp = McpTools::new(tasks, client.clone(), network, Arc::clone(&secrets));
        Self { shared: Arc::new(Shared { jail, client, secrets, registry, runs, mcp, settings }) }
    }

    /// The jail, for readiness and for code that is no tool.
    pub fn jail(&self) -> &Jail {
        &self.shared.jail
    }

    /// The connections to MCP servers, to forget a server that changed and to stop them all.
    pub fn mcp(&self) -> &McpPool {
        self.shared.mcp.pool()
    }

    /// What runs pin of each tool of an MCP server, as the server tells now (S1-95, S1-99).
    pub async fn discover(&self, server: &McpServerSnapshot) -> Result<Vec<ToolSnapshot>, McpToolError> {
        let tools = self.shared.mcp.tools(server).await?;
        Ok(tools.into_iter().map(|tool| mcp_tool::snapshot(server, tool)).collect())
    }

    /// Registers a closure under a name, in place of one that has it, and gives what a run pins of it.
    pub fn register<F, Fut, R>(&self, name: &str, description: &str, schema: Value, closure: F) -> ToolSnapshot
    where
        F: Fn(Map<String, Value>, ToolContext) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<R, String>> + Send + 'static,
        R: Into<Reply>,
    {
        let snapshot = registered::snapshot(name, description, schema);
        self.shared.registry.insert(snapshot.clone(), registered::untyped(closure));
        snapshot
    }

    /// Registers a closure whose arguments are a type: its JSON Schema is what the model sees, its doc comments are the
    /// descriptions, and fields without a default are required (S1-88).
    pub fn register_typed<A, F, Fut, R>(&self, name: &str, description: &str, closure: F) -> ToolSnapshot
    where
        A: DeserializeOwned + JsonSchema,
        F: Fn(A, ToolContext) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<R, String>> + Send + 'static,
        R: Into<Reply>,
    {
        let snapshot = registered::snapshot(name, description, registered::schema_of::<A>());
        self.shared.registry.insert(snapshot.clone(), registered::typed(closure));
        snapshot
    }

    /// Removes a registered closure; false if there is none of this name.
    pub fn unregister(&self, name: &str) -> bool {
        self.shared.registry.remove(name)
    }

    /// What runs pin of every registered closure, by name.
    pub fn registered(&self) -> Vec<ToolSnapshot> {
        self.shared.registry.snapshots()
    }

    /// Ends every call of a run's tree at once, with all processes (S1-62, `forced`). Says how many calls there were.
    pub fn kill(&self, root: RunId) -> usize {
        self.shared.runs.kill(root)
    }
}

#[async_trait]
impl ToolClient for Tools {
    async fn call(&self, tool: &ToolSnapshot, arguments: Map<String, Value>, context: ToolContext) -> ToolResult {
        let under_way = self.shared.runs.begin(context.root);
        let stop = context.cancel.child_token();
        let call = pin!(self.shared.call(tool, arguments, context, &stop));
        let killed = pin!(under_way.killed.cancelled());
        match select(call, killed).await {
            Either::Left((result, _)) => result,
            Either::Right(((), call)) => {
                stop.cancel();
                call.await
            }
        }
    }
}

impl Shared {
    async fn call(
        &self,
        tool: &ToolSnapshot,
        arguments: Map<String, Value>,
        context: ToolContext,
        stop: &CancellationToken,
    ) -> ToolResult {
        let mut filled = match Filled::merge(arguments, &tool.hidden_arguments, &*self.secrets).await {
            Ok(filled) => filled,
            Err(error) => return ToolResult::error(error),
        };
        if let Err(error) = arguments::require(&tool.spec.parameters, &filled.arguments) {
            return ToolResult::error(error);
        }
        let timeout = tool.timeout_ms.map_or_else(|| self.default_timeout(&tool.kind), Duration::from_millis);
        let result = match &tool.kind {
            ToolKind::Mcp(mcp) => {
                // The pool keeps the time limit, so that starting a server does not count.
                let context = mcp_tool::context(context.session, tool.timeout_ms, stop);
                self.mcp.call(mcp, &filled.arguments, context, &mut filled.secrets).await
            }
            kind => self.perform(kind, &mut filled, context, timeout, stop).await,
        };
        filled.masked(result)
    }

    fn default_timeout(&self, kind: &ToolKind) -> Duration {
        match kind {
            ToolKind::Fetch => FETCH_TIMEOUT,
            ToolKind::Http(_) => HTTP_TIMEOUT,
            ToolKind::ReadFile | ToolKind::WriteFile | ToolKind::SearchFiles | ToolKind::Skill(_) => FILE_TIMEOUT,
            _ => self.settings.live.bash_timeout().unwrap_or(self.settings.bash_timeout),
        }
    }

    async fn perform(
        &self,
        kind: &ToolKind,
        filled: &mut Filled,
        context: ToolContext,
        timeout: Duration,
        stop: &CancellationToken,
    ) -> ToolResult {
        let arguments = &filled.arguments;
        match kind {
            ToolKind::Template(tool) => template::call(tool, arguments),
            // These keep their time limit themselves, so that what was written before it is not lost.
            ToolKind::Bash { network } => bash::call(&self.jail, *network, arguments, &context, timeout, stop).await,
            ToolKind::Function(tool) => function::call(&self.jail, tool, arguments, &context, timeout, stop).await,
            ToolKind::Http(tool) => bounded(self.http(tool, filled, &context, timeout), timeout, stop).await,
            ToolKind::Fetch => {
                let most = self.settings.live.fetch_max_size().unwrap_or(self.settings.fetch_max_size);
                bounded(fetch::call(&self.client, arguments, most, timeout), timeout, stop).await
            }
            ToolKind::ReadFile => self.file(workspace::Action::Read, arguments, &context, timeout, stop).await,
            ToolKind::WriteFile => self.file(workspace::Action::Write, arguments, &context, timeout, stop).await,
            ToolKind::SearchFiles => self.file(workspace::Action::Search, arguments, &context, timeout, stop).await,
            ToolKind::Skill(tool) => {
                bounded(skill::call(self.settings.skills.clone(), tool.clone()), timeout, stop).await
            }
            ToolKind::Registered { name } => {
                let context = ToolContext { cancel: stop.clone(), ..context };
                bounded(self.registry.call(name, arguments.clone(), context), timeout, stop).await
            }
            ToolKind::Mcp(_) | ToolKind::Agent { .. } | ToolKind::Delegate | ToolKind::Client => {
                ToolResult::error("this tool is none that the tool client calls")
            }
        }
    }

    async fn http(&self, tool: &HttpTool, filled: &mut Filled, context: &ToolContext, timeout: Duration) -> ToolResult {
        let http = Http { client: &self.client, secrets: &*self.secrets, budget: &self.settings.budget };
        let called = http.call(tool, filled, context.request_id.as_deref(), timeout).await;
        called.unwrap_or_else(ToolResult::error)
    }

    async fn file(
        &self,
        action: workspace::Action,
        arguments: &Map<String, Value>,
        context: &ToolContext,
        timeout: Duration,
        stop: &CancellationToken,
    ) -> ToolResult {
        // Also ended when nobody waits any more: the thread looks at this token.
        let ended = stop.child_token();
        let _guard = ended.clone().drop_guard();
        bounded(workspace::call(action, arguments.clone(), context, ended), timeout, stop).await
    }
}

/// A call that ends with its time or when it is stopped.
async fn bounded(call: impl Future<Output = ToolResult>, timeout: Duration, stop: &CancellationToken) -> ToolResult {
    tokio::select! {
        result = call => result,
        () = tokio::time::sleep(timeout) => {
            ToolResult::error(format!("the tool took longer than {} s and was ended", timeout.as_secs_f64()))
        }
        () = stop.cancelled() => ToolResult::error("the call was cancelled"),
    }
}
