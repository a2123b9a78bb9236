//! `install DIR`: copies this very program, so that an init container without any other program can hand it on.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::Context;

/// The name of the copy.
const NAME: &str = "troupe-mcp-bridge";

/// Copies to a temporary name first: a container that restarts must never find half a program, nor fail because the old
/// one is running ("text file busy").
pub(crate) fn install(directory: &Path) -> anyhow::Result<()> {
    let source = std::env::current_exe().context("find this program")?;
    let (target, part) = (directory.join(NAME), directory.join(format!(".{NAME}.part")));
    fs::copy(&source, &part).with_context(|| format!("copy {} to {}", source.display(), part.display()))?;
    // Any user of the other image must be able to run it.
    fs::set_permissions(&part, fs::Permissions::from_mode(0o755))
        .with_context(|| format!("make {} executable", part.display()))?;
    fs::rename(&part, &target).with_context(|| format!("rename {} to {}", part.display(), target.display()))?;
    tracing::info!(bridge.path = %target.display(), "installed");
    Ok(())
}
