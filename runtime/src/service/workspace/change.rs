//! Files that are renamed, duplicated, deleted, and folders that are made (S1-172 to S1-175).
//!
//! Each works on the handle of the folder that holds the file, by its bare name: what is swapped for a link meanwhile is
//! changed itself, and never what the link leads to.

use std::ffi::OsStr;
use std::io;
use std::path::Path;

use cap_std::fs::{Dir, OpenOptions, OpenOptionsExt as _, PermissionsExt as _};
use rustix::fs::{OFlags, RenameFlags, renameat_with};
use uuid::Uuid;

use super::item::{FileInfo, info};
use super::place::{FileError, LONGEST_NAME, Place, check_name, failed, is_reserved};

/// The most numbers that a copy's name is tried with.
const MOST_COPIES: usize = 10_000;

/// The deepest folders that are copied.
const DEEPEST: usize = 200;

/// Gives a file another name in the same folder; what is there already is not overwritten.
pub(super) fn rename(place: &Place, inside: &Path, new: &str) -> Result<FileInfo, FileError> {
    check_name("new_name", new)?;
    let (folder, name) = place.parent(inside)?;
    folder.symlink_metadata(&name).map_err(failed("rename", inside))?;
    let target = inside.with_file_name(new);
    check_target(&target)?;
    move_without_overwriting(&folder, &name, &folder, new).map_err(failed("rename", &target))?;
    info(place, &target)
}

/// Copies a file or a folder beside itself, as `name (1).ext` or the next number that is free: all of it, or nothing.
pub(super) fn duplicate(place: &Place, inside: &Path) -> Result<FileInfo, FileError> {
    let (folder, name) = place.parent(inside)?;
    let is_folder = folder.symlink_metadata(&name).map_err(failed("duplicate", inside))?.is_dir();
    // Made under a name that nobody sees, so that no half a copy is ever there.
    let draft = format!(".troupe-copy-{}", Uuid::now_v7());
    let copied = copy((&folder, name.as_ref()), (&folder, draft.as_ref()), inside, 0);
    let placed = copied.and_then(|()| {
        let target = free_name(&folder, &name, is_folder, &draft, inside)?;
        info(place, &inside.with_file_name(target))
    });
    if placed.is_err() {
        // What is left of the draft, if anything.
        drop(remove(&folder, &draft));
    }
    placed
}

/// Deletes a file, or a folder with everything in it. Of a link only itself goes.
pub(super) fn delete(place: &Place, inside: &Path) -> Result<String, FileError> {
    let (folder, name) = place.parent(inside)?;
    remove(&folder, &name).map_err(failed("delete", inside))?;
    Ok(place.shown(inside))
}

/// Makes a folder, with those above it that are not there.
pub(super) fn make_folder(place: &Place, inside: &Path) -> Result<FileInfo, FileError> {
    place.make_parents(inside)?;
    let (folder, name) = place.parent(inside)?;
    check_target(inside)?;
    folder.create_dir(&name).map_err(failed("make the folder", inside))?;
    info(place, inside)
}

/// In the workspace's own folder some names are the service's.
fn check_target(inside: &Path) -> Result<(), FileError> {
    let is_own = inside.components().count() == 1 && is_reserved(inside.as_os_str());
    if !is_own {
        return Ok(());
    }
    let problem = "names that begin with .troupe- are the service's here".to_owned();
    Err(FileError::Name { field: "new_name", problem })
}

/// Renames by bare names between two open folders; fails where the target is there.
pub(super) fn move_without_overwriting(from: &Dir, old: &str, to: &Dir, new: &str) -> io::Result<()> {
    Ok(renameat_with(from, old, to, new, RenameFlags::NOREPLACE)?)
}

fn remove(folder: &Dir, name: &str) -> io::Result<()> {
    if folder.symlink_metadata(name)?.is_dir() { folder.remove_dir_all(name) } else { folder.remove_file(name) }
}

