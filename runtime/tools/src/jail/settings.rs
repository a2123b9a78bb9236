//! How a jail is set up: where its commands run, and under which limits.

use std::path::PathBuf;
use std::time::Duration;

use super::policy::Limits;

/// How the helper process is started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Launcher {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
}

impl Default for Launcher {
    /// This very program with the subcommand `jail`. The link finds it also after the file was replaced by an upgrade.
    fn default() -> Self {
        Self { program: "/proc/self/exe".into(), arguments: vec!["jail".to_owned()] }
    }
}

/// Whether commands are confined.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sandbox {
    /// By Landlock and seccomp; where the kernel has none of them, nothing runs.
    #[default]
    Landlock,
    /// Not at all (`--sandbox=none`): commands run with the service's own rights, though still limited and ended as a
    /// group.
    None,
}

/// How the jail is set up.
#[derive(Clone, Debug)]
pub struct JailSettings {
    /// How the helper process is started.
    pub launcher: Launcher,
    /// Where each command's private folder is made (its `HOME` and `TMPDIR`), removed when it ends.
    pub private: PathBuf,
    /// Folders that no command may reach: the data directory. A workspace that contains one is refused.
    pub protected: Vec<PathBuf>,
    /// Further folders with programs and libraries that every command may read.
    pub readable: Vec<PathBuf>,
    /// The `PATH` of commands.
    pub path: String,
    /// Whether commands are confined.
    pub sandbox: Sandbox,
    /// Limits of each command.
    pub limits: Limits,
    /// Processes of the same user that cannot be seen from here, at most: in a container, those of the node's other
    /// containers, which the kernel counts all the same before it lets a command fork.
    pub unseen: u64,
    /// The sandbox that runs the commands instead of this process. Of the other settings it then takes its own.
    pub remote: Option<RemoteSandbox>,
}

/// A sandbox beside this process, behind a Unix socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteSandbox {
    /// The socket's path.
    pub socket: PathBuf,
    /// How long a command waits for a sandbox that does not answer yet: its container may be starting.
    pub patience: Duration,
}

impl RemoteSandbox {
    /// The sandbox at `socket`, which gets ten seconds to come up: a container that restarts needs about two.
    pub fn new(socket: impl Into<PathBuf>) -> Self {
        Self { socket: socket.into(), patience: Duration::from_secs(10) }
    }
}

impl Default for JailSettings {
    /// Confined, with private folders below the system's temporary one.
    fn default() -> Self {
        Self {
            launcher: Launcher::default(),
            private: std::env::temp_dir(),
            protected: Vec::new(),
            readable: Vec::new(),
            path: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".to_owned(),
            sandbox: Sandbox::Landlock,
            limits: Limits::default(),
            unseen: 0,
            remote: None,
        }
    }
}
