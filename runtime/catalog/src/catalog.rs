//! The catalog: opens folders, keeps the view of them current, and is asked for it.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::{ArcSwap, ArcSwapOption};
use async_trait::async_trait;
use k8s_openapi::jiff::Timestamp;
use tokio::sync::{Mutex, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use troupe_core::model::{ModelSnapshot, SecretRef};
use troupe_core::port::{Clock, ModelDirectory, RevisionStore, SecretError, SecretSource};
use troupe_rules::Served;

use crate::assemble::{Able, Assembled, assemble};
use crate::candidate::Candidates;
use crate::cluster::{self, Cluster, ClusterOptions, ConfigMaps, Objects, Parts};
use crate::diagnostic::Diagnostic;
use crate::entry::Entry;
use crate::files::{Files, Looks, Seen};
use crate::known::Known;
use crate::place;
use crate::resolve::Cache;
use crate::save::{Saver, Valid};
use crate::secret::{Environment, SecretFileError, Secrets};
use crate::view::{Difference, View};
use crate::watch::Watch;
use crate::write::WriteError;

/// The file of Secrets in the data folder.
const SECRETS_FILE: &str = "secrets.yaml";

/// Rounds of asking the store: what was in a file, its objects' versions, and what these need in turn.
const ROUNDS: usize = 5;

/// What a catalog is opened with.
#[derive(Clone)]
pub struct CatalogOptions {
    /// Folders of manifests (or single files); a later one wins over an earlier. Writes go to the last.
    pub directories: Vec<PathBuf>,
    /// The data folder, which holds `secrets.yaml`.
    pub data: PathBuf,
    /// The workspace, in which relative paths of skills and functions lie.
    pub workspace: Option<PathBuf>,
    /// Keeps the versions of resources.
    pub revisions: Arc<dyn RevisionStore>,
    /// Tells the time of revisions.
    pub clock: Arc<dyn Clock>,
    /// Where the watcher and the saver run.
    pub tasks: TaskTracker,
    /// Ends them.
    pub shutdown: CancellationToken,
    /// Reads `TROUPE_SECRET_…` variables; [`process_environment`] outside tests.
    pub environment: Environment,
    /// What this runtime serves; the rest is `NotSupported`.
    pub served: Served,
    /// Whether the folders are watched; without, only [`Catalog::reload`] sees changes.
    pub watch: bool,
}

/// The environment of this process.
pub fn process_environment() -> Environment {
    Arc::new(|name| std::env::var(name).ok())
}

/// Resources from folders of YAML, or from a namespace of a cluster, live. Clones share one catalog.
#[derive(Clone)]
pub struct Catalog {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub(crate) view: ArcSwap<View>,
    pub(crate) secrets: Secrets,
    pub(crate) state: Mutex<State>,
    generation: watch::Sender<u64>,
    revisions: Arc<dyn RevisionStore>,
    clock: Arc<dyn Clock>,
    saver: Saver,
    served: Served,
    /// Why nothing can be run in the jail.
    sandbox_lack: ArcSwapOption<String>,
    workspace: Option<Arc<Path>>,
    cluster: Option<Arc<Cluster>>,
}

/// What only one reload or write at a time touches.
pub(crate) struct State {
    source: Source,
    known: Known,
    secret_problem: Option<Diagnostic>,
    loaded: bool,
    /// Something beside the documents changed.
    stale: bool,
}

/// Where documents come from.
enum Source {
    /// Folders of manifests.
    Folders(Files),
    /// A namespace of a cluster.
    Cluster(Objects),
}

impl State {
    fn new(source: Source) -> Self {
        Self { source, known: Known::default(), secret_problem: None, loaded: false, stale: false }
    }

    /// The folders' files; a cluster has none.
    pub(crate) fn files(&self) -> Result<&Files, WriteError> {
        match &self.source {
            Source::Folders(files) => Ok(files),
            Source::Cluster(_) => Err(WriteError::NoFolder),
        }
    }
}

impl fmt::Debug for Catalog {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Catalog").field("generation", &self.view().generation()).finish_non_exhaustive()
    }
}

