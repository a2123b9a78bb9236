//! An open workspace: every path of a request is opened through the handle of its folder (cap-std), step by step, so that
//! neither `..` nor a link, not even one that appears meanwhile, leads out of it.

use std::ffi::OsString;
use std::io;
use std::path::{Component, Path, PathBuf};

use cap_std::ambient_authority;
use cap_std::fs::{Dir, File, Metadata, OpenOptions, OpenOptionsExt};
use rustix::fs::OFlags;
use rustix::io::Errno;

/// What begins the names of folders in a workspace that are the service's own: uploads, skills.
const RESERVED: &str = ".troupe-";

/// The longest name of a file, in bytes, as file systems have it.
pub(super) const LONGEST_NAME: usize = 255;

/// The most links on the way to a file, as Linux has it; who follows more goes in a circle.
const MOST_LINKS: usize = 40;

/// Why a file cannot be used as it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The service has no workspace.
    #[error("there is no workspace; start the service with --workspace")]
    NoWorkspace,
    /// The path leads out, or is written so that it could.
    #[error("{0:?} is outside the workspace; use a path inside it, without ..")]
    Outside(String),
    /// Its links lead nowhere else.
    #[error("{0:?} is a link that leads in a circle; delete it, or make it lead to a file")]
    Circle(String),
    /// Nothing is there.
    #[error("{0:?} is not in the workspace; GET /v1/workspace/list shows what is")]
    Missing(String),
    /// It is a file, or nothing.
    #[error("{0:?} is not a directory")]
    NoFolder(String),
    /// It is a folder, or no regular file.
    #[error("{0:?} is not a file")]
    NoFile(String),
    /// It is large, and no small picture of it can be made.
    #[error("no small picture can be made of {0:?}; GET /v1/workspace/content gives the file itself")]
    NoPicture(String),
    /// It is a pipe, a socket or a device.
    #[error("{0:?} is a pipe, a socket or a device, which cannot be copied; delete it or move it elsewhere first")]
    Special(String),
    /// It is the workspace itself.
    #[error("the workspace itself cannot be {0}; name something in it")]
    Root(&'static str),
    /// A name that no file can have.
    #[error("Invalid value for field {field}: {problem}")]
    Name {
        /// The field of the request.
        field: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// Something of that name is there.
    #[error("{0:?} is there already; choose another name")]
    Exists(String),
    /// It belongs to somebody else, or the disk is read-only.
    #[error("{0:?} may not be accessed")]
    Denied(String),
    /// The disk is full.
    #[error("there is not enough space left in the workspace; delete something first")]
    Full,
    /// The file system failed.
    #[error("cannot {action} {path:?}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// The path.
        path: String,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The thread that worked on it ended.
    #[error("the work on a file was ended")]
    Ended,
}

/// The error of something that was tried with a path.
pub(super) fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> FileError {
    let path = path.display().to_string();
    move |source| match source.kind() {
        io::ErrorKind::NotFound => FileError::Missing(path),
        io::ErrorKind::NotADirectory => FileError::NoFolder(path),
        io::ErrorKind::IsADirectory => FileError::NoFile(path),
        io::ErrorKind::AlreadyExists => FileError::Exists(path),
        _ if leads_out(&source) => FileError::Outside(path),
        _ if source.raw_os_error() == Some(Errno::LOOP.raw_os_error()) => FileError::Circle(path),
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => FileError::Denied(path),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => FileError::Full,
        io::ErrorKind::InvalidFilename => {
            FileError::Name { field: "path", problem: "a part of it is longer than a name can be".to_owned() }
        }
        _ => FileError::Io { action, path, source },
    }
}

/// What cap-std answers itself is that the path leads out; the system's own refusals have a number.
fn leads_out(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::PermissionDenied && error.raw_os_error().is_none()
}

/// An open workspace.
#[derive(Debug)]
pub struct Place {
    root: PathBuf,
    pub(super) folder: Dir,
}

impl Place {
    /// Opens a folder, whose path has no links.
    pub fn open(root: &Path) -> Result<Self, FileError> {
        let folder = Dir::open_ambient_dir(root, ambient_authority()).map_err(failed("open", root))?;
        Ok(Self { root: root.to_owned(), folder })
    }

    /// A path of a request as one below the folder; empty for the folder itself. An absolute one that lies in it counts.
    pub fn inside(&self, path: &str) -> Result<PathBuf, FileError> {
        let given = Path::new(path);
        let outside = || FileError::Outside(path.to_owned());
        let below = if given.is_absolute() { given.strip_prefix(&self.root).map_err(|_| outside())? } else { given };
        let mut clean = PathBuf::new();
        for component in below.components() {
            match component {
                Component::Normal(part) => clean.push(part),
                Component::CurDir => {}
                // What `..` means depends on links; nobody who means a file in the workspace needs it.
                Component::ParentDir | Component::RootDir | Component::Prefix(_) => return Err(outside()),
            }
        }
        if path.contains('\0') {
            return Err(FileError::Name { field: "path", problem: "it holds a zero byte".to_owned() });
        }
        if clean.components().next().is_some_and(|first| is_reserved(first.as_os_str())) {
            return Err(FileError::Missing(path.to_owned()));
        }
        Ok(clean)
    }

    /// The same where the folder itself is not meant.
    pub fn inside_it(&self, path: &str, action: &'static str) -> Result<PathBuf, FileError> {
        let inside = self.inside(path)?;
        if inside.as_os_str().is_empty() { Err(FileError::Root(action)) } else { Ok(inside) }
    }

    /// A path below the folder as answers show it.
    pub fn shown(&self, inside: &Path) -> String {
        // Joining nothing would add a slash.
        let whole = if inside.as_os_str().is_empty() { self.root.clone() } else { self.root.join(inside) };
        whole.display().to_string()
    }

    /// The folder's path.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Does something with what is at a path. The handle refuses a link whose target is a whole path: where that lies in
    /// the folder, it is done with the path that the link leads to, through the handle all the same.
    fn follow<T>(
        &self,
        (action, inside): (&'static str, &Path),
        work: impl Fn(&Path) -> io::Result<T>,
    ) -> Result<T, FileError> {
        let done = match work(inside) {
            Err(error) if leads_out(&error) => work(&self.without_links(inside)?),
            done => done,
        };
        done.map_err(failed(action, inside))
    }

    /// The path without links to the same place, as its links are at this moment.
    fn without_links(&self, inside: &Path) -> Result<PathBuf, FileError> {
        let shown = || inside.display().to_string();
        let (mut way, mut rest, mut links) = (PathBuf::from("."), parts(inside), 0);
        while let Some(part) = rest.pop() {
            match self.folder.read_link_contents(way.join(&part)) {
                Ok(_) if links == MOST_LINKS => return Err(FileError::Circle(shown())),
                Ok(target) => {
                    links += 1;
                    let below = target.strip_prefix(&self.root);
                    if below.is_ok() {
                        way = PathBuf::from(".");
                    } else if target.is_absolute() {
                        return Err(FileError::Outside(shown()));
                    }
                    rest.extend(parts(below.unwrap_or(&target)));
                }
                Err(_) if part != ".." => way.push(part),
                Err(_) if way.pop() && !way.as_os_str().is_empty() => {}
                Err(_) => return Err(FileError::Outside(shown())),
            }
        }
        Ok(way)
    }

    /// What is known of what is at a path, and of a link what is known of what it leads to.
    pub(super) fn metadata(&self, inside: &Path) -> Result<Metadata, FileError> {
        self.follow(("look at", inside), |inside| self.folder.metadata(inside))
    }

    /// Opens a folder below it.
    pub(super) fn open_folder(&self, inside: &Path) -> Result<Dir, FileError> {
        if inside.as_os_str().is_empty() {
            return self.folder.try_clone().map_err(failed("open", inside));
        }
        self.follow(("open", inside), |inside| self.folder.open_dir(inside))
    }

    /// Makes the folders above something that are not there.
    pub(super) fn make_parents(&self, inside: &Path) -> Result<(), FileError> {
        let Some(parent) = inside.parent().filter(|parent| !parent.as_os_str().is_empty()) else { return Ok(()) };
        if self.metadata(parent).is_ok_and(|facts| facts.is_dir()) {
            return Ok(());
        }
        let made = self.follow(("make the folder", parent), |parent| self.folder.create_dir_all(parent));
        made.map_err(|error| match error {
            // A part of the path is there, and no folder.
            FileError::Exists(path) => FileError::NoFolder(path),
            error => error,
        })
    }

    /// Opens the folder that holds something, and gives its name there.
    pub(super) fn parent(&self, inside: &Path) -> Result<(Dir, String), FileError> {
        let name = inside.file_name().and_then(|name| name.to_str());
        let name = name.ok_or_else(|| FileError::Outside(inside.display().to_string()))?.to_owned();
        Ok((self.open_folder(inside.parent().unwrap_or(Path::new("")))?, name))
    }

    /// Opens a regular file for reading.
    pub(crate) fn open_file(&self, inside: &Path) -> Result<File, FileError> {
        if inside.as_os_str().is_empty() {
            return Err(FileError::NoFile(".".to_owned()));
        }
        let file = self.follow(("read", inside), |inside| self.folder.open_with(inside, &for_reading()))?;
        let facts = file.metadata().map_err(failed("read", inside))?;
        if facts.is_file() { Ok(file) } else { Err(FileError::NoFile(inside.display().to_string())) }
    }
}

/// The steps of a path, the last first.
fn parts(path: &Path) -> Vec<OsString> {
    let steps = path.components().filter(|step| matches!(step, Component::Normal(_) | Component::ParentDir));
    steps.rev().map(|step| step.as_os_str().to_owned()).collect()
}

/// A pipe or a device would block or never end; opening such a thing without waiting is all that is done with it.
pub(super) fn for_reading() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).custom_flags(OFlags::NONBLOCK.bits().cast_signed());
    options
}

/// Whether a name in the workspace's folder is the service's own.
pub(super) fn is_reserved(name: &std::ffi::OsStr) -> bool {
    name.as_encoded_bytes().starts_with(RESERVED.as_bytes())
}

/// Refuses what is no name of a file in a folder.
pub(super) fn check_name(field: &'static str, name: &str) -> Result<(), FileError> {
    let wrong = |problem: &str| Err(FileError::Name { field, problem: problem.to_owned() });
    if name.trim().is_empty() || name == "." || name == ".." {
        return wrong("it is no name of a file");
    }
    if name.contains(['/', '\\', ':', '\0']) {
        return wrong("a name has no / \\ : or zero byte");
    }
    if name.len() > LONGEST_NAME {
        return wrong("it is longer than 255 bytes");
    }
    Ok(())
}
