//! Third-party programs, which `tests/peers/install.sh` installs.

use std::path::PathBuf;

/// A program of others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// The interpreter that has the official `openai` client.
    Python,
    /// `mcp-server-time`.
    Time,
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
