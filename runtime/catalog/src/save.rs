//! Writes revisions to the store in the background, in batches, in the order in which they became the newest.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use troupe_core::id::Timestamp;
use troupe_core::port::{Revision, RevisionStore};
use troupe_crds::{Kind, Resource};

use crate::check;

/// Revisions of one transaction: large enough for 10,000 agents in 20 commits.
const BATCH: usize = 512;

/// The pause before a batch that the store refused is tried again.
const PAUSE: Duration = Duration::from_secs(1);

/// A version that became the newest valid one.
#[derive(Clone, Debug)]
pub(crate) struct Valid {
    pub(crate) kind: Kind,
    pub(crate) name: Arc<str>,
    pub(crate) revision: Arc<str>,
    pub(crate) resource: Arc<Resource>,
    pub(crate) at: Timestamp,
    /// The revision that serves, where it is another one.
    pub(crate) published: Option<Arc<str>>,
    /// Whether another version was the newest before: only then can there be too many.
    pub(crate) replaces: bool,
}

enum Order {
    Save(Box<Valid>),
    Flush(oneshot::Sender<()>),
}

/// The way to the saver.
#[derive(Clone, Debug)]
pub(crate) struct Saver {
    orders: mpsc::UnboundedSender<Order>,
}

impl Saver {
    /// Starts the saver; it ends with `shutdown`, having written what it was given.
    pub(crate) fn start(store: Arc<dyn RevisionStore>, tasks: &TaskTracker, shutdown: CancellationToken) -> Self {
        let (orders, inbox) = mpsc::unbounded_channel();
        tasks.spawn(run(store, inbox, shutdown));
        Self { orders }
    }

    /// Has a version saved soon.
    pub(crate) fn save(&self, valid: Valid) {
        // After the end nobody saves any more; the next start will.
        drop(self.orders.send(Order::Save(Box::new(valid))));
    }

    /// Waits until everything given so far is saved.
    pub(crate) async fn flush(&self) {
        let (done, wait) = oneshot::channel();
        if self.orders.send(Order::Flush(done)).is_ok() {
            drop(wait.await);
        }
    }
}

async fn run(store: Arc<dyn RevisionStore>, mut inbox: mpsc::UnboundedReceiver<Order>, shutdown: CancellationToken) {
    let mut orders = Vec::new();
    loop {
        tokio::select! {
            biased;
            count = inbox.recv_many(&mut orders, BATCH) => if count == 0 { return },
            () = shutdown.cancelled() => return,
        }
        let mut batch = Vec::new();
        for order in orders.drain(..) {
            match order {
                Order::Save(valid) => batch.push(*valid),
                Order::Flush(done) => {
                    write(store.as_ref(), std::mem::take(&mut batch), &shutdown).await;
                    // Whoever waited may have gone.
                    let _ = done.send(());
                }
            }
        }
        write(store.as_ref(), batch, &shutdown).await;
    }
}

async fn write(store: &dyn RevisionStore, batch: Vec<Valid>, shutdown: &CancellationToken) {
    if batch.is_empty() {
        return;
    }
    let revisions: Vec<Revision> = batch.iter().map(row).collect();
    while let Err(error) = store.save(&revisions).await {
        tracing::warn!(%error, revisions = revisions.len(), "cannot save revisions; trying again");
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            () = shutdown.cancelled() => return,
        }
    }
    for valid in batch.iter().filter(|valid| valid.replaces) {
        let pinned: Vec<String> = valid.published.iter().map(|revision| revision.as_ref().to_owned()).collect();
        // The published one is kept beside as many as the limit says.
        let keep = check::history_limit(&valid.resource) + pinned.len();
        if let Err(error) = store.prune(valid.kind.as_str(), &valid.name, keep, &pinned).await {
            tracing::warn!(%error, resource.kind = %valid.kind, resource.name = %valid.name, "cannot prune revisions");
        }
    }
}

fn row(valid: &Valid) -> Revision {
    Revision {
        kind: valid.kind.as_str().to_owned(),
        name: valid.name.as_ref().to_owned(),
        hash: valid.revision.as_ref().to_owned(),
        spec: check::spec(&valid.resource).to_string(),
        created_at: valid.at,
        current_at: valid.at,
    }
}
