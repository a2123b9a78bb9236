//! What the parent tells the supervisor and what the supervisor reports; JSON, one line each.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Limits of one command and everything that it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Processor seconds of one process.
    pub cpu_seconds: u64,
    /// Bytes of memory: of each process by `RLIMIT_DATA`, of all together by the supervisor's watch.
    pub memory: u64,
    /// Processes and threads at one time, all together.
    pub processes: u64,
    /// Open files of one process.
    pub files: u64,
    /// The largest file that may be written, in bytes.
    pub file_size: u64,
}

impl Default for Limits {
    /// Room for a compiler or a data frame, not for a runaway: 2 GiB, 512 tasks (a Node process has a dozen threads),
    /// 1024 files, files of 1 GiB, ten minutes of processor time.
    fn default() -> Self {
        Self { cpu_seconds: 600, memory: 2 << 30, processes: 512, files: 1024, file_size: 1 << 30 }
    }
}

/// Everything that the supervisor and the process that becomes the command need.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own, and all sixteen settings make sense")]
pub(super) struct Policy {
    /// The program, looked up in the environment's `PATH`, and its arguments.
    pub(super) command: Vec<String>,
    /// The whole environment.
    pub(super) environment: Vec<(String, String)>,
    /// The working directory.
    pub(super) directory: PathBuf,
    /// What may be read and executed; what does not exist is left out.
    pub(super) read: Vec<PathBuf>,
    /// What may be written as well; must exist.
    pub(super) write: Vec<PathBuf>,
    /// No file's mode, owner or times may change: Landlock does not guard them, and a read-only workspace has them too.
    pub(super) frozen: bool,
    /// Internet sockets are allowed.
    pub(super) network: bool,
    /// Landlock and seccomp apply; false only where the operator of the service said so.
    pub(super) confined: bool,
    /// The standard output is a terminal, which also becomes the input and the controlling terminal.
    pub(super) terminal: bool,
    /// The service's process, which gets no signals from the command.
    pub(super) service: i32,
    /// Limits.
    pub(super) limits: Limits,
    /// Processes of the same user that cannot be seen from here, at most.
    pub(super) unseen: u64,
}

/// How a command ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Report {
    /// It exited with this code.
    Exited(i32),
    /// This signal ended it.
    Signalled(i32),
    /// The supervisor ended it, because all of it together used too much of this.
    Exceeded(Resource),
    /// The supervisor ended it, because the parent said so or is gone.
    Killed,
    /// It never started; the text says why.
    Failed(String),
}

/// What the supervisor counts over all processes of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Resource {
    /// Resident memory.
    Memory,
    /// Processes and threads.
    Processes,
}
