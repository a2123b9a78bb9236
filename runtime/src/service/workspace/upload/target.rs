//! Where the file of an upload may go (S1-176): refused when the upload is begun, not when all of it was sent.

use std::path::Path;

use cap_std::fs::Dir;

use super::error::UploadError;
use crate::service::workspace::place::{FileError, LONGEST_NAME, Place, is_reserved};

/// The longest path that the system takes, in bytes: Linux's `PATH_MAX` without the zero byte that ends it.
const LONGEST_PATH: usize = 4_095;

/// The path of a file below a folder of the workspace.
pub(super) fn target_below(folder: &Path, target: &str) -> Result<String, UploadError> {
    let wrong = |problem: &str| Err(UploadError::Target(problem.to_owned()));
    if target.is_empty() || target.starts_with('/') {
        return wrong("name a file below the workspace, such as notes/today.txt");
    }
    if target.contains('\0') {
        return wrong("it holds a zero byte");
    }
    for part in target.split('/') {
        match part {
            "" | "." | ".." => return wrong("its parts are names, not empty, . or .."),
            part if part.len() > LONGEST_NAME => return wrong("a part of it is longer than 255 bytes"),
            _ => {}
        }
    }
    match folder.join(target).to_str() {
        Some(whole) if !is_reserved(whole.as_ref()) => Ok(whole.to_owned()),
        _ => wrong("names that begin with .troupe- are the service's"),
    }
}

/// Refuses a target to which no file could be moved when the upload is whole.
pub(super) fn check_target(place: &Place, inside: &Path) -> Result<(), UploadError> {
    let wrong = |problem: &str| Err(UploadError::Target(problem.to_owned()));
    if place.root().join(inside).as_os_str().len() > LONGEST_PATH {
        return wrong(&format!("its whole path is longer than {LONGEST_PATH} bytes; use shorter names"));
    }
    check_way(place, inside)?;
    let is_folder = |(folder, name): (Dir, String)| folder.symlink_metadata(name).is_ok_and(|facts| facts.is_dir());
    if place.parent(inside).is_ok_and(is_folder) {
        return wrong("it is a directory; name a file in it");
    }
    Ok(())
}

/// What is there of the way to a target must be folders of the workspace; the rest of it is made.
fn check_way(place: &Place, inside: &Path) -> Result<(), UploadError> {
    let mut way: Vec<&Path> = inside.ancestors().skip(1).filter(|folder| !folder.as_os_str().is_empty()).collect();
    way.reverse();
    for folder in way {
        match place.metadata(folder) {
            Ok(facts) if facts.is_dir() => {}
            Ok(_) => return Err(no_folder(folder, "a file")),
            Err(FileError::Missing(_)) => return check_no_link(place, folder),
            Err(error) => return Err(UploadError::of_target(error)),
        }
    }
    Ok(())
}

/// Where nothing is found there may be a link that leads to nothing, in whose place no folder can be made.
fn check_no_link(place: &Place, folder: &Path) -> Result<(), UploadError> {
    if place.folder.symlink_metadata(folder).is_err() {
        return Ok(());
    }
    Err(no_folder(folder, "a link to what is not there"))
}

fn no_folder(path: &Path, what: &str) -> UploadError {
    UploadError::Target(format!("{:?} is {what}; name a folder", path.display().to_string()))
}
