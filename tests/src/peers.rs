//! Third-party programs, which `tests/peers/install.sh` installs.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
};

use anyhow::ensure;
use tokio::process::Command;

use crate::within;

/// A program of others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// The interpreter that has the official `openai` client.
    Python,
    /// `mcp-server-time`.
    Time,
    /// `mcp-server-fetch`.
    Fetch,
    /// MCP's reference server, `mcp-server-everything`.
    Everything,
}

/// Where a peer is; `None`, and a line that says so, where it is not installed: its test is then skipped.
pub fn peer(peer: Peer) -> Option<PathBuf> {
    let folder = std::env::var_os("TROUPE_PEERS").map(PathBuf::from).or_else(|| {
        let home = std::env::var_os("HOME")?;
        Some(PathBuf::from(home).join(".cache/troupe/peers"))
    })?;
    let path = folder.join(match peer {
        Peer::Python => "python/bin/python",
        Peer::Time => "python/bin/mcp-server-time",
        Peer::Fetch => "python/bin/mcp-server-fetch",
        Peer::Everything => "node/node_modules/.bin/mcp-server-everything",
    });
    if path.exists() {
        return Some(path);
    }
    say(&format!("skipped: {} is not there; tests/peers/install.sh installs it", path.display()));
    None
}

#[expect(clippy::print_stderr, reason = "a skipped test says why")]
fn say(line: &str) {
    eprintln!("{line}");
}

/// Runs a program to its end; its output, or an error with what it complained of. It inherits no settings and no proxies.
pub async fn run(program: &Path, arguments: &[&str]) -> anyhow::Result<String> {
    let running = Command::new(program)
        .args(arguments)
        .env_clear()
        .envs(["PATH", "HOME"].iter().filter_map(|name| Some((name, std::env::var_os(name)?))))
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = within(&arguments.join(" "), running).await??;
    let complaint = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{arguments:?}: {}\n{complaint}", output.status);
    Ok(String::from_utf8(output.stdout)?)
}
