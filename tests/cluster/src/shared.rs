//! One cluster per test program: a suite starts it once, and each test has a namespace.

use std::path::PathBuf;

use tokio::sync::OnceCell;

use crate::{ControlPlane, Node, program};

/// The control plane of this process: the cluster of `KUBECONFIG` if that is set, else one of its own, started when it is first
/// asked for. `None`, with a line that says why, where its programs are not there and cannot be built: the test is skipped.
///
/// # Errors
/// When it does not start, and, on a build server (`CI=true`), when its programs cannot be built.
pub async fn control_plane() -> anyhow::Result<Option<&'static ControlPlane>> {
    static STARTED: OnceCell<Result<Option<ControlPlane>, String>> = OnceCell::const_new();
    let started = STARTED.get_or_init(|| async { start().await.map_err(|error| format!("{error:#}")) }).await;
    started.as_ref().map(Option::as_ref).map_err(|error| anyhow::anyhow!("{error}"))
}

/// The node of this process: the cluster of `KUBECONFIG` if that is set, else one of its own, started when it is first asked for. `None`, with a line that says why, where its programs are not there
/// and cannot be built, or where we are not root: the test is skipped.
///
/// # Errors
/// When it does not start, and, on a build server (`CI=true`), where one would be skipped.
pub async fn node() -> anyhow::Result<Option<&'static Node>> {
    static STARTED: OnceCell<Result<Option<Node>, String>> = OnceCell::const_new();
    let started = STARTED.get_or_init(|| async { start_node().await.map_err(|error| format!("{error:#}")) }).await;
    started.as_ref().map(Option::as_ref).map_err(|error| anyhow::anyhow!("{error}"))
}

async fn start_node() -> anyhow::Result<Option<Node>> {
    if let Some(named) = existing() {
        let existing = Node::existing(&named)?;
        say(&format!("testing in the cluster of KUBECONFIG, {}", existing.server()?.0));
        return Ok(Some(existing));
    }
    match (program::control_plane()?, program::node()?) {
        (Some(control_plane), Some(node)) => Ok(Some(Node::start(&control_plane, &node).await?)),
        _ => Ok(None),
    }
}

async fn start() -> anyhow::Result<Option<ControlPlane>> {
    if let Some(named) = existing() {
        let existing = ControlPlane::existing(&named)?;
        say(&format!("testing in the cluster of KUBECONFIG, {}", existing.server()?.0));
        return Ok(Some(existing));
    }
    match program::control_plane()? {
        Some(programs) => Ok(Some(ControlPlane::start(&programs).await?)),
        None => Ok(None),
    }
}

fn existing() -> Option<PathBuf> {
    std::env::var_os("KUBECONFIG").filter(|named| !named.is_empty()).map(PathBuf::from)
}

#[expect(clippy::print_stderr, reason = "tests that change somebody's cluster say which")]
fn say(line: &str) {
    eprintln!("{line}");
}
