//! The whole operator: waits for the lease, watches, runs the controllers, and stops gracefully.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use k8s_openapi::jiff::Timestamp;
use kube::Client;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use troupe_crds::Kind;

use crate::{
    agent,
    apply::Writer,
    context::Context,
    controller,
    event::Events,
    lease::Leadership,
    mcp_server::McpServerController,
    metrics::Metrics,
    model, prompt_template,
    report::StatusController,
    reviewers::{self, Reviewers},
    runtime::RuntimeController,
    settings::Settings,
    team, tool,
    watch::{Watches, sources},
    workflow,
    world::World,
};

/// How long writes that were begun may take after the signal to stop.
const GRACE: Duration = Duration::from_secs(10);

/// An operator that can be run.
pub struct Operator {
    client: Client,
    settings: Settings,
    clock: fn() -> Timestamp,
    metrics: Metrics,
    world: Arc<World>,
    leads: Arc<AtomicBool>,
}

/// How an operator ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It was told to stop, and has released the lease.
    Stopped,
    /// Somebody else may hold the lease by now.
    LeaseLost,
}

impl Operator {
    /// An operator that does nothing yet.
    pub fn new(client: Client, settings: Settings, clock: fn() -> Timestamp) -> Self {
        let world = Arc::new(World::new(sources(&settings.watch_namespaces)));
        Self { client, settings, clock, metrics: Metrics::new(), world, leads: Arc::default() }
    }

    /// What is counted.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// What was observed.
    pub fn world(&self) -> &Arc<World> {
        &self.world
    }

    /// What it waits for, while it leads and has not listed everything: a right or a definition that is missing. One
    /// that waits for the lease is ready to take over.
    pub fn missing(&self) -> impl Fn() -> Option<String> + Send + Sync + 'static {
        let (world, leads) = (Arc::clone(&self.world), Arc::clone(&self.leads));
        move || {
            let missing = if leads.load(Ordering::Relaxed) { world.missing() } else { Vec::new() };
            let first = missing.first()?;
            Some(format!("{} lists are not there yet, first of all {:?}", missing.len(), first.kind))
        }
    }

    /// Works while it holds the lease, until it is told to stop.
    pub async fn run(self, stop: CancellationToken) -> Ended {
        let mut lease = Leadership::new(self.client.clone(), &self.settings, self.clock, self.metrics.clone());
        if !lease.acquire(&stop).await {
            return Ended::Stopped;
        }
        self.leads.store(true, Ordering::Relaxed);
        // Controllers end before the lease is released, so that two never write at one time.
        let working = CancellationToken::new();
        let holding = CancellationToken::new();
        let work = self.work(working.clone());
        let lead = async {
            let lost = lease.hold(&holding).await;
            working.cancel();
            lost
        };
        let order = async {
            stop.cancelled().await;
            working.cancel();
        };
        let work = async {
            tokio::select! {
                () = work => {}
                () = async { order.await; std::future::pending().await } => {}
            }
            holding.cancel();
        };
        let ((), lost) = tokio::join!(work, lead);
        if lost { Ended::LeaseLost } else { Ended::Stopped }
    }

    async fn work(self, stop: CancellationToken) {
        let began = std::time::Instant::now();
        let tasks = TaskTracker::new();
        let mut settled = self.world.settled();
        let watches = Watches {
            client: self.client.clone(),
            world: Arc::clone(&self.world),
            metrics: self.metrics.clone(),
            stop: stop.clone(),
        };
        watches.start(sources(&self.settings.watch_namespaces), &tasks);
        let listed = tokio::select! {
            () = stop.cancelled() => false,
            listed = settled.wait_for(|settled| *settled) => listed.is_ok(),
        };
        if listed {
            self.metrics.listed(began.elapsed().as_secs_f64());
            tracing::info!(seconds = began.elapsed().as_secs_f64(), "listed everything; reconciling");
            self.start_controllers(&tasks, &stop);
        }
        tasks.close();
        stop.cancelled().await;
        if tokio::time::timeout(GRACE, tasks.wait()).await.is_err() {
            tracing::warn!("stopping with writes that were not answered");
        }
    }

    fn start_controllers(self, tasks: &TaskTracker, stop: &CancellationToken) {
        let Self { client, settings, clock, metrics, world, leads: _ } = self;
        let context = Arc::new(Context {
            writer: Writer::new(client.clone(), metrics.clone()),
            events: Events::new(client.clone(), &settings.identity, metrics.clone()),
            reviewers: Reviewers::new(client),
            world,
            settings,
            metrics,
            clock,
        });
        let (following, ending) = (Arc::clone(&context), stop.clone());
        tasks.spawn(async move {
            tokio::select! {
                () = ending.cancelled() => {}
                () = reviewers::follow(&following) => {}
            }
        });
        let of = || (Arc::clone(&context), stop.clone());
        macro_rules! start {
            ($($controller:expr),+ $(,)?) => {$({
                let (context, stop) = of();
                tasks.spawn(controller::run($controller, context, stop));
            })+};
        }
        start!(
            McpServerController,
            RuntimeController,
            StatusController { kind: Kind::Agent, report: agent::of },
            StatusController { kind: Kind::Model, report: |_, _, entry| model::of(entry) },
            StatusController { kind: Kind::PromptTemplate, report: |_, _, entry| prompt_template::of(entry) },
            StatusController { kind: Kind::Team, report: |key, _, entry| team::of(key, entry) },
            StatusController { kind: Kind::Tool, report: |_, _, entry| tool::of(entry) },
            StatusController { kind: Kind::Workflow, report: |key, _, entry| workflow::of(key, entry) },
        );
    }
}
