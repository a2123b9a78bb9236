//! Uploads on disk: a folder for each in the workspace's `.troupe-uploads`, with its plan, the file as far as it came,
//! and a mark for every piece that is there whole. So they outlive the service, and another replica goes on with them.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use cap_std::fs::{Dir, MetadataExt as _, OpenOptions};
use rustix::fs::{FallocateFlags, fallocate};

use super::error::UploadError;
use super::plan::{Plan, UploadState};
use crate::service::workspace::place::{FileError, Place, failed};

/// The folder of uploads, which no list shows.
const SHELF: &str = ".troupe-uploads";

/// The file in an upload's folder that says what it is.
const PLAN: &str = "plan.json";

/// The file in an upload's folder that becomes the file.
const DATA: &str = "data";

/// How long an upload is kept to which nothing comes, and one that is over.
const ABANDONED: Duration = Duration::from_hours(24);
const OVER: Duration = Duration::from_hours(1);

/// The uploads of a workspace.
pub(super) struct Shelf {
    folder: Dir,
}

impl Shelf {
    /// Opens it; with `make` it is made where it is not there.
    pub(super) fn open(place: &Place, make: bool) -> Result<Option<Self>, FileError> {
        let shelf = Path::new(SHELF);
        if make {
            match place.folder.create_dir(shelf) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                    return Err(failed("make the folder of uploads", shelf)(error));
                }
                _ => {}
            }
        }
        match place.folder.open_dir(shelf) {
            Ok(folder) => Ok(Some(Self { folder })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed("open the folder of uploads", shelf)(error)),
        }
    }

    /// Begins an upload, with the whole space that its file takes.
    pub(super) fn begin(&self, plan: &Plan) -> Result<(), FileError> {
        let name = Path::new(&plan.id);
        let done = (|| {
            self.folder.create_dir(name)?;
            let own = self.folder.open_dir(name)?;
            let mut options = OpenOptions::new();
            let data = own.open_with(DATA, options.write(true).create_new(true))?;
            reserve(&data, plan.file_size)?;
            write_plan(&own, plan)
        })();
        if done.is_err() {
            drop(self.folder.remove_dir_all(name));
        }
        done.map_err(failed("begin the upload", name))
    }

    /// The upload of an id; `None` where there is none.
    pub(super) fn find(&self, id: &str) -> Option<Upload> {
        // An id is one part of a path; what else was asked for is nobody's.
        let is_plain = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        let folder = is_plain.then(|| self.folder.open_dir(id).ok()).flatten()?;
        let plan: Plan = serde_json::from_slice(&folder.read(PLAN).ok()?).ok()?;
        let mut upload = Upload { folder, plan };
        // The file was moved to its place, and the service ended before it said so.
        if upload.plan.state == UploadState::Uploading && upload.is_whole() && !upload.folder.exists(DATA) {
            upload.plan.state = UploadState::Completed;
        }
        Some(upload)
    }

    /// Every upload, the oldest first, as ids are sorted by time.
    pub(super) fn all(&self) -> Vec<Upload> {
        let names = self.folder.entries().into_iter().flatten().flatten();
        let mut ids: Vec<String> = names.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        ids.sort();
        ids.iter().filter_map(|id| self.find(id)).collect()
    }

    /// Removes what was abandoned, and what is over long enough; says how many went. `now` is in seconds since 1970.
    pub(super) fn sweep(&self, now: i64) -> usize {
        let names = self.folder.entries().into_iter().flatten().flatten();
        let ids: Vec<String> = names.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        let old = ids.iter().filter(|id| self.is_old(id, now));
        old.filter(|id| self.folder.remove_dir_all(id).is_ok()).count()
    }

    fn is_old(&self, id: &str, now: i64) -> bool {
        let Ok(folder) = self.folder.open_dir(id) else { return false };
        let files = [folder.dir_metadata(), folder.metadata(DATA), folder.metadata(PLAN)];
        let touched = files.into_iter().flatten().map(|facts| facts.mtime()).max().unwrap_or(now);
        let is_open = self.find(id).is_some_and(|upload| upload.plan.state == UploadState::Uploading);
        let kept = if is_open { ABANDONED } else { OVER };
        now.saturating_sub(touched) > i64::try_from(kept.as_secs()).unwrap_or(i64::MAX)
    }
}

