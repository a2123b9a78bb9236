//! Why a command could not be run.

use std::io;
use std::path::PathBuf;

use super::Why;

/// Why a command could not be run at all.
#[derive(Debug, thiserror::Error)]
pub enum JailError {
    /// This machine cannot confine commands.
    #[error(transparent)]
    Unsupported(#[from] Why),
    /// The workspace holds what no command may see.
    #[error(
        "the workspace {workspace:?} contains the data directory {protected:?}; choose another workspace or data directory"
    )]
    Protected {
        /// The workspace.
        workspace: PathBuf,
        /// What is protected.
        protected: PathBuf,
    },
    /// The operating system refused something.
    #[error("cannot {action}")]
    System {
        /// What was being done.
        action: &'static str,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The command's process could not be restricted or started.
    #[error("cannot start the command: {0}")]
    Start(String),
    /// No sandbox answers at its socket.
    #[error(
        "no sandbox answers at {socket:?}; it is starting, or it failed: look at the log of the pod's container `sandbox`"
    )]
    Away {
        /// The socket.
        socket: PathBuf,
        /// What the system said last.
        #[source]
        source: io::Error,
    },
    /// The sandbox ended while it ran the command, or broke the connection.
    #[error(
        "the sandbox ended while the command ran, perhaps for want of memory; what the command did until then stands, and commands run again once the sandbox is back"
    )]
    Lost,
    /// The sandbox did not take the command; its own words.
    #[error("the sandbox refused the command: {0}")]
    Refused(String),
    /// The supervisor ended without a report.
    #[error("the jail's supervisor ended without a report")]
    NoReport,
}

pub(super) fn system(action: &'static str) -> impl FnOnce(io::Error) -> JailError {
    move |source| JailError::System { action, source }
}
