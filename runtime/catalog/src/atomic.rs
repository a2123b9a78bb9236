//! Replaces a file so that every reader finds the old text or the new one, after a power loss too.

use std::fs::{self, File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// The mode of a new manifest: what an editor would give it under the usual umask.
const MANIFEST: u32 = 0o644;

/// Writes `content` beside `path` and renames it over it. Without a `mode` the old file's is kept.
pub(crate) fn replace(path: &Path, content: &[u8], mode: Option<u32>) -> io::Result<()> {
    prepare(path, content, mode)?.commit()
}

/// A new content that waits for its rename.
pub(crate) struct Prepared {
    temporary: tempfile::NamedTempFile,
    target: PathBuf,
}

/// Writes `content` beside `path` durably, without touching `path` yet.
pub(crate) fn prepare(path: &Path, content: &[u8], mode: Option<u32>) -> io::Result<Prepared> {
    // A link stays one: what it points to is replaced.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let folder = target.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    // The walk through the folders passes hidden files by.
    let mut temporary = tempfile::Builder::new().prefix(".troupe-").tempfile_in(folder)?;
    temporary.write_all(content)?;
    let kept = || fs::metadata(&target).map_or(MANIFEST, |metadata| metadata.permissions().mode() & 0o7777);
    temporary.as_file().set_permissions(Permissions::from_mode(mode.unwrap_or_else(kept)))?;
    temporary.as_file().sync_all()?;
    Ok(Prepared { temporary, target })
}

impl Prepared {
    /// Puts the new content in place.
    pub(crate) fn commit(self) -> io::Result<()> {
        self.temporary.persist(&self.target).map_err(|error| error.error)?;
        sync_folder(&self.target)
    }
}

/// Removes a file durably.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    fs::remove_file(path)?;
    sync_folder(path)
}

fn sync_folder(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => File::open(folder)?.sync_all(),
        _ => Ok(()),
    }
}
