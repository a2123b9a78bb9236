//! Finds files by what is in them, or by their names (S1-168): fixed texts, `a|b` for either, spaces for all.
//!
//! The walk goes through the workspace's own handle, so that no folder that is swapped for a link leads it out. A word
//! with a capital letter is found only as it is written, any other in every case.

mod query;

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use cap_std::fs::{Dir, OpenOptionsExt as _};
use rustix::fs::OFlags;
use tokio_util::sync::CancellationToken;

pub(super) use query::Query;

use super::item::{FileItem, of_file};
use super::place::{FileError, Place, failed, is_reserved};

/// The longest that a search takes, as S1 has it; what was found until then is the answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// Folders that people do not mean (S1-168).
const SKIPPED: [&str; 3] = [".git", "node_modules", "dist"];

/// Threads of one search. More would be in each other's way on a disk.
const THREADS: usize = 4;

/// Files that are looked at by one thread in one go.
const BATCH: usize = 256;

/// What is searched in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SearchIn {
    /// What is in the files.
    #[default]
    Content,
    /// Their names, and those of folders.
    Name,
    /// Both.
    All,
}

/// What was found.
#[derive(Debug)]
pub struct Hits {
    /// By path.
    pub files: Vec<FileItem>,
    /// There may be more: the time was up, or there were enough.
    pub cut: bool,
}

/// Something to be looked at.
enum Job {
    Folder(PathBuf),
    Files(Arc<Dir>, PathBuf, Vec<String>),
}

/// What is to be done, and how many threads are doing something.
#[derive(Default)]
struct Jobs {
    waiting: VecDeque<Job>,
    working: usize,
}

/// One search.
struct Search<'search> {
    place: &'search Place,
    query: &'search Query,
    target: SearchIn,
    most: usize,
    deadline: Instant,
    stop: &'search CancellationToken,
    jobs: Mutex<Jobs>,
    news: Condvar,
    found: Mutex<Vec<FileItem>>,
    cut: AtomicBool,
}

/// Searches below a folder until everything was seen, enough was found, the time is up, or nobody waits any more.
pub(super) fn search(
    place: &Place,
    inside: &Path,
    query: &Query,
    (target, most): (SearchIn, usize),
    stop: &CancellationToken,
) -> Result<Hits, FileError> {
    let facts = place.open_folder(inside)?.dir_metadata().map_err(failed("search", inside))?;
    if !facts.is_dir() {
        return Err(FileError::NoFolder(inside.display().to_string()));
    }
    let search = Search {
        place,
        query,
        target,
        most,
        deadline: Instant::now() + PATIENCE,
        stop,
        jobs: Mutex::new(Jobs { waiting: VecDeque::from([Job::Folder(inside.to_owned())]), working: 0 }),
        news: Condvar::new(),
        found: Mutex::new(Vec::new()),
        cut: AtomicBool::new(false),
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(THREADS);
    std::thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(|| search.work());
        }
        search.work();
    });
    let cut = search.cut.load(Ordering::Relaxed);
    let mut files = search.found.into_inner().unwrap_or_else(PoisonError::into_inner);
    files.sort_by(|one, other| one.path.cmp(&other.path));
    files.truncate(most);
    Ok(Hits { files, cut })
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Search<'_> {
    /// Takes jobs until there is none and nobody works who could make one.
    fn work(&self) {
        let mut piece = Vec::new();
        while let Some(job) = self.next() {
            match job {
                Job::Folder(inside) => self.folder(&inside, &mut piece),
                Job::Files(folder, inside, names) => self.files(&folder, &inside, &names, &mut piece),
            }
            locked(&self.jobs).working -= 1;
            self.news.notify_all();
        }
    }

    fn next(&self) -> Option<Job> {
        let mut jobs = locked(&self.jobs);
        loop {
            if self.is_over() {
                jobs.waiting.clear();
            }
            // The newest first: so the queue stays about as long as the tree is deep.
            if let Some(job) = jobs.waiting.pop_back() {
                jobs.working += 1;
                return Some(job);
            }
            if jobs.working == 0 {
                return None;
            }
            jobs = self.news.wait(jobs).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn is_over(&self) -> bool {
        if self.stop.is_cancelled() || Instant::now() > self.deadline {
            self.cut.store(true, Ordering::Relaxed);
        }
        self.cut.load(Ordering::Relaxed)
    }

    fn folder(&self, inside: &Path, piece: &mut Vec<u8>) {
        // What cannot be opened, or is no folder any more, has nothing in it.
        let Ok(folder) = self.place.open_folder(inside) else { return };
        let (folder, is_root) = (Arc::new(folder), inside.as_os_str().is_empty());
        let Ok(entries) = folder.entries() else { return };
        let mut names = Vec::new();
        for entry in entries.flatten() {
            if is_root && is_reserved(&entry.file_name()) {
                continue;
            }
            let (Ok(name), Ok(kind)) = (entry.file_name().into_string(), entry.file_type()) else { continue };
            if kind.is_dir() {
                self.below(&folder, inside, &name);
            } else if kind.is_file() {
                names.push(name);
            }
            if names.len() == BATCH {
                let batch = std::mem::take(&mut names);
                self.add(Job::Files(Arc::clone(&folder), inside.to_owned(), batch));
                if self.is_over() {
                    return;
                }
            }
        }
        self.files(&folder, inside, &names, piece);
    }

    fn below(&self, folder: &Dir, inside: &Path, name: &str) {
        if SKIPPED.contains(&name) {
            return;
        }
        if self.target != SearchIn::Content && self.has_name(name) {
            self.hit(folder, inside, name);
        }
        self.add(Job::Folder(inside.join(name)));
    }

    fn add(&self, job: Job) {
        locked(&self.jobs).waiting.push_back(job);
        self.news.notify_one();
    }

    fn files(&self, folder: &Dir, inside: &Path, names: &[String], piece: &mut Vec<u8>) {
        for name in names {
            if self.is_over() {
                return;
            }
            let by_name = self.target != SearchIn::Content && self.has_name(name);
            if by_name || (self.target != SearchIn::Name && self.has_content(folder, name, piece)) {
                self.hit(folder, inside, name);
            }
        }
    }

    fn has_name(&self, name: &str) -> bool {
        self.query.is_met(self.query.found_in(name.as_bytes(), 0))
    }

    fn has_content(&self, folder: &Dir, name: &str, piece: &mut Vec<u8>) -> bool {
        let mut options = super::place::for_reading();
        options.custom_flags((OFlags::NONBLOCK | OFlags::NOFOLLOW).bits().cast_signed());
        let Ok(mut file) = folder.open_with(name, &options) else { return false };
        let is_file = file.metadata().is_ok_and(|facts| facts.is_file());
        is_file && self.query.matches(&mut file, piece).unwrap_or(false)
    }

    fn hit(&self, folder: &Dir, inside: &Path, name: &str) {
        let Ok(facts) = folder.symlink_metadata(name) else { return };
        let mut found = locked(&self.found);
        // One more than is told shows that there are more.
        if found.len() >= self.most {
            self.cut.store(true, Ordering::Relaxed);
            return;
        }
        found.push(of_file(self.place, &inside.join(name), &facts));
    }
}
