//! Resources from one namespace of a cluster: watched, written as a person would, and told about in their statuses.

mod error;
mod managed;
mod material;
mod object;
mod objects;
mod secret;
mod status;
mod uses;
mod watching;
mod write;

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kube::Client;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use troupe_core::port::{Clock, RevisionStore};
use troupe_crds::Kind;
use troupe_crds::runtime::RUNTIME_NAME;
use troupe_rules::Served;

use crate::catalog::Catalog;
use crate::resolve::DiscoveredTool;
use crate::view::Difference;

pub use error::ClusterError;
pub(crate) use material::{ConfigMaps, Lack, Material, Materials, Values};
pub(crate) use objects::Objects;
pub use status::Reachability;
pub(crate) use uses::reads_its_own;

use objects::{Event, Metas, Outcome};
use status::{Statuses, Writer};
use uses::Uses;
use watching::Watching;

/// News that wait for the catalog before watches wait for it.
const WAITING: usize = 1_024;

/// News that are taken in at one time.
const AT_ONCE: usize = 4_096;

/// How long a start waits for Secrets. What comes later is there when it comes.
const SECRETS_PATIENCE: Duration = Duration::from_secs(5);

/// How often a start that waits for the API server says so.
const REMINDER: Duration = Duration::from_secs(10);

/// The longest that a replica lets another one's opinion stand beyond the minute, so that not all speak at once.
const MOST_LAG: u64 = 20_000;

/// What a catalog over a namespace is opened with.
#[derive(Clone)]
pub struct ClusterOptions {
    /// The connection, with the rights of a runtime.
    pub client: Client,
    /// The namespace.
    pub namespace: String,
    /// The workspace, in which relative paths of skills and functions lie.
    pub workspace: Option<std::path::PathBuf>,
    /// Keeps the versions of resources.
    pub revisions: Arc<dyn RevisionStore>,
    /// Tells the time of revisions and conditions.
    pub clock: Arc<dyn Clock>,
    /// Where watches and writers run.
    pub tasks: TaskTracker,
    /// Ends them.
    pub shutdown: CancellationToken,
    /// What this runtime serves; the rest is `NotSupported`.
    pub served: Served,
}

/// Kind and name of an object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key {
    pub(crate) kind: Kind,
    pub(crate) name: Arc<str>,
}

/// The namespace, and what is known of it beside its objects.
pub(crate) struct Cluster {
    client: Client,
    pub(crate) namespace: Arc<str>,
    place: Arc<Path>,
    pub(crate) materials: Arc<Materials>,
    metas: Metas,
    uses: Mutex<Uses>,
    statuses: Statuses,
    /// One write of keys at a time, since a Secret is written whole.
    keys: tokio::sync::Mutex<()>,
    /// How much longer than others this replica waits.
    lag: Duration,
    written: AtomicU64,
}

/// What a catalog over a cluster is made of.
pub(crate) struct Parts {
    pub(crate) cluster: Arc<Cluster>,
    pub(crate) objects: Objects,
    pub(crate) news: News,
}

/// What watches tell, and the way to tell more.
pub(crate) struct News {
    told: mpsc::Receiver<Event>,
    events: mpsc::Sender<Event>,
}

impl Cluster {
    /// Begins to watch.
    pub(crate) fn watch(options: &ClusterOptions) -> Parts {
        let (events, told) = mpsc::channel(WAITING);
        let namespace: Arc<str> = options.namespace.as_str().into();
        let place = objects::place(&namespace);
        for kind in Kind::ALL {
            let (client, namespace, place) = (options.client.clone(), Arc::clone(&namespace), Arc::clone(&place));
            let watching = Watching { client, namespace, place, kind, events: events.clone() };
            let stop = options.shutdown.clone();
            options.tasks.spawn(async move {
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = watching.run() => {}
                }
            });
        }
        let metas = Metas::default();
        let (tasks, shutdown) = (options.tasks.clone(), options.shutdown.clone());
        let materials = Materials::new(options.client.clone(), Arc::clone(&namespace), events.clone(), tasks, shutdown);
        let cluster = Self {
            client: options.client.clone(),
            namespace,
            place,
            materials: Arc::new(materials),
            metas: metas.clone(),
            uses: Mutex::default(),
            statuses: Statuses::default(),
            keys: tokio::sync::Mutex::default(),
            lag: Duration::from_millis(options.clock.now().unsigned_abs() % MOST_LAG),
            written: AtomicU64::new(0),
        };
        Parts { cluster: Arc::new(cluster), objects: Objects::new(metas), news: News { told, events } }
    }

    /// Follows what a new view names, and has the statuses of what changed looked at.
    pub(crate) fn published(&self, differences: &[Difference<'_>]) {
        let mut uses = self.uses.lock().unwrap_or_else(PoisonError::into_inner);
        uses.update(differences);
        self.materials.want(&uses.names().cloned().chain([Materials::always()]).collect());
        drop(uses);
        let entries = differences.iter().filter_map(|(old, new)| new.or(*old));
        self.statuses.look_at(entries.map(|entry| Key { kind: entry.kind, name: Arc::clone(&entry.name) }));
    }

    /// Has the Runtime's status looked at, which tells of the sandbox.
    pub(crate) fn sandbox_changed(&self) {
        self.statuses.look_at([Key { kind: Kind::Runtime, name: RUNTIME_NAME.into() }]);
    }

    /// Has the statuses of those looked at whose Secrets changed.
    fn materials_changed(&self) {
        let uses = self.uses.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = self.materials.take_changed();
        self.statuses.look_at(changed.iter().flat_map(|name| uses.users(name)).cloned());
    }

    /// Whether everything that an object names was asked for once.
    fn is_answered(&self, key: &Key) -> bool {
        let uses = self.uses.lock().unwrap_or_else(PoisonError::into_inner);
        uses.of(key).all(|name| !self.materials.is_asked(name))
    }

    fn wrote_status(&self) {
        self.written.fetch_add(1, Ordering::Relaxed);
    }
}

