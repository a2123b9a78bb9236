//! What a runtime does only in a cluster: it takes its resources from a namespace, and tells in their statuses what it
//! sees of models and servers. Over folders nothing of this is made.

mod discovery;
mod reachability;

use std::sync::Arc;

use anyhow::Context;
use kube::{Client, Config};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use troupe_catalog::{Catalog, ClusterOptions, View};
use troupe_core::port::Clock;
use troupe_rules::Served;
use troupe_store::Store;

use crate::settings::Settings;

pub use discovery::follow as discover;
pub use reachability::Observed;

/// The connection to the API server: of the kubeconfig (`KUBECONFIG`, else `~/.kube/config`) where there is one, else as
/// the pod's own account.
pub async fn connect() -> anyhow::Result<Client> {
    let config =
        Config::infer().await.context("there is neither a kubeconfig nor a pod's account; name one with KUBECONFIG")?;
    Client::try_from(config).context("the kubeconfig is wrong")
}

/// Takes over how much may run and wait, where the namespace's Runtime says so. A change of it counts at the next start.
pub fn bound(settings: &mut Settings, view: &View) {
    let Some(queue) = view.runtime().and_then(|runtime| runtime.queue.as_ref()) else { return };
    let number = |said: Option<u32>, else_: usize| said.and_then(|said| usize::try_from(said).ok()).unwrap_or(else_);
    settings.max_running = number(queue.max_running, settings.max_running);
    settings.max_queued = number(queue.max_queued, settings.max_queued);
}

/// The resources of a namespace. Waits for the API server; a stop before it answers is an error.
pub async fn open(
    (client, namespace): (Client, &str),
    settings: &Settings,
    store: &Store,
    clock: &Arc<dyn Clock>,
    (tasks, shutdown): (&TaskTracker, &CancellationToken),
) -> anyhow::Result<Catalog> {
    let options = ClusterOptions {
        client,
        namespace: namespace.to_owned(),
        workspace: settings.workspace.clone(),
        revisions: Arc::new(store.clone()),
        clock: Arc::clone(clock),
        tasks: tasks.clone(),
        shutdown: shutdown.clone(),
        served: Served::in_cluster(),
    };
    Catalog::open_cluster(options).await.context("stopped before the API server listed the resources")
}