/// Moves a draft to the first name that is free; another one may take a name first.
fn free_name(folder: &Dir, name: &str, is_folder: bool, draft: &str, inside: &Path) -> Result<String, FileError> {
    for number in 1..=MOST_COPIES {
        let candidate = numbered(name, number, is_folder);
        if candidate.len() > LONGEST_NAME {
            let problem = format!("the name of a copy would be longer than {LONGEST_NAME} bytes; rename it first");
            return Err(FileError::Name { field: "path", problem });
        }
        match move_without_overwriting(folder, draft, folder, &candidate) {
            Ok(()) => return Ok(candidate),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(failed("duplicate", inside)(error)),
        }
    }
    Err(FileError::Exists(name.to_owned()))
}

/// `a (1).txt` of `a.txt`; a folder, and a name that begins with its only dot, has no ending.
fn numbered(name: &str, number: usize, is_folder: bool) -> String {
    match name.rsplit_once('.').filter(|(stem, _)| !stem.is_empty() && !is_folder) {
        Some((stem, ending)) => format!("{stem} ({number}).{ending}"),
        None => format!("{name} ({number})"),
    }
}

/// Copies by bare names, of any bytes, between two open folders; `inside` is the path that errors name. A link is copied
/// as a link.
fn copy(from: (&Dir, &OsStr), to: (&Dir, &OsStr), inside: &Path, depth: usize) -> Result<(), FileError> {
    let facts = from.0.symlink_metadata(from.1).map_err(failed("duplicate", inside))?;
    if facts.is_dir() {
        return copy_folder(from, to, inside, depth);
    }
    let copied = if facts.is_symlink() {
        from.0.read_link_contents(from.1).and_then(|target| to.0.symlink_contents(target, to.1))
    } else if facts.is_file() {
        copy_file(from, to)
    } else {
        return Err(FileError::Special(inside.display().to_string()));
    };
    copied.map_err(failed("duplicate", inside))
}

fn copy_folder(from: (&Dir, &OsStr), to: (&Dir, &OsStr), inside: &Path, depth: usize) -> Result<(), FileError> {
    if depth == DEEPEST {
        let problem = format!("its folders are more than {DEEPEST} deep; duplicate a part of it");
        return Err(FileError::Name { field: "path", problem });
    }
    let opened = to.0.create_dir(to.1).and_then(|()| Ok((from.0.open_dir(from.1)?, to.0.open_dir(to.1)?)));
    let (from, to) = opened.map_err(failed("duplicate", inside))?;
    for entry in from.entries().map_err(failed("duplicate", inside))? {
        let name = entry.map_err(failed("duplicate", inside))?.file_name();
        copy((&from, &name), (&to, &name), &inside.join(&name), depth + 1)?;
    }
    Ok(())
}

fn copy_file((from, name): (&Dir, &OsStr), (to, new): (&Dir, &OsStr)) -> io::Result<()> {
    let mut options = super::place::for_reading();
    options.custom_flags((OFlags::NONBLOCK | OFlags::NOFOLLOW).bits().cast_signed());
    let source = from.open_with(name, &options)?;
    let facts = source.metadata()?;
    // It was swapped for something else since it was looked at.
    if !facts.is_file() {
        return Err(io::Error::new(io::ErrorKind::NotFound, "it changed meanwhile"));
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(facts.permissions().mode() & 0o777);
    let target = to.open_with(new, &options)?;
    // On Linux this leaves the copying to the kernel.
    io::copy(&mut &source.into_std(), &mut &target.into_std()).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_are_numbered_before_the_ending() {
        assert_eq!(numbered("a.txt", 1, false), "a (1).txt");
        assert_eq!(numbered("a.tar.gz", 2, false), "a.tar (2).gz");
        assert_eq!(numbered("plain", 1, false), "plain (1)");
        assert_eq!(numbered(".env", 1, false), ".env (1)");
        assert_eq!(numbered("v1.2", 1, true), "v1.2 (1)");
    }
}
