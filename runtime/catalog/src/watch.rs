//! Notices changes in the folders.
//!
//! Directories are watched, never files: a mounted ConfigMap is changed by swapping a symbolic link. Events only say
//! that something happened; what happened is found by looking at every file, so that no event can be misread.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use notify::event::{AccessKind, AccessMode, EventKind, ModifyKind};
use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::Notify;

/// How long the folders must be quiet: long enough for an editor's write and rename, short enough to feel at once.
const QUIET: Duration = Duration::from_millis(20);

/// How long a busy folder can put off a look at it.
const LONGEST: Duration = Duration::from_millis(60);

/// How often to look where nothing tells us: a folder that is not there yet, a file system without events.
const LOOK: Duration = Duration::from_secs(2);

/// Watches the folders and one file in another.
pub(crate) struct Watch {
    watcher: Option<RecommendedWatcher>,
    changed: Arc<Notify>,
    folders: Vec<PathBuf>,
    watched: BTreeSet<PathBuf>,
    /// Something could not be watched: looking replaces it.
    blind: bool,
}

impl Watch {
    /// Begins to watch `folders`, and the file `secrets` in a folder that is otherwise of no interest.
    pub(crate) fn new(folders: Vec<PathBuf>, secrets: &Path) -> Self {
        let changed = Arc::new(Notify::new());
        let told = Arc::clone(&changed);
        let data = secrets.parent().and_then(|data| data.canonicalize().ok());
        let file = secrets.file_name().map(std::ffi::OsStr::to_owned);
        let ours = move |path: &Path| path.parent() != data.as_deref() || path.file_name() == file.as_deref();
        let watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            let interesting =
                event.map_or(true, |event| matters(event.kind) && event.paths.iter().any(|path| ours(path)));
            if interesting {
                told.notify_one();
            }
        });
        let watcher =
            watcher.inspect_err(|error| tracing::warn!(%error, "cannot watch folders; looking every 2 s")).ok();
        let mut watch = Self { watcher, changed, folders, watched: BTreeSet::new(), blind: false };
        watch.renew();
        if let Some(data) = secrets.parent().and_then(|data| data.canonicalize().ok()) {
            watch.add(&data, RecursiveMode::NonRecursive);
        }
        watch
    }

    /// Waits for the next change, and until it is over.
    pub(crate) async fn changed(&self) {
        if self.blind || self.watcher.is_none() {
            // Looking without an event is the same as an event.
            drop(tokio::time::timeout(LOOK, self.changed.notified()).await);
        } else {
            self.changed.notified().await;
        }
        let settled = async { while tokio::time::timeout(QUIET, self.changed.notified()).await.is_ok() {} };
        drop(tokio::time::timeout(LONGEST, settled).await);
    }

    /// Watches what the folders' paths lead to now, which a swapped link changes.
    pub(crate) fn renew(&mut self) {
        self.blind = false;
        for folder in self.folders.clone() {
            if folder.is_symlink()
                && let Some(parent) = folder.parent().and_then(|parent| parent.canonicalize().ok())
            {
                self.add(&parent, RecursiveMode::NonRecursive);
            }
            match folder.canonicalize() {
                Ok(target) if target.is_dir() => self.add(&target, RecursiveMode::Recursive),
                Ok(file) => self.add(file.parent().unwrap_or(&file), RecursiveMode::NonRecursive),
                Err(_) => self.blind = true,
            }
        }
    }

    fn add(&mut self, path: &Path, mode: RecursiveMode) {
        if self.watched.contains(path) {
            return;
        }
        let Some(watcher) = &mut self.watcher else { return };
        match watcher.watch(path, mode) {
            Ok(()) => drop(self.watched.insert(path.to_owned())),
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "cannot watch a folder; looking every 2 s");
                self.blind = true;
            }
        }
    }
}

/// A file being written is of interest when it is closed: half a document may be a valid one.
fn matters(kind: EventKind) -> bool {
    match kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => true,
        EventKind::Access(_) | EventKind::Modify(ModifyKind::Metadata(_)) => false,
        EventKind::Modify(ModifyKind::Data(_)) => !cfg!(target_os = "linux"),
        _ => true,
    }
}