impl Parts {
    /// Waits for the first list of every kind. `false` when it is to stop instead.
    pub(crate) async fn list(&mut self, shutdown: &CancellationToken) -> bool {
        let mut reminder = tokio::time::interval_at(Instant::now() + REMINDER, REMINDER);
        while !self.objects.is_complete() {
            tokio::select! {
                () = shutdown.cancelled() => return false,
                news = self.news.told.recv() => match news {
                    Some(event) => drop(self.objects.apply(event)),
                    None => return false,
                },
                _ = reminder.tick() => tracing::warn!(
                    cluster.namespace = %self.cluster.namespace,
                    awaited = self.objects.awaited().join(", "),
                    "waiting for the API server to list the resources"
                ),
            }
        }
        true
    }
}

/// Keeps a catalog current from here on. Returns when what the resources name was asked for.
pub(crate) async fn follow(catalog: &Catalog, cluster: Arc<Cluster>, news: News, options: &ClusterOptions) {
    let News { mut told, events } = news;
    let mut answers = cluster.materials.subscribe();
    let (following, stop) = (catalog.clone(), options.shutdown.clone());
    options.tasks.spawn(async move {
        let mut events = Vec::new();
        loop {
            tokio::select! {
                count = told.recv_many(&mut events, AT_ONCE) => if count == 0 { return },
                () = stop.cancelled() => return,
            }
            following.take_in_all(events.drain(..)).await;
        }
    });
    let writer =
        Writer { catalog: catalog.clone(), cluster: Arc::clone(&cluster), events, stop: options.shutdown.clone() };
    options.tasks.spawn(writer.run());
    let answered = async {
        while !cluster.materials.is_answered() {
            tokio::select! {
                _ = answers.changed() => {}
                () = options.shutdown.cancelled() => return,
            }
        }
    };
    if tokio::time::timeout(SECRETS_PATIENCE, answered).await.is_err() {
        tracing::warn!("not every Secret that is named could be read yet; what needs one fails until then");
    }
}

impl Catalog {
    /// Takes in what a write of this process made.
    async fn take_in(&self, change: impl FnOnce(&mut Objects) -> Outcome) {
        self.change_objects(|objects| change(objects).documents).await;
    }

    /// Takes in what watches told.
    async fn take_in_all(&self, events: impl Iterator<Item = Event>) {
        let mut keys = Vec::new();
        self.change_objects(|objects| {
            let mut documents = false;
            for event in events {
                let key = match &event {
                    Event::Listed(observed) | Event::Changed(observed) => {
                        Some(Key { kind: observed.kind, name: Arc::clone(&observed.name) })
                    }
                    _ => None,
                };
                let outcome = objects.apply(event);
                documents |= outcome.documents;
                keys.extend(key.filter(|_| outcome.status));
            }
            documents
        })
        .await;
        if let Some(cluster) = self.cluster() {
            cluster.statuses.look_at(keys);
        }
    }

    /// Notes how a model answered a call, for its condition `Reachable`. Nothing in folder mode.
    pub fn report_model(&self, name: &str, told: Reachability) {
        if let Some(cluster) = self.cluster() {
            let key = Key { kind: Kind::Model, name: name.into() };
            cluster.statuses.reached(key, told, Instant::now());
        }
    }

    /// Notes which tools an McpServer listed, or why it did not, for its status. Nothing in folder mode.
    pub fn report_tools(&self, server: &str, told: Result<&[DiscoveredTool], &str>) {
        if let Some(cluster) = self.cluster() {
            let key = Key { kind: Kind::McpServer, name: server.into() };
            cluster.statuses.discovered(key, told, Instant::now());
        }
    }

    /// Whether an McpServer that runs in pods of its own has any; none where the operator has not said so yet, and in folder
    /// mode.
    pub fn has_pods(&self, server: &str) -> Option<bool> {
        let key = Key { kind: Kind::McpServer, name: server.into() };
        self.cluster()?.metas.lock().get(&key)?.available
    }

    /// Tells when workloads come to have pods, or lose them; none in folder mode.
    pub fn subscribe_pods(&self) -> Option<watch::Receiver<u64>> {
        Some(self.cluster()?.metas.turns())
    }

    /// How many statuses this process has written; none in folder mode.
    pub fn written_statuses(&self) -> u64 {
        self.cluster().map_or(0, |cluster| cluster.written.load(Ordering::Relaxed))
    }
}
