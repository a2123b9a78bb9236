//! Notices changes in the folders.
//!
//! Directories are watched, never files: a mounted ConfigMap is changed by swapping a symbolic link. Events only say
//! where something happened; what happened is found by looking there, or everywhere where they do not say enough, so
//! that no event can be misread.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use notify::event::{AccessKind, AccessMode, CreateKind, EventKind, ModifyKind, RemoveKind};
use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::Notify;

use crate::files::Seen;

/// How long the folders must be quiet: an editor's write and its rename come within this, and so do the files of one
/// checkout, one after the other. A file is looked at when it is closed, so nothing has to be waited for but company.
const QUIET: Duration = Duration::from_millis(3);

/// How long a busy folder can put off a look at it.
const LONGEST: Duration = Duration::from_millis(60);

/// Paths from which a look at everything is cheaper than one at each.
const MANY: usize = 1_000;

/// How often to look where nothing tells us: a folder that is not there yet, a file system without events.
const LOOK: Duration = Duration::from_secs(2);

/// Watches the folders and one file in another.
pub(crate) struct Watch {
    watcher: Option<RecommendedWatcher>,
    changed: Arc<Notify>,
    seen: Arc<Mutex<Seen>>,
    folders: Vec<PathBuf>,
    watched: BTreeSet<PathBuf>,
    /// Something could not be watched: looking replaces it.
    blind: bool,
}

impl Watch {
    /// Begins to watch `folders`, and the file `secrets` in a folder that is otherwise of no interest.
    pub(crate) fn new(folders: Vec<PathBuf>, secrets: &Path) -> Self {
        let (changed, seen) = (Arc::new(Notify::new()), Arc::new(Mutex::new(Seen::default())));
        let (told, noted) = (Arc::clone(&changed), Arc::clone(&seen));
        let data = secrets.parent().and_then(|data| data.canonicalize().ok());
        let file = secrets.file_name().map(std::ffi::OsStr::to_owned);
        let ours = move |path: &Path| path.parent() != data.as_deref() || path.file_name() == file.as_deref();
        let watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            let interesting =
                event.as_ref().map_or(true, |event| matters(event) && event.paths.iter().any(|path| ours(path)));
            if interesting || event.as_ref().is_ok_and(Event::need_rescan) {
                note(&mut noted.lock().unwrap_or_else(PoisonError::into_inner), event);
                told.notify_one();
            }
        });
        let watcher =
            watcher.inspect_err(|error| tracing::warn!(%error, "cannot watch folders; looking every 2 s")).ok();
        let mut watch = Self { watcher, changed, seen, folders, watched: BTreeSet::new(), blind: false };
        watch.renew();
        if let Some(data) = secrets.parent().and_then(|data| data.canonicalize().ok()) {
            watch.add(&data, RecursiveMode::NonRecursive);
        }
        watch
    }

    /// Waits for the next change, and until it is over; tells where it was.
    pub(crate) async fn changed(&self) -> Seen {
        let blind = self.blind || self.watcher.is_none();
        if blind {
            // Looking without an event is the same as an event.
            drop(tokio::time::timeout(LOOK, self.changed.notified()).await);
        } else {
            self.changed.notified().await;
        }
        let settled = async { while tokio::time::timeout(QUIET, self.changed.notified()).await.is_ok() {} };
        drop(tokio::time::timeout(LONGEST, settled).await);
        let mut seen = std::mem::take(&mut *self.seen.lock().unwrap_or_else(PoisonError::into_inner));
        seen.everything |= blind;
        seen
    }

    /// Watches what the folders' paths lead to now, which a swapped link changes. Tells whether that is something new,
    /// of which no event came yet.
    pub(crate) fn renew(&mut self) -> bool {
        let before = self.watched.len();
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
        self.watched.len() != before || self.blind
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

/// Notes where an event was, as far as it says.
fn note(seen: &mut Seen, event: notify::Result<Event>) {
    match event {
        Ok(event) if says_where(&event) && seen.paths.len() < MANY => seen.paths.extend(event.paths),
        // Events were lost, or are about folders, or too many.
        _ => seen.everything = true,
    }
}

/// Whether an event is about files alone. A renamed path is looked at to see what it is now.
fn says_where(event: &Event) -> bool {
    let about_files = matches!(
        event.kind,
        EventKind::Access(_)
            | EventKind::Create(CreateKind::File)
            | EventKind::Remove(RemoveKind::File)
            | EventKind::Modify(ModifyKind::Data(_) | ModifyKind::Name(_))
    );
    about_files && !event.paths.is_empty() && !event.need_rescan()
}

/// Whether a file that was just made is whole already: a link is, any other is written and closed yet.
fn is_whole(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    path.symlink_metadata().is_ok_and(|metadata| metadata.is_symlink() || metadata.nlink() > 1)
}

/// A file being written is of interest when it is closed: half a document may be a valid one.
fn matters(event: &Event) -> bool {
    match event.kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => true,
        EventKind::Access(_) | EventKind::Modify(ModifyKind::Metadata(_)) => false,
        EventKind::Modify(ModifyKind::Data(_)) => !cfg!(target_os = "linux"),
        EventKind::Create(CreateKind::File) => {
            !cfg!(target_os = "linux") || event.paths.iter().any(|path| is_whole(path))
        }
        _ => true,
    }
}
