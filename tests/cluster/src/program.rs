//! Where the cluster's programs are: where `KUBEBUILDER_ASSETS` says, or where `install.sh` has built them or builds them now.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, ensure};

/// What the control plane is made of.
const CONTROL_PLANE: [&str; 4] = ["etcd", "kube-apiserver", "kube-controller-manager", "kubectl"];

/// The folder of the control plane's programs; `None`, with a line that says so, where they are not there and cannot be built.
///
/// # Errors
/// Where that is no excuse: on a build server (`CI=true`), or when `KUBEBUILDER_ASSETS` names a folder that lacks one of them (the
/// usual archive has no controller manager, without which nothing is garbage collected).
pub fn control_plane() -> anyhow::Result<Option<PathBuf>> {
    let Some(named) = std::env::var_os("KUBEBUILDER_ASSETS") else { return installed("control-plane") };
    let folder = PathBuf::from(named);
    for program in CONTROL_PLANE {
        ensure!(
            folder.join(program).is_file(),
            "KUBEBUILDER_ASSETS is {}, where {program} is missing",
            folder.display()
        );
    }
    Ok(Some(folder))
}

/// The folder of helm, kubeconform and kube-score; `None`, with a line that says so, where they cannot be built.
///
/// # Errors
/// Where that is no excuse: on a build server (`CI=true`).
pub fn chart() -> anyhow::Result<Option<PathBuf>> {
    installed("chart")
}

/// The folder of a node's programs; `None`, with a line that says so, where they cannot be built, or where we are not root.
///
/// # Errors
/// Where that is no excuse: on a build server (`CI=true`).
pub fn node() -> anyhow::Result<Option<PathBuf>> {
    if !rustix::process::geteuid().is_root() {
        return missing("a node can only be started by root");
    }
    installed("node")
}

/// The folder of a set of `install.sh`.
fn installed(set: &str) -> anyhow::Result<Option<PathBuf>> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("install.sh");
    let output = Command::new(&script)
        .arg(set)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("{} cannot be started", script.display()))?;
    if output.status.success() {
        return Ok(Some(PathBuf::from(String::from_utf8(output.stdout)?.trim())));
    }
    missing(&format!("{set} is not there and cannot be built ({}): see tests/cluster/README.md", output.status))
}

#[expect(clippy::print_stderr, reason = "a skipped test says why")]
fn missing(why: &str) -> anyhow::Result<Option<PathBuf>> {
    ensure!(std::env::var("CI").as_deref() != Ok("true"), "{why}");
    eprintln!("SKIPPED: {why}");
    Ok(None)
}
