//! What is run in the jail, and what came of it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::policy::Resource;

/// One command for the jail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// The program, looked up in the jail's `PATH`, and its arguments. `{private}` in an argument stands for the private
    /// folder.
    pub command: Vec<String>,
    /// Files laid out in the private folder before the start: name to content.
    pub files: BTreeMap<String, String>,
    /// The file of the private folder whose content is brought back.
    pub collect: Option<String>,
    /// What becomes of the output.
    pub output: OutputForm,
    /// The folder that may be written; none = only the private one.
    pub workspace: Option<PathBuf>,
    /// The workspace may only be read, and no modes or times may change.
    pub read_only: bool,
    /// Further folders that may be read and executed.
    pub readable: Vec<PathBuf>,
    /// The working directory; none = the private folder.
    pub directory: Option<PathBuf>,
    /// The internet may be used.
    pub network: bool,
    /// The longest that it may run.
    pub timeout: Duration,
    /// The most output that is kept, in bytes, and the largest file that is brought back.
    pub max_output: usize,
}

/// What a command's output is read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OutputForm {
    /// A terminal of 80 columns and 24 rows; the text is what it would show, scrolled-off lines included.
    Terminal,
    /// Bytes as they come, read as UTF-8.
    Plain,
}

/// What came of a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// How it ended.
    pub end: End,
    /// What it wrote, both streams as they came.
    pub output: String,
    /// More was written than is kept.
    pub cut: bool,
    /// The file that [`Job::collect`] names, where the command wrote one of an accepted size.
    pub collected: Option<Vec<u8>>,
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum End {
    /// It exited with this code.
    Exited(i32),
    /// A signal that was not ours ended it.
    Signalled(i32),
    /// It ran longer than it may, and was ended.
    TimedOut,
    /// It was cancelled.
    Cancelled,
    /// It used more of this than it may, and was ended.
    Exceeded(Resource),
}

impl End {
    /// The code as a shell would tell it: 128 and the signal's number for a signal. `None` where we ended it.
    pub fn code(self) -> Option<i32> {
        match self {
            Self::Exited(code) => Some(code),
            Self::Signalled(signal) => Some(128 + signal),
            Self::TimedOut | Self::Cancelled | Self::Exceeded(_) => None,
        }
    }
}
