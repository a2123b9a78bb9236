//! Builds the adapters and owns what they share: the state of a running service.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use troupe_catalog::{Catalog, CatalogOptions, process_environment};
use troupe_core::engine::{Engine, EngineOptions};
use troupe_core::port::{Clock, ModelClient, Ports, SecretSource};
use troupe_llm::Models;
use troupe_net::{AllowList, Client, ClientConfig, ProxyConfig};
use troupe_rules::Served;
use troupe_store::{Store, StoreOptions};
use troupe_tools::jail::{JailSettings, Launcher, RemoteSandbox, Sandbox};
use troupe_tools::skill::SkillPlaces;
use troupe_tools::{Tools, ToolsSettings};

use crate::clock::SystemClock;
use crate::cluster;
use crate::mcp::McpTools;
use crate::media::MediaReader;
use crate::sandbox;
use crate::secrets::Secrets;
use crate::service::env::Environment;
use crate::service::resolve::Compositions;
use crate::service::rights::Rights;
use crate::service::workspace::files::Files;
use crate::settings::Settings;
use crate::telemetry::Watchers;
use crate::telemetry::metrics::Metrics;
use crate::telemetry::trace::Traces;

/// Where inline skills are laid out below the workspace, for a sandbox to find: beside the users' folders, so that no
/// command may write there.
const SHARED_SKILLS: &str = ".troupe-skills";

/// How long a stop waits for each thing that is left.
const LAST_WORK: Duration = Duration::from_secs(5);

/// A running service.
pub struct App {
    /// What it was started with.
    pub settings: Settings,
    /// Who asks, and what they may do.
    pub rights: Rights,
    /// Resources.
    pub catalog: Catalog,
    /// Runs, sessions, revisions.
    pub store: Store,
    /// Runs agents.
    pub engine: Engine,
    /// Calls tools.
    pub tools: Tools,
    /// Asks models.
    pub models: Arc<Models>,
    /// MCP servers' tools.
    pub mcp: Arc<McpTools>,
    /// Variables, kept ones first.
    pub environment: Environment,
    /// Secrets.
    pub secrets: Arc<Secrets>,
    /// Images and recordings.
    pub media: MediaReader,
    /// What the files of all callers' workspaces share.
    pub files: Files,
    /// Counters and histograms.
    pub metrics: Arc<Metrics>,
    /// Metrics and traces of every run.
    pub watchers: Arc<Watchers>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Snapshots of ad-hoc compositions.
    pub compositions: Compositions,
    /// Everything that runs beside requests.
    pub tasks: TaskTracker,
    /// A stop began: nothing new is taken on.
    pub draining: CancellationToken,
    /// Ends what runs beside requests.
    pub shutdown: CancellationToken,
}

impl App {
    /// Opens the store and the folders, or the namespace, and resumes what an earlier process left. Over folders
    /// everything is allowed, in a namespace what its Roles grant.
    pub async fn start(settings: Settings) -> anyhow::Result<Arc<Self>> {
        let Some(namespace) = settings.namespace.clone() else {
            return Self::start_with(settings, Rights::open()).await;
        };
        let client = cluster::connect().await?;
        let rights = Rights::cluster(client.clone(), &namespace);
        Self::start_from(settings, rights, Some((client, &namespace))).await
    }

    /// The same over folders, where `rights` decide what is allowed.
    pub async fn start_with(settings: Settings, rights: Rights) -> anyhow::Result<Arc<Self>> {
        Self::start_from(settings, rights, None).await
    }

    async fn start_from(
        settings: Settings,
        rights: Rights,
        namespace: Option<(kube::Client, &str)>,
    ) -> anyhow::Result<Arc<Self>> {
        let mut settings = settings.with_whole_paths().context("the current folder cannot be told")?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let (tasks, shutdown) = (TaskTracker::new(), CancellationToken::new());
        let store = Store::open(StoreOptions::new(&settings.data, Arc::clone(&clock))).await?;
        // Folders and files that requests name are compared with it.
        settings.data = settings.data.canonicalize().context("the data folder cannot be told")?;
        let in_cluster = namespace.is_some();
        let catalog = match namespace {
            Some(namespace) => cluster::open(namespace, &settings, &store, &clock, (&tasks, &shutdown)).await?,
            None => of_folders(&settings, &store, &clock, (&tasks, &shutdown)).await,
        };
        if in_cluster {
            cluster::bound(&mut settings, &catalog.view());
        }
        let secrets = Arc::new(Secrets::new(catalog.clone()));
        let config = client_config(&settings)?;
        let client = Client::new(&config).context("cannot make the HTTP client")?;
        let source: Arc<dyn SecretSource> = Arc::clone(&secrets) as Arc<dyn SecretSource>;
        let models = Arc::new(Models::new(client.clone(), config.clone(), Arc::clone(&source), Arc::clone(&clock)));
        let environment = Environment::new(catalog.clone(), process_environment());
        let tools = Tools::new(tools_settings(&settings, &environment, &config, &tasks), client.clone(), source);
        let media = MediaReader::new(client, settings.workspace.clone());
        let metrics = Arc::new(Metrics::default());
        let traces = Traces::from_environment(|name| std::env::var(name).ok())?;
        let watchers = Arc::new(Watchers::new(Arc::clone(&metrics), traces));
        let asked: Arc<dyn ModelClient> = if in_cluster {
            Arc::new(cluster::Observed::new(Arc::clone(&models) as _, catalog.clone()))
        } else {
            Arc::clone(&models) as _
        };
        let ports = Ports {
            models: asked,
            tools: Arc::new(tools.clone()),
            store: Arc::new(store.clone()),
            directory: Arc::new(catalog.clone()),
            media: Arc::new(media.clone()),
            observer: Arc::clone(&watchers) as _,
            clock: Arc::clone(&clock),
        };
        let (max_running, max_queued) = (settings.max_running, settings.max_queued);
        let limits = EngineOptions { max_running, max_queued, ..EngineOptions::default() };
        let engine = Engine::new(ports, limits, tasks.clone());
        let mcp = Arc::new(McpTools::new(tools.clone(), tasks.clone()));
        let app = Arc::new(Self {
            settings,
            rights,
            catalog,
            store,
            engine,
            tools,
            models,
            mcp,
            environment,
            secrets,
            media,
            files: Files::default(),
            metrics,
            watchers,
            clock,
            compositions: Compositions::default(),
            tasks,
            draining: CancellationToken::new(),
            shutdown,
        });
        app.begin(in_cluster).await?;
        Ok(app)
    }