impl Catalog {
    /// Loads the folders and, if so asked, watches them. It never fails: what cannot be read is a diagnostic of the
    /// view, and the rest serves.
    pub async fn open(options: CatalogOptions) -> Self {
        let secrets_file = options.data.join(SECRETS_FILE);
        // The watch begins before the first look, so that no change falls between the two.
        let watch = options.watch.then(|| Watch::new(options.directories.clone(), &secrets_file));
        let saver = Saver::start(Arc::clone(&options.revisions), &options.tasks, options.shutdown.clone());
        let shared = Shared {
            view: ArcSwap::from_pointee(empty_view(&options.revisions)),
            secrets: Secrets::new(secrets_file, options.environment),
            state: Mutex::new(State::new(Source::Folders(Files::new(options.directories)))),
            generation: watch::Sender::new(0),
            revisions: options.revisions,
            clock: options.clock,
            saver,
            served: options.served,
            sandbox_lack: ArcSwapOption::empty(),
            workspace: options.workspace.map(Arc::from),
            cluster: None,
        };
        let catalog = Self { shared: Arc::new(shared) };
        catalog.reload().await;
        if let Some(watch) = watch {
            options.tasks.spawn(follow(catalog.clone(), watch, options.shutdown));
        }
        catalog
    }

    /// Watches the resources of a namespace. Returns when each kind was listed once, and the Secrets that they name were
    /// asked for; until the API server answers, it waits and says so in the log. `None` when `shutdown` came first.
    pub async fn open_cluster(options: ClusterOptions) -> Option<Self> {
        let saver = Saver::start(Arc::clone(&options.revisions), &options.tasks, options.shutdown.clone());
        let mut parts = Cluster::watch(&options);
        if !parts.list(&options.shutdown).await {
            return None;
        }
        let Parts { cluster, objects, news } = parts;
        let shared = Shared {
            view: ArcSwap::from_pointee(empty_view(&options.revisions)),
            // In a cluster no file and no variable gives a Secret.
            secrets: Secrets::new(PathBuf::new(), Arc::new(|_| None)),
            state: Mutex::new(State::new(Source::Cluster(objects))),
            generation: watch::Sender::new(0),
            revisions: Arc::clone(&options.revisions),
            clock: Arc::clone(&options.clock),
            saver,
            served: options.served.clone(),
            sandbox_lack: ArcSwapOption::empty(),
            workspace: options.workspace.clone().map(Arc::from),
            cluster: Some(Arc::clone(&cluster)),
        };
        let catalog = Self { shared: Arc::new(shared) };
        catalog.change_objects(|_| true).await;
        cluster::follow(&catalog, cluster, news, &options).await;
        Some(catalog)
    }

    pub(crate) fn cluster(&self) -> Option<&Cluster> {
        self.shared.cluster.as_deref()
    }

    /// What this runtime serves.
    pub(crate) fn served(&self) -> &Served {
        &self.shared.served
    }