/// One upload.
pub(super) struct Upload {
    folder: Dir,
    pub(super) plan: Plan,
}

impl Upload {
    /// The file that pieces are written to.
    pub(super) fn data(&self) -> Result<std::fs::File, FileError> {
        let mut options = OpenOptions::new();
        let file = self.folder.open_with(DATA, options.write(true)).map_err(failed("write", Path::new(DATA)))?;
        Ok(file.into_std())
    }

    /// Whether a piece is there whole.
    pub(super) fn has(&self, chunk: usize) -> bool {
        self.folder.exists(mark(chunk))
    }

    /// Whether every piece is.
    pub(super) fn is_whole(&self) -> bool {
        (0..self.plan.chunks.len()).all(|chunk| self.has(chunk))
    }

    /// Says that a piece is written anew, so that it is not there whole.
    pub(super) fn unmark(&self, chunk: usize) -> Result<(), FileError> {
        match self.folder.remove_file(mark(chunk)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed("write", Path::new(DATA))(error)),
            _ => Ok(()),
        }
    }

    /// Says that a piece is there whole: it is on the disk before it is said.
    pub(super) fn mark(&self, chunk: usize, data: &std::fs::File) -> Result<(), FileError> {
        let done = data.sync_data().and_then(|()| self.folder.create(mark(chunk)).map(drop));
        done.map_err(failed("write", Path::new(DATA)))
    }

    /// Moves the file to its place, in the way that nobody ever sees half of it; what was there goes.
    pub(super) fn place(&mut self, target: &Place, inside: &Path) -> Result<(), UploadError> {
        let data = self.data()?;
        data.sync_all().map_err(failed("write", inside))?;
        target.make_parents(inside).map_err(UploadError::of_target)?;
        let (folder, name) = target.parent(inside).map_err(UploadError::of_target)?;
        let moved = self.folder.rename(DATA, &folder, &name).or_else(|error| {
            // The folder is another disk's: the file goes there first.
            if error.kind() == io::ErrorKind::CrossesDevices { self.carry(&folder, &name) } else { Err(error) }
        });
        moved.map_err(|error| UploadError::of_target(failed("complete", inside)(error)))?;
        // After a loss of power the file is at one of the two places; this asks for the new one.
        drop(folder.into_std_file().sync_all());
        Ok(self.end(UploadState::Completed)?)
    }

    fn carry(&self, folder: &Dir, name: &str) -> io::Result<()> {
        let draft = format!(".troupe-upload-{}", self.plan.id);
        let carried = (|| {
            let mut source = self.folder.open(DATA)?.into_std();
            let mut options = OpenOptions::new();
            let mut copy = folder.open_with(&draft, options.write(true).create_new(true))?.into_std();
            io::copy(&mut source, &mut copy)?;
            copy.sync_all()?;
            folder.rename(&draft, folder, name)
        })();
        match carried {
            Ok(()) => self.folder.remove_file(DATA),
            Err(error) => {
                drop(folder.remove_file(&draft));
                Err(error)
            }
        }
    }

    /// Says what became of it; what it took on the disk is free.
    pub(super) fn end(&mut self, state: UploadState) -> Result<(), FileError> {
        self.plan.state = state;
        write_plan(&self.folder, &self.plan).map_err(failed("end the upload", Path::new(&self.plan.id)))?;
        drop(self.folder.remove_file(DATA));
        Ok(())
    }
}

fn mark(chunk: usize) -> PathBuf {
    PathBuf::from(format!("{chunk}.done"))
}

/// Takes the whole space at once, so that a full disk is told before anything is sent. Not every file system can.
fn reserve(file: &cap_std::fs::File, size: u64) -> io::Result<()> {
    if size == 0 {
        return Ok(());
    }
    match fallocate(file, FallocateFlags::empty(), 0, size) {
        Ok(()) => Ok(()),
        Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOSYS) => file.set_len(size),
        Err(error) => Err(error.into()),
    }
}

/// Replaces the plan in one step.
fn write_plan(folder: &Dir, plan: &Plan) -> io::Result<()> {
    const DRAFT: &str = "plan.new";
    let mut file = folder.create(DRAFT)?;
    file.write_all(&serde_json::to_vec(plan)?)?;
    file.sync_all()?;
    folder.rename(DRAFT, folder, PLAN)
}
