//! The jail: a command runs under Landlock, seccomp and limits, and ends with everything that it started.
//!
//! Three processes take part. The **parent** (this service, [`Jail::run`]) starts the **supervisor** (`troupe jail`,
//! [`main`]) with a socket as its standard input: the policy goes down, a report comes up, and its end means "kill".
//! The supervisor is the subreaper of all that follows. It starts **itself once more**; that process restricts itself
//! and then becomes the command. So no code of ours runs between `fork` and `exec`, and none is `unsafe`.
//!
//! In a cluster the parent is another program in a container of its own (`troupe sandbox`, [`sandbox`]): the service hands
//! the job over through a Unix socket, and callers of [`Jail::run`] see no difference.

mod client;
mod error;
mod filter;
mod job;
mod parent;
mod policy;
mod pty;
mod restrict;
mod server;
mod settings;
mod supervisor;
mod tree;
mod way;
mod wire;

use std::ffi::OsString;
use std::process::ExitCode;
use std::sync::OnceLock;

pub use error::JailError;
pub use job::{End, Job, Outcome, OutputForm};
pub use policy::{Limits, Resource};
pub use settings::{JailSettings, Launcher, RemoteSandbox, Sandbox};
pub use way::Jail;

/// The service that runs commands for a runtime in another container.
pub mod sandbox {
    pub use super::server::{SandboxSettings, listen, serve};
}

/// The argument by which the supervisor starts itself as the process that becomes the command.
const INNER: &str = "--inner";

/// Why this machine cannot confine a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, serde::Serialize, serde::Deserialize)]
pub enum Why {
    /// The kernel was built or booted without Landlock.
    #[error(
        "the kernel has no Landlock (it needs 5.13 or newer with `landlock` among its security modules); use another node, or turn the jail off with --sandbox=none"
    )]
    NoLandlock,
    /// The kernel was built without seccomp filters.
    #[error("the kernel has no seccomp filters; use another node, or turn the jail off with --sandbox=none")]
    NoSeccomp,
    /// The processor is none that the filter knows.
    #[error("the jail knows x86_64, aarch64 and riscv64 only; turn it off with --sandbox=none")]
    UnknownProcessor,
}

/// Whether commands can be confined here. Asked once of the kernel, then remembered.
pub fn support() -> Result<(), Why> {
    static SUPPORT: OnceLock<Result<(), Why>> = OnceLock::new();
    *SUPPORT.get_or_init(|| {
        if !restrict::landlock_enforces(landlock::ABI::V1) {
            return Err(Why::NoLandlock);
        }
        filter::support()
    })
}

/// The entry of the helper process. It takes nothing from its command line but which of the two processes it is: the
/// policy comes over the standard input, so that no command, path or secret shows in a process title.
pub fn main() -> ExitCode {
    if std::env::args_os().next_back() == Some(OsString::from(INNER)) { restrict::main() } else { supervisor::main() }
}
