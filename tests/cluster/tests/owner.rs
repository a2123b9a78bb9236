//! A cluster in a process of its own, for the tests that kill it: what it leaves is nothing.

use std::{
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::Context as _;

/// Longer than clearing away takes on a busy machine.
const LIMIT: Duration = Duration::from_mins(1);

/// Starts a cluster by the command line, and says where its folder is and which processes it has.
pub(crate) fn up(flags: &[&str]) -> anyhow::Result<(Child, PathBuf, Vec<PathBuf>)> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_troupe-test-cluster"));
    let mut owner = command.arg("up").args(flags).stdout(Stdio::piped()).spawn()?;
    let mut lines = BufReader::new(owner.stdout.take().context("it was asked for")?).lines();
    let first = lines.next().context("it ended without a word")??;
    let folder = first
        .strip_prefix("export KUBECONFIG=")
        .and_then(|path| Path::new(path).parent())
        .context(first.clone())?
        .to_owned();
    let expected = if flags.is_empty() { 3 } else { 8 };
    let mut processes = Vec::new();
    while processes.len() < expected {
        let line = lines.next().context("it ended early")??;
        if let Some((_, id)) = line.split_once(" is process ") {
            processes.push(Path::new("/proc").join(id));
        }
    }
    Ok((owner, folder, processes))
}

/// Waits until none of these is there.
pub(crate) async fn gone(paths: &[PathBuf]) -> anyhow::Result<()> {
    let all = async {
        while paths.iter().any(|path| path.exists()) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(LIMIT, all).await.with_context(|| format!("some of it is still there: {paths:?}"))
}
