//! Files as answers show them (S1-164, S1-172).

use std::path::Path;

use cap_std::fs::{Dir, FileType, Metadata};
use serde::Serialize;
use utoipa::ToSchema;

use super::kind::FileKind;
use super::place::{FileError, Place, failed, is_reserved};

/// A file or folder of the workspace (S1-164).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[expect(clippy::struct_excessive_bools, reason = "the first seed's shape, of which clients know each")]
pub struct FileItem {
    /// Its name.
    pub name: String,
    /// Its whole path.
    pub path: String,
    /// It is a folder.
    pub is_dir: bool,
    /// Its size in bytes; 0 for a folder.
    pub size: u64,
    /// When it was last changed, in milliseconds since 1970.
    pub modified: i64,
    /// It is a text, by its name.
    pub is_text: bool,
    /// It is an image, by its name.
    pub is_image: bool,
    /// It is a recording, by its name.
    pub is_audio: bool,
    /// It is a film, by its name.
    pub is_video: bool,
}

/// A file or folder that was changed (S1-172).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct FileInfo {
    /// Its name.
    pub name: String,
    /// Its whole path.
    pub path: String,
    /// It is a folder.
    pub is_dir: bool,
    /// Its size in bytes; 0 for a folder.
    pub size: u64,
    /// When it was last changed, in milliseconds since 1970.
    pub modified: i64,
    /// Its media type, by its name; `inode/directory` for a folder.
    pub mime_type: String,
}

/// Something in a folder, before it is looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) name: String,
    pub(super) is_folder: bool,
    pub(super) is_link: bool,
}

/// What is in a folder, in no order; but for what is the service's own, and for names that are no UTF-8, by which
/// nothing could be asked for.
pub(super) fn entries(place: &Place, inside: &Path, folder: &Dir) -> Result<Vec<Found>, FileError> {
    let is_root = inside.as_os_str().is_empty();
    let mut found = Vec::new();
    for entry in folder.entries().map_err(failed("list", inside))? {
        // What goes while it is listed is not there.
        let Ok(entry) = entry else { continue };
        let name = entry.file_name();
        if is_root && is_reserved(&name) {
            continue;
        }
        let (Ok(name), Ok(kind)) = (name.into_string(), entry.file_type()) else { continue };
        let is_folder = is_folder(place, &inside.join(&name), kind);
        found.push(Found { name, is_folder, is_link: kind.is_symlink() });
    }
    Ok(found)
}

fn is_folder(place: &Place, inside: &Path, kind: FileType) -> bool {
    kind.is_dir() || (kind.is_symlink() && place.metadata(inside).is_ok_and(|facts| facts.is_dir()))
}

/// What is said of something in a folder; `None` where it is gone.
pub(super) fn item(place: &Place, inside: &Path, folder: &Dir, found: &Found) -> Option<FileItem> {
    let path = inside.join(&found.name);
    let followed = if found.is_link { place.metadata(&path).ok() } else { None };
    // Of a link that leads nowhere, or out, only itself is told.
    let facts = followed.map_or_else(|| folder.symlink_metadata(&found.name).ok(), Some)?;
    Some(of_file(place, &path, &facts))
}

/// What is said of a file.
pub(super) fn of_file(place: &Place, inside: &Path, facts: &Metadata) -> FileItem {
    let kind = FileKind::of(inside);
    let is_file = !facts.is_dir();
    FileItem {
        name: inside.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
        path: place.shown(inside),
        is_dir: facts.is_dir(),
        size: if is_file { facts.len() } else { 0 },
        modified: modified(facts),
        is_text: is_file && kind.is_text,
        is_image: is_file && kind.is_image(),
        is_audio: is_file && kind.is_audio(),
        is_video: is_file && kind.is_video(),
    }
}

/// What is said of a file that was changed.
pub(super) fn info(place: &Place, inside: &Path) -> Result<FileInfo, FileError> {
    let (folder, name) = place.parent(inside)?;
    let facts = folder.symlink_metadata(&name).map_err(failed("look at", inside))?;
    let mime = if facts.is_dir() { "inode/directory" } else { FileKind::of(inside).mime };
    Ok(FileInfo {
        path: place.shown(inside),
        is_dir: facts.is_dir(),
        size: if facts.is_dir() { 0 } else { facts.len() },
        modified: modified(&facts),
        mime_type: mime.to_owned(),
        name,
    })
}

/// Milliseconds since 1970, also before it.
fn modified(facts: &Metadata) -> i64 {
    use cap_std::fs::MetadataExt as _;
    facts.mtime().saturating_mul(1_000).saturating_add(facts.mtime_nsec() / 1_000_000)
}
