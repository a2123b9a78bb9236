//! The folders' files, read again only when they changed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::diagnostic::{Diagnostic, Severity};
use crate::parse::{Document, parse};

/// Files read at one time by one thread before another thread pays for itself.
const FILES_PER_THREAD: usize = 64;

/// What says that a file is the one that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    fn of(metadata: &fs::Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

/// A file as it was read last.
#[derive(Clone, Debug)]
struct File {
    stamp: Stamp,
    hash: [u8; 32],
    folder: usize,
    documents: Vec<Arc<Document>>,
    problem: Option<Diagnostic>,
}

/// Every file of the folders.
#[derive(Debug)]
pub(crate) struct Files {
    folders: Vec<PathBuf>,
    known: BTreeMap<Arc<Path>, File>,
    problems: Vec<Diagnostic>,
}

/// A document and the place of its folder: a later one wins.
pub(crate) struct Placed<'files> {
    pub(crate) folder: usize,
    pub(crate) document: &'files Arc<Document>,
}

impl Files {
    /// Nothing read yet.
    pub(crate) fn new(folders: Vec<PathBuf>) -> Self {
        Self { folders, known: BTreeMap::new(), problems: Vec::new() }
    }

    /// The folders, a later one winning over an earlier.
    pub(crate) fn folders(&self) -> &[PathBuf] {
        &self.folders
    }

    /// Every document, in the order of folders, paths and places.
    pub(crate) fn documents(&self) -> impl Iterator<Item = Placed<'_>> {
        let mut files: Vec<&File> = self.known.values().collect();
        // The map sorts by path, and this sort is stable.
        files.sort_by_key(|file| file.folder);
        files
            .into_iter()
            .flat_map(|file| file.documents.iter().map(|document| Placed { folder: file.folder, document }))
    }

    /// Files and folders that could not be read.
    pub(crate) fn problems(&self) -> impl Iterator<Item = &Diagnostic> {
        self.problems.iter().chain(self.known.values().filter_map(|file| file.problem.as_ref()))
    }

    /// Looks at every file and reads those that changed. Says whether anything is different now.
    pub(crate) fn refresh(&mut self) -> bool {
        let mut walk = Walk::default();
        for (folder, path) in self.folders.iter().enumerate() {
            walk.folder = folder;
            walk.visit(path, true);
        }
        let before = self.known.len();
        self.known.retain(|path, _| walk.found.contains_key(path));
        let mut different = self.known.len() != before || self.problems != walk.problems;
        self.problems = walk.problems;
        let stale: Vec<(Arc<Path>, usize, Stamp)> = walk
            .found
            .into_iter()
            .filter(|(path, (_, stamp))| self.known.get(path).is_none_or(|file| file.stamp != *stamp))
            .map(|(path, (folder, stamp))| (path, folder, stamp))
            .collect();
        for (path, file) in read_all(&stale, &self.known) {
            let old = self.known.get(&path);
            different |= old.is_none_or(|old| old.hash != file.hash || old.problem != file.problem);
            self.known.insert(path, file);
        }
        different
    }
}

/// Reads files, on as many threads as there are processors when there are many.
fn read_all(stale: &[(Arc<Path>, usize, Stamp)], known: &BTreeMap<Arc<Path>, File>) -> Vec<(Arc<Path>, File)> {
    let read_part = |part: &[(Arc<Path>, usize, Stamp)]| -> Vec<(Arc<Path>, File)> {
        part.iter()
            .map(|(path, folder, stamp)| (Arc::clone(path), read(path, *folder, stamp.clone(), known.get(path))))
            .collect()
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(stale.len() / FILES_PER_THREAD + 1);
    if threads == 1 {
        return read_part(stale);
    }
    std::thread::scope(|scope| {
        let parts = stale.chunks(stale.len().div_ceil(threads));
        let workers: Vec<_> = parts.map(|part| scope.spawn(move || read_part(part))).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap_or_default()).collect()
    })
}

/// Reads one file. What cannot be read keeps the documents that it had.
fn read(path: &Arc<Path>, folder: usize, stamp: Stamp, known: Option<&File>) -> File {
    let kept = |problem| File {
        stamp: stamp.clone(),
        hash: known.map_or([0; 32], |file| file.hash),
        folder,
        documents: known.map(|file| file.documents.clone()).unwrap_or_default(),
        problem: Some(problem),
    };
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) => return kept(problem(path, &format!("cannot be read: {error}; correct its permissions"))),
    };
    let hash = Sha256::digest(&bytes).into();
    if let Some(known) = known.filter(|file| file.hash == hash && file.problem.is_none()) {
        return File { stamp, folder, ..known.clone() };
    }
    match String::from_utf8(bytes) {
        Ok(text) => File {
            stamp,
            hash,
            folder,
            documents: parse(path, &text, known.map_or(&[], |file| &file.documents)),
            problem: None,
        },
        Err(_) => kept(problem(path, "is not text in UTF-8: save it in that encoding")),
    }
}

fn problem(path: &Path, message: &str) -> Diagnostic {
    Diagnostic {
        file: path.into(),
        line: 1,
        column: None,
        kind: None,
        name: None,
        path: String::new(),
        message: message.to_owned(),
        severity: Severity::Error,
    }
}

/// A walk through a folder, symbolic links followed, since a mounted `ConfigMap` consists of them.
#[derive(Default)]
struct Walk {
    folder: usize,
    found: BTreeMap<Arc<Path>, (usize, Stamp)>,
    entered: BTreeSet<(u64, u64)>,
    problems: Vec<Diagnostic>,
}

impl Walk {
    fn visit(&mut self, path: &Path, named: bool) {
        let metadata = match fs::metadata(path) {
            Ok(metadata) => metadata,
            // A file that went away between listing and looking is no news, a named folder that is not there is.
            Err(error) if error.kind() == io::ErrorKind::NotFound && !named => return,
            Err(error) => return self.problems.push(problem(path, &format!("cannot be opened: {error}"))),
        };
        if metadata.is_dir() {
            // A link that leads back up would be walked for ever.
            if self.entered.insert((metadata.dev(), metadata.ino())) {
                self.enter(path);
            }
        } else if metadata.is_file() && (named || is_manifest(path)) {
            self.found.insert(path.into(), (self.folder, Stamp::of(&metadata)));
        }
    }

    fn enter(&mut self, path: &Path) {
        let entries = match fs::read_dir(path) {
            Ok(entries) => entries,
            Err(error) => return self.problems.push(problem(path, &format!("cannot be listed: {error}"))),
        };
        for entry in entries.flatten() {
            // Hidden ones are a ConfigMap's `..data`, editors' swap files, `.git`, and our own half-written files.
            if !entry.file_name().as_encoded_bytes().starts_with(b".") {
                self.visit(&entry.path(), false);
            }
        }
    }
}

fn is_manifest(path: &Path) -> bool {
    path.extension().is_some_and(|extension| ["yaml", "yml", "json"].iter().any(|known| extension == *known))
}