    /// Resumes earlier runs, and starts what runs beside requests.
    async fn begin(self: &Arc<Self>, in_cluster: bool) -> anyhow::Result<()> {
        let (tasks, shutdown) = (&self.tasks, &self.shutdown);
        self.engine.recover().await.context("cannot resume earlier runs")?;
        sandbox::watch(&self.tools, &self.catalog, self.settings.sandbox_socket.is_some(), (tasks, shutdown)).await;
        tasks.spawn(Arc::clone(&self.mcp).follow(self.catalog.clone(), shutdown.clone()));
        if in_cluster {
            let directory = Arc::clone(&self.mcp) as _;
            tasks.spawn(cluster::discover(self.catalog.clone(), directory, tasks.clone(), shutdown.clone()));
        }
        crate::service::context::watch(self);
        crate::service::sessions::retention::keep(self);
        crate::service::workspace::upload::keep(self);
        Ok(())
    }

    /// Stops: what runs ends or is handed back, then everything else ends.
    pub async fn stop(&self) {
        self.draining.cancel();
        self.engine.stop(self.settings.grace).await;
        self.shutdown.cancel();
        self.tools.mcp().stop(Duration::from_secs(2)).await;
        in_time("saving the newest versions", self.catalog.flush()).await;
        self.tasks.close();
        // What is left are readers whose clients are gone with the listener.
        let _ = tokio::time::timeout(LAST_WORK, self.tasks.wait()).await;
        self.watchers.flush();
        in_time("closing the database", self.store.close()).await;
    }
}

/// Something of the end: what does not come to its own holds nobody back, since nothing is lost that was acknowledged.
async fn in_time(what: &str, work: impl Future<Output = ()>) {
    if tokio::time::timeout(LAST_WORK, work).await.is_err() {
        tracing::warn!(limit = ?LAST_WORK, "{what} did not end in time");
    }
}

/// The catalog of the folders that the settings name.
async fn of_folders(
    settings: &Settings,
    store: &Store,
    clock: &Arc<dyn Clock>,
    (tasks, shutdown): (&TaskTracker, &CancellationToken),
) -> Catalog {
    Catalog::open(CatalogOptions {
        directories: settings.directories.clone(),
        data: settings.data.clone(),
        workspace: settings.workspace.clone(),
        revisions: Arc::new(store.clone()),
        clock: Arc::clone(clock),
        tasks: tasks.clone(),
        shutdown: shutdown.clone(),
        environment: process_environment(),
        served: Served::in_folders(),
        watch: settings.watch,
    })
    .await
}

fn client_config(settings: &Settings) -> anyhow::Result<ClientConfig> {
    let allowed = AllowList::parse(settings.allowed.iter().map(String::as_str)).context("--allow-host is wrong")?;
    let proxy = ProxyConfig::from_variables(|name| std::env::var(name).ok()).context("a proxy variable is wrong")?;
    let bundle = settings.ca_bundle.as_ref().map(|file| {
        std::fs::read(file).with_context(|| format!("cannot read the certificate authorities in {}", file.display()))
    });
    Ok(ClientConfig { allowed, proxy, extra_authorities: bundle.transpose()?, ..ClientConfig::default() })
}

fn tools_settings(
    settings: &Settings,
    environment: &Environment,
    network: &ClientConfig,
    tasks: &TaskTracker,
) -> ToolsSettings {
    let jail = JailSettings {
        launcher: settings
            .jail
            .as_ref()
            .map_or_else(Launcher::default, |program| Launcher { program: program.clone(), arguments: Vec::new() }),
        protected: vec![settings.data.clone()],
        sandbox: if settings.no_sandbox { Sandbox::None } else { Sandbox::Landlock },
        remote: settings.sandbox_socket.as_ref().map(RemoteSandbox::new),
        ..JailSettings::default()
    };
    // A sandbox sees the workspace and nothing of the data.
    let shared = settings.sandbox_socket.as_ref().and(settings.workspace.as_ref());
    let inline = shared.map_or_else(|| settings.data.join("skills"), |workspace| workspace.join(SHARED_SKILLS));
    let (workspace, confined) = (settings.workspace.clone(), settings.namespace.is_some());
    ToolsSettings {
        skills: SkillPlaces { inline: inline.clone(), workspace, confined },
        bash_timeout: settings.bash_timeout,
        fetch_max_size: settings.fetch_max_size,
        live: Arc::new(environment.clone()),
        network: network.clone(),
        tasks: tasks.clone(),
        ..ToolsSettings::new(jail, inline)
    }
}
