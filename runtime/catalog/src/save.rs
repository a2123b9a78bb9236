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
use crate::place::Place;

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

/// Something to be saved.
#[derive(Clone, Debug)]
enum Item {
    Valid(Box<Valid>),
    Place(Box<Place>),
}

impl Item {
    fn row(&self) -> Revision {
        match self {
            Self::Valid(valid) => row(valid),
            Self::Place(place) => place.row(),
        }
    }

    /// Kind and name, how many versions are kept, and which ones in any case; `None` if there cannot be too many.
    fn excess(&self) -> Option<(&str, String, usize, Vec<String>)> {
        match self {
            Self::Valid(valid) if valid.replaces => {
                let pinned: Vec<String> = valid.published.iter().map(|hash| hash.as_ref().to_owned()).collect();
                // The published one is kept beside as many as the limit says.
                let keep = check::history_limit(&valid.resource) + pinned.len();
                Some((valid.kind.as_str(), valid.name.as_ref().to_owned(), keep, pinned))
            }
            Self::Place(place) if place.replaces => Some((crate::place::KIND, Place::name(&place.file), 1, Vec::new())),
            Self::Valid(_) | Self::Place(_) => None,
        }
    }
}

enum Order {
    Save(Item),
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
        drop(self.orders.send(Order::Save(Item::Valid(Box::new(valid)))));
    }

    /// Has it saved soon what a file holds.
    pub(crate) fn save_place(&self, place: Place) {
        drop(self.orders.send(Order::Save(Item::Place(Box::new(place)))));
    }

    /// Waits until everything given so far is saved, or was tried to: a store that cannot be written to now is tried
    /// again in the background, and nobody waits for it.
    pub(crate) async fn flush(&self) {
        let (done, wait) = oneshot::channel();
        if self.orders.send(Order::Flush(done)).is_ok() {
            drop(wait.await);
        }
    }
}

async fn run(store: Arc<dyn RevisionStore>, mut inbox: mpsc::UnboundedReceiver<Order>, shutdown: CancellationToken) {
    let mut orders = Vec::new();
    let mut unsaved: Vec<Item> = Vec::new();
    loop {
        tokio::select! {
            biased;
            count = inbox.recv_many(&mut orders, BATCH) => if count == 0 { return },
            // Whoever gives it something in this moment is heard, or told that nobody is there: no flush waits for ever.
            () = shutdown.cancelled(), if !inbox.is_closed() => inbox.close(),
            () = tokio::time::sleep(PAUSE), if !unsaved.is_empty() => {}
        }
        for order in orders.drain(..) {
            match order {
                Order::Save(item) => unsaved.push(item),
                Order::Flush(done) => {
                    write(store.as_ref(), &mut unsaved).await;
                    // Whoever waited may have gone.
                    let _ = done.send(());
                }
            }
        }
        write(store.as_ref(), &mut unsaved).await;
    }
}

/// Saves what there is to save; what the store refuses stays for later, in its order.
async fn write(store: &dyn RevisionStore, unsaved: &mut Vec<Item>) {
    while !unsaved.is_empty() {
        let batch = &unsaved[..unsaved.len().min(BATCH)];
        let rows: Vec<Revision> = batch.iter().map(Item::row).collect();
        if let Err(error) = store.save(&rows).await {
            tracing::warn!(%error, revisions = unsaved.len(), "cannot save revisions; trying again");
            return;
        }
        for (kind, name, keep, pinned) in batch.iter().filter_map(Item::excess) {
            if let Err(error) = store.prune(kind, &name, keep, &pinned).await {
                tracing::warn!(%error, resource.kind = kind, resource.name = name, "cannot prune revisions");
            }
        }
        unsaved.drain(..rows.len());
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

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use troupe_core::port::StoreError;

    use super::*;

    /// A store that keeps nothing.
    struct Nothing;

    #[async_trait]
    impl RevisionStore for Nothing {
        async fn save(&self, _revisions: &[Revision]) -> Result<(), StoreError> {
            Ok(())
        }

        async fn revisions(&self, _kind: &str, _name: &str) -> Result<Vec<Revision>, StoreError> {
            Ok(Vec::new())
        }

        async fn revision(&self, _kind: &str, _name: &str, _hash: &str) -> Result<Option<Revision>, StoreError> {
            Ok(None)
        }

        async fn last_good(&self, _kind: &str) -> Result<Vec<Revision>, StoreError> {
            Ok(Vec::new())
        }

        async fn prune(&self, _kind: &str, _name: &str, _keep: usize, _pinned: &[String]) -> Result<(), StoreError> {
            Ok(())
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn no_flush_outlives_the_saver() {
        for _ in 0..2_000 {
            let (tasks, shutdown) = (TaskTracker::new(), CancellationToken::new());
            let saver = Saver::start(Arc::new(Nothing), &tasks, shutdown.clone());
            let flushes = (0..4).map(|_| {
                let saver = saver.clone();
                tasks.spawn(async move { saver.flush().await })
            });
            let flushes: Vec<_> = flushes.collect();
            shutdown.cancel();
            let all = async {
                for flush in flushes {
                    flush.await.unwrap();
                }
            };
            tokio::time::timeout(Duration::from_secs(30), all).await.expect("every flush ends");
        }
    }
}
