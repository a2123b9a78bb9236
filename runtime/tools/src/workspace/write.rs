//! `write_file`: a text file with its folders.

use std::io::Write as _;
use std::path::Path;

use serde_json::{Map, Value};
use troupe_core::tool::ToolResult;

use super::{Workspace, WorkspaceError, failed};
use crate::arguments::{self, ArgumentError};

pub(super) fn call(workspace: &Workspace, arguments: &Map<String, Value>) -> Result<ToolResult, WorkspaceError> {
    let path = workspace.relative("path", arguments::text(arguments, "path")?)?;
    let content = arguments::text(arguments, "content")?;
    if path.as_os_str().is_empty() {
        return Err(ArgumentError::wrong("path", "must name a file, not the workspace itself").into());
    }
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        workspace.folder.create_dir_all(parent).map_err(failed("make the folder", parent))?;
    }
    replace(workspace, &path, content).map_err(failed("write", &path))?;
    Ok(ToolResult::text(format!("Wrote {} bytes to {}", content.len(), path.display())))
}

/// A reader sees the old content or the new one, never a half: the file is written beside its place and then moved.
fn replace(workspace: &Workspace, path: &Path, content: &str) -> std::io::Result<()> {
    let folder = &workspace.folder;
    let before = folder.metadata(path).ok();
    if before.as_ref().is_some_and(cap_std::fs::Metadata::is_dir) {
        return Err(std::io::ErrorKind::IsADirectory.into());
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let short: String = name.chars().take(40).collect();
    let beside = path.with_file_name(format!(".{short}.{}.new", std::process::id()));
    let written = (|| {
        let mut file = folder.create(&beside)?;
        file.write_all(content.as_bytes())?;
        if let Some(before) = before {
            file.set_permissions(before.permissions())?;
        }
        folder.rename(&beside, folder, path)
    })();
    if written.is_err() {
        // Nothing of the attempt shall stay; that it may not even exist is no second error.
        let _ = folder.remove_file(&beside);
    }
    written
}
