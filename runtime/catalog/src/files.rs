//! The folders' files, read again only when they changed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::ops::Bound;
use std::os::unix::fs::MetadataExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
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
    /// Something is a symbolic link: a change of one path may then be one of another.
    linked: bool,
    looks: Looks,
}

/// How much work was done to keep up with the folders.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Looks {
    /// Looks at everything in the folders.
    pub whole: u64,
    /// Files that were looked at, to see whether they changed.
    pub files: u64,
    /// Files that were read.
    pub read: u64,
}

/// Where something may have changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Anywhere.
    pub(crate) everything: bool,
    /// At these paths, as the operating system told them.
    pub(crate) paths: BTreeSet<PathBuf>,
}

impl Seen {
    /// Something somewhere.
    pub(crate) fn everything() -> Self {
        Self { everything: true, paths: BTreeSet::new() }
    }

    /// Something at one path.
    pub(crate) fn at(path: PathBuf) -> Self {
        Self { everything: false, paths: BTreeSet::from([path]) }
    }
}

/// A document and the place of its folder: a later one wins.
pub(crate) struct Placed<'files> {
    pub(crate) folder: usize,
    pub(crate) document: &'files Arc<Document>,
}

impl Files {
    /// Nothing read yet.
    pub(crate) fn new(folders: Vec<PathBuf>) -> Self {
        Self { folders, known: BTreeMap::new(), problems: Vec::new(), linked: false, looks: Looks::default() }
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

    /// Files of which nothing could be read yet.
    pub(crate) fn unread(&self) -> impl Iterator<Item = &Arc<Path>> {
        let unread = self.known.iter().filter(|(_, file)| file.problem.is_some() && file.documents.is_empty());
        unread.map(|(path, _)| path)
    }

    /// How much was looked at and read so far.
    pub(crate) fn looks(&self) -> Looks {
        self.looks
    }

    /// Looks where something may have changed, and reads the files that did. Says whether anything is different now.
    pub(crate) fn refresh(&mut self, seen: &Seen) -> bool {
        match self.places(seen) {
            Some(places) => self.refresh_places(places),
            None => self.refresh_all(),
        }
    }

    /// The files that may have changed, by the paths under which they are known; `None` where that cannot be told.
    fn places(&self, seen: &Seen) -> Option<Vec<(PathBuf, usize)>> {
        if seen.everything || self.linked || !self.problems.is_empty() {
            return None;
        }
        let mut roots = Vec::with_capacity(self.folders.len());
        for (folder, path) in self.folders.iter().enumerate() {
            roots.push((folder, path, path.canonicalize().ok()?));
        }
        let mut places = Vec::new();
        for path in &seen.paths {
            let mut below = roots.iter().filter_map(|(folder, root, target)| {
                let rest = path.strip_prefix(target).or_else(|_| path.strip_prefix(root)).ok()?;
                Some((*folder, root, rest))
            });
            // What is outside the folders is none of their files: the secrets, or a neighbour of a single file.
            let Some((folder, root, rest)) = below.next() else { continue };
            // A folder itself, or one within another: who has which file is for a walk to find.
            if rest.as_os_str().is_empty() && !root.is_file() || below.next().is_some() {
                return None;
            }
            if rest.components().any(|part| part.as_os_str().as_encoded_bytes().starts_with(b".")) {
                continue;
            }
            let place = if rest.as_os_str().is_empty() { (*root).clone() } else { root.join(rest) };
            match fs::symlink_metadata(&place) {
                Ok(metadata) if metadata.is_file() => {}
                // Something that was a folder takes its files along.
                Err(error) if error.kind() == io::ErrorKind::NotFound && !self.is_folder(&place) => {}
                _ => return None,
            }
            places.push((place, folder));
        }
        Some(places)
    }

    fn is_folder(&self, path: &Path) -> bool {
        let mut from = self.known.range::<Path, _>((Bound::Included(path), Bound::Unbounded)).map(|(known, _)| known);
        from.find(|known| &***known != path).is_some_and(|known| known.starts_with(path))
    }

    /// Looks at some files.
    fn refresh_places(&mut self, places: Vec<(PathBuf, usize)>) -> bool {
        let (mut different, mut stale) = (false, Vec::new());
        for (path, folder) in places {
            self.looks.files += 1;
            let named = self.folders.contains(&path);
            let metadata =
                fs::metadata(&path).ok().filter(|metadata| metadata.is_file() && (named || is_manifest(&path)));
            let Some(metadata) = metadata else {
                different |= self.known.remove(path.as_path()).is_some();
                continue;
            };
            let stamp = Stamp::of(&metadata);
            match self.known.get_key_value(path.as_path()) {
                Some((_, file)) if file.stamp == stamp => {}
                Some((path, file)) => stale.push((Arc::clone(path), file.folder, stamp)),
                None => stale.push((path.into(), folder, stamp)),
            }
        }
        self.read_stale(&stale) || different
    }

    /// Looks at every file.
    fn refresh_all(&mut self) -> bool {
        let mut walk = Walk::default();
        for (folder, path) in self.folders.iter().enumerate() {
            walk.folder = folder;
            walk.visit(path, true);
        }
        let before = self.known.len();
        self.known.retain(|path, _| walk.found.contains_key(path));
        let mut different = self.known.len() != before || self.problems != walk.problems;
        self.problems = walk.problems;
        self.linked = walk.linked;
        self.looks.whole += 1;
        self.looks.files += walk.found.len() as u64;
        let stale: Vec<Stale> = walk
            .found
            .into_iter()
            .filter(|(path, (_, stamp))| self.known.get(path).is_none_or(|file| file.stamp != *stamp))
            .map(|(path, (folder, stamp))| (path, folder, stamp))
            .collect();
        different |= self.read_stale(&stale);
        different
    }

    /// Reads files that are not as they were read last. Says whether anything is different.
    fn read_stale(&mut self, stale: &[Stale]) -> bool {
        let mut different = false;
        self.looks.read += stale.len() as u64;
        for (path, file) in read_all(stale, &self.known) {
            let old = self.known.get(&path);
            different |= old.is_none_or(|old| old.hash != file.hash || old.problem != file.problem);
            self.known.insert(path, file);
        }
        different
    }
}

/// Reads files, on as many threads as there are processors when there are many.
fn read_all(stale: &[Stale], known: &BTreeMap<Arc<Path>, File>) -> Vec<(Arc<Path>, File)> {
    let read_part = |part: &[Stale]| -> Vec<(Arc<Path>, File)> {
        part.iter()
            .map(|(path, folder, stamp)| (Arc::clone(path), read(path, *folder, stamp.clone(), known.get(path))))
            .collect()
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(stale.len() / FILES_PER_THREAD + 1);
    if threads == 1 {
        return read_part(stale);
    }
    read_on_threads(stale, threads, &read_part, std::thread::Builder::new)
}

/// A file to be read, and by which folder and in which state it is known from then on.
type Stale = (Arc<Path>, usize, Stamp);

/// Reads files in parts, each on a thread of its own; where the system gives no thread, on this one.
fn read_on_threads(
    stale: &[Stale],
    threads: usize,
    read_part: &(impl Fn(&[Stale]) -> Vec<(Arc<Path>, File)> + Sync),
    builder: impl Fn() -> std::thread::Builder,
) -> Vec<(Arc<Path>, File)> {
    std::thread::scope(|scope| {
        let parts = stale.chunks(stale.len().div_ceil(threads));
        // All threads are at work before the first is waited for.
        let workers: Vec<_> =
            parts.map(|part| (part, builder().spawn_scoped(scope, move || read_part(part)))).collect();
        let mut read = Vec::with_capacity(stale.len());
        for (part, worker) in workers {
            let done = worker.ok().and_then(|worker| worker.join().ok());
            read.append(&mut done.unwrap_or_else(|| read_part(part)));
        }
        read
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
        Ok(text) => {
            let before = known.map_or(&[][..], |file| &file.documents);
            // A fault of the parser on one file must not take all the others out of sight.
            match catch_unwind(AssertUnwindSafe(|| parse(path, &text, before))) {
                Ok(documents) => File { stamp, hash, folder, documents, problem: None },
                Err(_) => kept(problem(path, "cannot be read as YAML: simplify what was written last")),
            }
        }
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
    linked: bool,
    problems: Vec<Diagnostic>,
}

impl Walk {
    fn visit(&mut self, path: &Path, named: bool) {
        self.linked |= named && path.is_symlink();
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
                self.linked |= entry.file_type().is_ok_and(|kind| kind.is_symlink());
                self.visit(&entry.path(), false);
            }
        }
    }
}

fn is_manifest(path: &Path) -> bool {
    path.extension().is_some_and(|extension| ["yaml", "yml", "json"].iter().any(|known| extension == *known))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        "apiVersion: troupe.dev/v1alpha1\nkind: PromptTemplate\nmetadata: {name: NAME}\nspec: {content: hello}\n";

    /// A folder with as many files, read once.
    fn folder(files: usize) -> (tempfile::TempDir, Files) {
        let folder = tempfile::tempdir().unwrap();
        for n in 0..files {
            fs::write(folder.path().join(format!("f{n}.yaml")), TEXT.replace("NAME", &format!("t{n}"))).unwrap();
        }
        let mut files = Files::new(vec![folder.path().to_owned()]);
        assert!(files.refresh(&Seen::everything()));
        (folder, files)
    }

    fn names(files: &Files) -> Vec<String> {
        files.documents().filter_map(|placed| placed.document.name.as_deref().map(str::to_owned)).collect()
    }

    #[test]
    fn of_a_thousand_files_only_the_edited_one_is_looked_at() {
        let (folder, mut files) = folder(1_000);
        let before = files.looks();
        assert_eq!(before, Looks { whole: 1, files: 1_000, read: 1_000 });
        let path = folder.path().join("f7.yaml");
        fs::write(&path, TEXT.replace("NAME", "edited")).unwrap();
        assert!(files.refresh(&Seen::at(path.canonicalize().unwrap())));
        assert_eq!(files.looks(), Looks { whole: 1, files: 1_001, read: 1_001 });
        assert!(names(&files).contains(&"edited".to_owned()));
        assert!(!files.refresh(&Seen::at(path)), "nothing changed since");
        assert_eq!(files.looks(), Looks { whole: 1, files: 1_002, read: 1_001 });
    }

    #[test]
    fn files_come_and_go_by_their_paths() {
        let (folder, mut files) = folder(2);
        let (new, old) = (folder.path().join("new.yaml"), folder.path().join("f0.yaml"));
        fs::rename(&old, &new).unwrap();
        let seen = Seen { everything: false, paths: BTreeSet::from([new, old, folder.path().join("notes.txt")]) };
        assert!(files.refresh(&seen));
        assert_eq!(names(&files), ["t1", "t0"]);
        assert_eq!(files.looks().whole, 1);
    }

    #[test]
    fn what_paths_cannot_tell_is_found_by_looking_everywhere() {
        let (folder, mut files) = folder(1);
        let below = folder.path().join("below");
        fs::create_dir(&below).unwrap();
        fs::write(below.join("a.yaml"), TEXT.replace("NAME", "below")).unwrap();
        assert!(files.refresh(&Seen::at(below.clone())));
        assert_eq!(names(&files), ["below", "t0"]);
        fs::remove_dir_all(&below).unwrap();
        assert!(files.refresh(&Seen::at(below)));
        assert_eq!(names(&files), ["t0"]);
        assert_eq!(files.looks().whole, 3);
        // A link makes one file two paths.
        std::os::unix::fs::symlink("f0.yaml", folder.path().join("link.yaml")).unwrap();
        assert!(files.refresh(&Seen::at(folder.path().join("link.yaml"))));
        assert!(!files.refresh(&Seen::at(folder.path().join("f0.yaml"))));
        assert_eq!(files.looks().whole, 5);
    }

    #[test]
    fn hidden_files_and_neighbours_are_no_business_of_ours() {
        let (folder, mut files) = folder(1);
        let before = files.looks();
        let paths = [folder.path().join(".f0.yaml.swp"), folder.path().join(".git/x.yaml"), "/elsewhere/x.yaml".into()];
        assert!(!files.refresh(&Seen { everything: false, paths: BTreeSet::from(paths) }));
        assert_eq!(files.looks(), before);
    }

    #[test]
    fn without_threads_everything_is_read_all_the_same() {
        let (_folder, files) = folder(3);
        let stale: Vec<_> =
            files.known.iter().map(|(path, file)| (Arc::clone(path), file.folder, file.stamp.clone())).collect();
        let part = |part: &[Stale]| -> Vec<(Arc<Path>, File)> {
            part.iter()
                .map(|(path, folder, stamp)| (Arc::clone(path), read(path, *folder, stamp.clone(), None)))
                .collect()
        };
        // No system has room for such a stack, so that no thread can be made.
        let read = read_on_threads(&stale, 3, &part, || std::thread::Builder::new().stack_size(1 << 60));
        assert_eq!(read.len(), 3);
        assert!(read.iter().all(|(_, file)| file.documents.len() == 1));
    }
}
