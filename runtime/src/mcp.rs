//! The tools of MCP servers, as the catalog asks for them: listed through the connections that calls use, too.
//!
//! A server is asked by one attempt at a time, whoever waits for it; an attempt goes on when they stop waiting. What
//! failed is remembered for a while, so that a dead server does not slow every request down.

use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures::FutureExt;
use futures::future::{BoxFuture, Shared};
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use troupe_catalog::{Catalog, DiscoveredTool, McpDirectory};
use troupe_core::tool::{McpServerSnapshot, ToolSnapshot};
use troupe_crds::Kind;
use troupe_tools::Tools;

/// The longest that a request waits for a list. `npx` may download for longer; the attempt goes on meanwhile.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long the first failure of a server is remembered; each further one doubles it.
const FIRST_PAUSE: Duration = Duration::from_secs(5);

/// The longest that a failure is remembered.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// How often the servers in use are asked whether their lists changed. Asking costs nothing while a connection lives.
const REFRESH: Duration = Duration::from_secs(15);

/// A server that nobody asked about for this long is left alone, so that it may idle.
const IN_USE: Duration = Duration::from_mins(2);

type Listed = Result<Arc<[DiscoveredTool]>, Arc<str>>;
type Attempt = Shared<BoxFuture<'static, Listed>>;

/// How the newest attempt to list a server's tools ended: well, or why not.
pub type Standing = Result<(), Arc<str>>;

/// Lists the tools of MCP servers.
pub struct McpTools {
    shared: Arc<Directory>,
    tasks: TaskTracker,
}

struct Directory {
    tools: Tools,
    generation: AtomicU64,
    /// How often a server came to stand otherwise.
    turns: watch::Sender<u64>,
    servers: Mutex<HashMap<String, Server>>,
}

/// What is known of a server.
struct Server {
    snapshot: McpServerSnapshot,
    asked: Instant,
    /// The hash of its newest list.
    list: Option<u64>,
    attempt: Option<Attempt>,
    failure: Option<Failure>,
}

struct Failure {
    message: Arc<str>,
    at: Instant,
    pause: Duration,
}

impl McpTools {
    /// Lists through `tools`; attempts run on `tasks`.
    pub fn new(tools: Tools, tasks: TaskTracker) -> Self {
        let (turns, servers) = (watch::Sender::new(0), Mutex::default());
        Self { shared: Arc::new(Directory { tools, generation: AtomicU64::new(0), turns, servers }), tasks }
    }

    /// How a server stands; nothing where no attempt has ended.
    pub fn standing(&self, server: &str) -> Option<Standing> {
        self.shared.servers().get(server)?.standing()
    }

    /// How every server stands that was asked, by name.
    pub fn standings(&self) -> HashMap<String, Standing> {
        let servers = self.shared.servers();
        servers.iter().filter_map(|(name, server)| Some((name.clone(), server.standing()?))).collect()
    }

    /// Tells when a server comes to stand otherwise.
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.shared.turns.subscribe()
    }

    /// A server was changed or removed: what was known of it goes, and its connections end when their calls have.
    pub fn forget(&self, server: &str) {
        if self.shared.servers().remove(server).is_some() {
            self.shared.generation.fetch_add(1, Ordering::Relaxed);
        }
        self.shared.tools.mcp().forget(server);
    }

    /// Keeps up with the servers: forgets those that were removed, and asks those in use for changed lists.
    pub async fn follow(self: Arc<Self>, catalog: Catalog, shutdown: CancellationToken) {
        let mut news = catalog.subscribe();
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                changed = news.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    self.forget_removed(&catalog);
                }
                () = tokio::time::sleep(REFRESH) => self.refresh(),
            }
        }
    }

    fn forget_removed(&self, catalog: &Catalog) {
        let view = catalog.view();
        let known: Vec<String> = self.shared.servers().keys().cloned().collect();
        for server in known.iter().filter(|server| view.get(Kind::McpServer, server).is_none()) {
            self.forget(server);
        }
    }

    fn refresh(&self) {
        let servers = self.shared.servers();
        let in_use = servers.values().filter(|server| server.asked.elapsed() < IN_USE);
        let in_use: Vec<McpServerSnapshot> = in_use.map(|server| server.snapshot.clone()).collect();
        drop(servers);
        for server in in_use {
            // Whatever comes of it is remembered by the attempt itself.
            let _ = self.attempt(&server, false);
        }
    }

    /// The attempt that is under way, or a new one; the failure of the last one while it is remembered.
    fn attempt(&self, server: &McpServerSnapshot, asked: bool) -> Result<Attempt, Arc<str>> {
        let mut servers = self.shared.servers();
        let known = servers.entry(server.name.clone()).or_insert_with(|| Server::new(server));
        if known.snapshot != *server {
            *known = Server { list: known.list, ..Server::new(server) };
            self.shared.tools.mcp().forget(&server.name);
            self.shared.turns.send_modify(|turns| *turns += 1);
        }
        if asked {
            known.asked = Instant::now();
        }
        if let Some(attempt) = known.attempt.as_ref().filter(|attempt| attempt.peek().is_none()) {
            return Ok(attempt.clone());
        }
        if let Some(failure) = known.failure.as_ref().filter(|failure| failure.at.elapsed() < failure.pause) {
            return Err(Arc::clone(&failure.message));
        }
        let attempt = Arc::clone(&self.shared).list(server.clone()).boxed().shared();
        known.attempt = Some(attempt.clone());
        self.tasks.spawn(attempt.clone());
        Ok(attempt)
    }
}