    /// The time, for conditions.
    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_microsecond(self.shared.clock.now()).unwrap_or_default()
    }

    /// What it holds now. A request takes one view at its start and asks only that.
    pub fn view(&self) -> Arc<View> {
        self.shared.view.load_full()
    }

    /// The number of the newest view, as it changes.
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.shared.generation.subscribe()
    }

    /// Looks at the folders now; what changed is in the view on return.
    pub async fn reload(&self) {
        let mut state = self.shared.state.lock().await;
        self.reload_with(&mut state, &Seen::everything()).await;
    }

    /// Notes whether code can be run in the jail: `lack` says why not. What needs it is not ready meanwhile.
    pub async fn note_sandbox(&self, lack: Option<String>) {
        let mut state = self.shared.state.lock().await;
        if self.sandbox_lack().as_deref() == lack.as_ref() {
            return;
        }
        self.shared.sandbox_lack.store(lack.map(Arc::new));
        let Some(cluster) = self.cluster() else {
            state.stale = true;
            return self.reload_with(&mut state, &Seen::everything()).await;
        };
        drop(state);
        self.change_objects(|_| true).await;
        cluster.sandbox_changed();
    }

    /// Why nothing can be run in the jail; none where it can.
    pub(crate) fn sandbox_lack(&self) -> Option<Arc<String>> {
        self.shared.sandbox_lack.load_full()
    }

    /// How much was looked at and read to keep up with the folders, since the catalog was opened.
    pub async fn looks(&self) -> Looks {
        self.shared.state.lock().await.files().map(Files::looks).unwrap_or_default()
    }

    /// Waits until every version seen so far is in the revision store.
    pub async fn flush(&self) {
        self.shared.saver.flush().await;
    }

    /// Secrets and keys that have a value in the folders or the data folder; never the values.
    pub fn secret_keys(&self) -> Vec<(String, String)> {
        self.cluster().map_or_else(|| self.shared.secrets.keys(), |cluster| cluster.materials.keys())
    }

    /// Writes a Secret's key into the data folder's file, or into a Secret of the cluster.
    ///
    /// # Errors
    /// When the file holds something else, or the file system refuses.
    pub async fn set_secret(&self, name: &str, key: &str, value: &str) -> Result<(), SecretFileError> {
        if let Some(cluster) = self.cluster() {
            return Ok(cluster.set_secret(name, key, value).await?);
        }
        let _one_at_a_time = self.shared.state.lock().await;
        self.shared.secrets.set(name, key, value)
    }

    /// Removes a Secret from the data folder's file; says whether it was there.
    ///
    /// # Errors
    /// When the file holds something else, or the file system refuses.
    pub async fn delete_secret(&self, name: &str) -> Result<bool, SecretFileError> {
        if let Some(cluster) = self.cluster() {
            return Ok(cluster.delete_secret(name).await?);
        }
        let _one_at_a_time = self.shared.state.lock().await;
        self.shared.secrets.delete(name)
    }

    /// Looks where something may have changed.
    async fn look(&self, seen: &Seen) {
        let mut state = self.shared.state.lock().await;
        self.reload_with(&mut state, seen).await;
    }

    pub(crate) async fn reload_with(&self, state: &mut State, seen: &Seen) {
        let Source::Folders(files) = &mut state.source else { return };
        let different = refreshed(files, seen).await;
        let candidates = Candidates::collect(files);
        let problems: Vec<Diagnostic> = files.problems().cloned().collect();
        let secret_problem = self.shared.secrets.refresh(candidates.secrets.clone());
        if state.loaded && !different && !std::mem::take(&mut state.stale) && secret_problem == state.secret_problem {
            return;
        }
        state.secret_problem.clone_from(&secret_problem);
        let previous = state.loaded.then(|| self.view());
        let mut assembled = self.assembled(&candidates, &mut state.known, previous.as_deref()).await;
        assembled.diagnostics.extend(problems);
        assembled.diagnostics.extend(secret_problem);
        assembled.diagnostics.sort();
        state.loaded = true;
        self.publish(assembled, &candidates, &mut state.known, previous.as_deref());
    }

    /// Changes the objects of a cluster; where `change` says that documents are others, the view is made again.
    pub(crate) async fn change_objects(&self, change: impl FnOnce(&mut Objects) -> bool) {
        let mut state = self.shared.state.lock().await;
        let State { source, known, loaded, .. } = &mut *state;
        let Source::Cluster(objects) = source else { return };
        if !change(objects) {
            return;
        }
        let previous = loaded.then(|| self.view());
        let assembled = self.assembled(objects.candidates(), known, previous.as_deref()).await;
        *loaded = true;
        self.publish(assembled, objects.candidates(), known, previous.as_deref());
    }

    /// Assembles, asking the store for what is missing.
    async fn assembled(&self, candidates: &Candidates, known: &mut Known, previous: Option<&View>) -> Assembled {
        known.retry_failed();
        let lack = self.sandbox_lack();
        let able = Able { served: &self.shared.served, sandbox_lack: lack.as_ref().map(|lack| lack.as_str()) };
        for _ in 1..ROUNDS {
            let mut assembled = assemble(candidates, known, able, previous);
            let (needs, unplaced) = (std::mem::take(&mut assembled.needs), std::mem::take(&mut assembled.unplaced));
            if needs.is_empty() && unplaced.is_empty() {
                return assembled;
            }
            // What was valid a moment ago may be on its way to the store.
            self.shared.saver.flush().await;
            known.fetch_places(self.shared.revisions.as_ref(), unplaced).await;
            known.fetch(self.shared.revisions.as_ref(), needs).await;
        }
        assemble(candidates, known, able, previous)
    }

    fn publish(&self, assembled: Assembled, candidates: &Candidates, known: &mut Known, previous: Option<&View>) {
        let generation = self.shared.view.load().generation + 1;
        let view = View {
            generation,
            sections: assembled.sections,
            diagnostics: assembled.diagnostics,
            names_stamp: assembled.names_stamp,
            revisions: Arc::clone(&self.shared.revisions),
            workspace: self.shared.workspace.clone(),
            namespace: self.cluster().map(|cluster| Arc::clone(&cluster.namespace)),
            config_maps: self.cluster().map(|cluster| cluster.materials.config_maps()).unwrap_or_default(),
            cache: Cache::default(),
        };
        let view = Arc::new(view);
        self.shared.view.store(Arc::clone(&view));
        self.shared.generation.send_replace(generation);
        let (now, differences) = (self.shared.clock.now(), view.differences(previous));
        for valid in newly_valid(&differences, now) {
            known.outdated(valid.kind, &valid.name);
            self.shared.saver.save(valid);
        }
        if let Some(cluster) = self.cluster() {
            cluster.published(&differences);
            return;
        }
        let untold = |file: &Path| candidates.unnamed.contains_key(file);
        for place in place::changed(&view, &differences, untold, previous.is_none(), now) {
            self.shared.saver.save_place(place);
        }
    }
}

