//! Where the program under test is: `TROUPE_BIN`, else beside this test's own, built if it is not there.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use anyhow::{Context as _, ensure};

/// The path of `troupe`. It is looked for, and built, once in a process.
pub fn troupe() -> anyhow::Result<PathBuf> {
    static FOUND: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let found = FOUND.get_or_init(|| find().map_err(|error| format!("{error:#}")));
    found.clone().map_err(anyhow::Error::msg)
}

fn find() -> anyhow::Result<PathBuf> {
    if let Some(named) = std::env::var_os("TROUPE_BIN") {
        let named = PathBuf::from(named);
        ensure!(named.is_file(), "TROUPE_BIN is {}, which is no file", named.display());
        return Ok(named);
    }
    // target/PROFILE/deps/THIS
    let this = std::env::current_exe().context("where this test is")?;
    let profile = this.parent().and_then(Path::parent).context("this test is not in a target folder")?;
    let binary = profile.join("troupe");
    if !binary.is_file() {
        build(profile)?;
    }
    ensure!(binary.is_file(), "{} is not there; build it, or name it in TROUPE_BIN", binary.display());
    Ok(binary)
}

fn build(profile: &Path) -> anyhow::Result<()> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let folder = profile.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    // The folder of the profile `dev` has another name, for history's sake.
    let name = if folder == "debug" { "dev" } else { folder };
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    let status = Command::new(cargo)
        .args(["build", "--package", "troupe-runtime", "--bin", "troupe", "--profile", name])
        .current_dir(manifest)
        .status()
        .context("cargo cannot be started")?;
    ensure!(status.success(), "troupe cannot be built: {status}");
    Ok(())
}
