//! What is in a folder: pages of it, and the folders below it (S1-165 to S1-167).

use std::path::Path;

use serde::Serialize;
use utoipa::ToSchema;

use super::item::{FileItem, Found, entries, item};
use super::place::{FileError, Place};

/// A page of a folder (S1-165).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct FileList {
    /// Folders first, then by name.
    pub files: Vec<FileItem>,
    /// There are more pages.
    pub has_more: bool,
    /// How many there are in all.
    pub total: usize,
}

/// A folder in a tree (S1-167).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Folder {
    /// Its name.
    pub name: String,
    /// Its whole path.
    pub path: String,
}

/// A folder below the root of a tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Branch {
    /// Its name.
    pub name: String,
    /// Its whole path.
    pub path: String,
    /// False.
    pub is_root: bool,
}

/// A folder with those directly below it (S1-166).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Tree {
    /// Its name.
    pub name: String,
    /// Its whole path.
    pub path: String,
    /// True.
    pub is_root: bool,
    /// The folders directly below it, by name.
    pub children: Vec<Branch>,
}

/// A page of a folder; `page` counts from 1.
pub(super) fn list(place: &Place, inside: &Path, page: usize, page_size: usize) -> Result<FileList, FileError> {
    // S1 answers the same to what is not there as to what is a file.
    let folder = place.open_folder(inside).map_err(|error| match error {
        FileError::Missing(path) => FileError::NoFolder(path),
        error => error,
    })?;
    let mut found = entries(place, inside, &folder)?;
    found.sort_by_cached_key(|found| (!found.is_folder, found.name.to_lowercase(), found.name.clone()));
    let total = found.len();
    let start = page.saturating_sub(1).saturating_mul(page_size);
    let shown = found.iter().skip(start).take(page_size);
    let files = shown.filter_map(|found| item(place, inside, &folder, found)).collect();
    Ok(FileList { files, has_more: start.saturating_add(page_size) < total, total })
}

/// The folders directly below one that are not hidden, by name.
pub(super) fn children(place: &Place, inside: &Path) -> Result<Vec<Folder>, FileError> {
    let folder = place.open_folder(inside)?;
    let mut found = entries(place, inside, &folder)?;
    found.retain(|found| found.is_folder && !found.name.starts_with('.'));
    found.sort_by_cached_key(|found| (found.name.to_lowercase(), found.name.clone()));
    let shown = |Found { name, .. }: Found| Folder { path: place.shown(&inside.join(&name)), name };
    Ok(found.into_iter().map(shown).collect())
}

/// A folder as the root of a tree.
pub(super) fn tree(place: &Place, inside: &Path) -> Result<Vec<Tree>, FileError> {
    let branches = children(place, inside)?.into_iter();
    let children = branches.map(|Folder { name, path }| Branch { name, path, is_root: false }).collect();
    Ok(vec![Tree { name: name(place, inside), path: place.shown(inside), is_root: true, children }])
}

/// The workspace itself, where a tree begins.
pub(super) fn root(place: &Place) -> Folder {
    Folder { name: name(place, Path::new("")), path: place.shown(Path::new("")) }
}

fn name(place: &Place, inside: &Path) -> String {
    let path = place.root().join(inside);
    path.file_name().map_or_else(|| "/".to_owned(), |name| name.to_string_lossy().into_owned())
}