/// Looks at the files on a thread that may wait for the disk.
async fn refreshed(files: &mut Files, seen: &Seen) -> bool {
    let seen = seen.clone();
    let folders = files.folders().to_vec();
    let mut looking = std::mem::replace(files, Files::new(folders));
    let looked = tokio::task::spawn_blocking(move || {
        let different = looking.refresh(&seen);
        (looking, different)
    });
    match looked.await {
        Ok((looked, different)) => {
            *files = looked;
            different
        }
        Err(error) => {
            tracing::error!(%error, "looking at the folders failed");
            false
        }
    }
}

/// Versions that are the newest valid ones and were not before. Where another one is published, that is written last:
/// the last good version, which a restart falls back to, is the one that served.
fn newly_valid<'view>(
    differences: &'view [Difference<'view>],
    at: troupe_core::id::Timestamp,
) -> impl Iterator<Item = Valid> + 'view {
    differences.iter().filter_map(|(before, after)| Some((*before, (*after)?))).flat_map(move |(before, entry)| {
        let versions = |entry: &Entry| (entry.newest_revision.clone(), entry.serving_revision.clone());
        let same = before.is_some_and(|before| before.is_ready() && versions(before) == versions(entry));
        let newest = entry.newest_revision.as_ref().zip(entry.newest.as_ref());
        let serving = entry.serving_revision.as_ref().zip(entry.resource.as_ref());
        let published = serving.filter(|serving| newest.is_some_and(|newest| newest.0 != serving.0));
        let versions = newest.map(|newest| (newest, at)).into_iter().chain(published.map(|serving| (serving, at + 1)));
        let changed = entry.is_ready() && !same;
        versions.filter(move |_| changed).map(move |((revision, resource), at)| Valid {
            kind: entry.kind,
            name: Arc::clone(&entry.name),
            revision: Arc::clone(revision),
            resource: Arc::clone(resource),
            at,
            published: published.map(|serving| Arc::clone(serving.0)),
            replaces: before.is_some(),
        })
    })
}

fn empty_view(revisions: &Arc<dyn RevisionStore>) -> View {
    View {
        generation: 0,
        sections: BTreeMap::new(),
        diagnostics: Vec::new(),
        names_stamp: 0,
        revisions: Arc::clone(revisions),
        workspace: None,
        namespace: None,
        config_maps: ConfigMaps::new(),
        cache: Cache::default(),
    }
}

async fn follow(catalog: Catalog, mut watch: Watch, shutdown: CancellationToken) {
    loop {
        let mut seen = tokio::select! {
            seen = watch.changed() => seen,
            () = shutdown.cancelled() => return,
        };
        seen.everything |= watch.renew();
        catalog.look(&seen).await;
    }
}

#[async_trait]
impl SecretSource for Catalog {
    async fn secret(&self, reference: &SecretRef) -> Result<Arc<str>, SecretError> {
        self.value(reference)
    }
}

impl ModelDirectory for Catalog {
    fn models(&self, id: &str) -> Option<Vec<Arc<ModelSnapshot>>> {
        self.view().resolve_model(id).ok()
    }
}