impl Server {
    fn new(server: &McpServerSnapshot) -> Self {
        Self { snapshot: server.clone(), asked: Instant::now(), list: None, attempt: None, failure: None }
    }

    fn standing(&self) -> Option<Standing> {
        match &self.failure {
            Some(failure) => Some(Err(Arc::clone(&failure.message))),
            None => self.list.map(|_| Ok(())),
        }
    }
}

impl Directory {
    fn servers(&self) -> MutexGuard<'_, HashMap<String, Server>> {
        self.servers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn list(self: Arc<Self>, server: McpServerSnapshot) -> Listed {
        let found = self.tools.discover(&server).await;
        let listed: Listed = match found {
            Ok(tools) => Ok(tools.into_iter().map(discovered).collect()),
            Err(error) => Err(error.to_string().into()),
        };
        self.learn(&server, &listed);
        listed
    }

    fn learn(&self, server: &McpServerSnapshot, listed: &Listed) {
        let mut servers = self.servers();
        let Some(known) = servers.get_mut(&server.name).filter(|known| known.snapshot == *server) else { return };
        let before = known.standing();
        match listed {
            Ok(tools) => {
                known.failure = None;
                let hash = Some(hash(tools));
                if known.list != hash {
                    known.list = hash;
                    self.generation.fetch_add(1, Ordering::Relaxed);
                }
            }
            Err(message) => {
                tracing::warn!(mcp.server = %server.name, error = %message, "cannot list the tools of an MCP server");
                let pause = known.failure.as_ref().map_or(FIRST_PAUSE, |last| (last.pause * 2).min(LONGEST_PAUSE));
                known.failure = Some(Failure { message: Arc::clone(message), at: Instant::now(), pause });
            }
        }
        if known.standing() != before {
            self.turns.send_modify(|turns| *turns += 1);
        }
    }
}

#[async_trait]
impl McpDirectory for McpTools {
    fn generation(&self) -> u64 {
        self.shared.generation.load(Ordering::Relaxed)
    }

    async fn tools(&self, server: &McpServerSnapshot) -> Result<Vec<DiscoveredTool>, String> {
        let attempt = self.attempt(server, true).map_err(|message| message.as_ref().to_owned())?;
        match tokio::time::timeout(PATIENCE, attempt).await {
            Ok(Ok(tools)) => Ok(tools.to_vec()),
            Ok(Err(message)) => Err(message.as_ref().to_owned()),
            Err(_) => Err(format!("it did not answer within {} s; ask again later", PATIENCE.as_secs())),
        }
    }
}

fn discovered(tool: ToolSnapshot) -> DiscoveredTool {
    DiscoveredTool {
        name: tool.spec.name,
        description: tool.spec.description,
        input_schema: tool.spec.parameters,
        output_schema: tool.output,
        read_only: tool.read_only,
        destructive: tool.destructive,
        idempotent: tool.idempotent,
    }
}

fn hash(tools: &[DiscoveredTool]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for tool in tools {
        (&tool.name, &tool.description, tool.read_only, tool.destructive, tool.idempotent).hash(&mut hasher);
        tool.input_schema.to_string().hash(&mut hasher);
        tool.output_schema.as_ref().map(ToString::to_string).hash(&mut hasher);
    }
    hasher.finish()
}
