//! The folder of one cluster, which goes when its owner goes, however that ends.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
};

use anyhow::{Context as _, ensure};
use tempfile::TempDir;

/// It waits until its input ends, which the kernel sees to when we are killed, and then clears up. Programs that are being ended may
/// still write, so it tries more than once.
const SWEEP: &str = r#"cat >/dev/null; for _ in 1 2 3 4 5 6 7 8 9 10; do rm -rf -- "$1" && exit; sleep 0.2; done"#;

/// A folder below the system's temporary one, and who clears it away.
#[derive(Debug)]
pub(crate) struct Place {
    folder: PathBuf,
    /// Dropped first when we end in good order; at once when we are killed.
    waits: Option<ChildStdin>,
    sweeper: Child,
}

impl Place {
    /// An empty folder. A static is never dropped and a killed process drops nothing: so another process, in a session of its own,
    /// clears it away.
    pub(crate) fn new() -> anyhow::Result<Self> {
        Self::swept_by(&["sh", "-c", SWEEP, "sweep"], &[])
    }

    /// The same, cleared away by a command of the caller's: it gets the folder and these arguments, and waits until its input ends.
    pub(crate) fn swept_by(command: &[&str], arguments: &[&str]) -> anyhow::Result<Self> {
        let folder = TempDir::with_prefix("troupe-cluster-")?.keep();
        // The kernel takes 107 bytes for a socket's name, and containerd's are the longest.
        ensure!(folder.as_os_str().len() <= 80, "TMPDIR is too long for sockets: {}", folder.display());
        let mut sweeper = Command::new("setsid")
            .args(command)
            .arg(&folder)
            .args(arguments)
            .current_dir("/")
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("setsid cannot be started")?;
        Ok(Self { folder, waits: sweeper.stdin.take(), sweeper })
    }

    /// The folder.
    pub(crate) fn path(&self) -> &Path {
        &self.folder
    }

    /// Writes a file, and says where it is.
    pub(crate) fn write(&self, name: &str, content: &str) -> anyhow::Result<PathBuf> {
        let path = self.folder.join(name);
        fs::write(&path, content).with_context(|| format!("{} cannot be written", path.display()))?;
        Ok(path)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.waits = None;
        let _ = self.sweeper.wait();
    }
}
