//! `troupe sandbox`: runs commands for a runtime in another container, over a Unix socket.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use troupe_crds::duration::GoDuration;
use troupe_tools::jail::sandbox::{self, SandboxSettings};
use troupe_tools::jail::{JailSettings, Limits, Sandbox, support};

use super::agents::SandboxKind;
use crate::size::Size;

/// What a container may have of processes of its user elsewhere on the node. The kernel counts them; nothing here can.
/// Ids such as 65532 are many images' own, so the room is generous: the command's own processes are counted apart.
const UNSEEN: u64 = 32_768;

/// Where a container's own limit of memory is told, of the two generations of control groups.
const MEMORY: [&str; 2] = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];

/// What `sandbox` takes.
#[derive(Clone, Debug, clap::Args)]
pub struct SandboxArguments {
    /// The Unix socket to listen on; only processes of the same user may connect
    #[arg(long, env = "TROUPE_LISTEN", value_name = "SOCKET", default_value = "/run/troupe/sandbox.sock")]
    listen: PathBuf,
    /// The folder in which agents have their workspaces, under the same path as in the runtime
    #[arg(long, env = "TROUPE_WORKSPACE", value_name = "DIR")]
    workspace: PathBuf,
    /// How commands and functions are confined
    #[arg(long, env = "TROUPE_SANDBOX", value_enum, default_value_t)]
    sandbox: SandboxKind,
    /// Commands at one time; more wait
    #[arg(long, env = "TROUPE_MAX_JOBS", value_name = "COMMANDS", default_value_t = 32, value_parser = positive)]
    max_jobs: usize,
    /// The longest that a command may ask for
    #[arg(long, env = "TROUPE_MAX_TIME", value_name = "DURATION", default_value = "24h")]
    max_time: GoDuration,
    /// Memory of one command and all that it starts [default: 2G, or seven eighths of the container's limit where that is less]
    #[arg(long, env = "TROUPE_MAX_MEMORY", value_name = "SIZE")]
    max_memory: Option<Size>,
    /// Processes and threads of one command
    #[arg(long, env = "TROUPE_MAX_PROCESSES", value_name = "PROCESSES", default_value_t = Limits::default().processes)]
    max_processes: u64,
    /// How long a runtime that is still connected may go on after SIGTERM or Ctrl-C
    #[arg(long, env = "TROUPE_GRACE", value_name = "DURATION", default_value = "40s")]
    grace: GoDuration,
}

/// Serves until a signal, and then until the runtime is gone.
pub async fn sandbox(arguments: SandboxArguments) -> anyhow::Result<ExitCode> {
    // Before anything slow: as the first process of a container a signal without handler would be lost.
    let stop = on_signals().context("cannot listen for signals")?;
    let socket = arguments.listen.clone();
    let listener = sandbox::listen(&socket)
        .with_context(|| format!("cannot listen on {}; choose another socket with --listen", socket.display()))?;
    if arguments.sandbox == SandboxKind::Landlock
        && let Err(why) = support()
    {
        // The runtime is told the same, so that people see it at their tools.
        tracing::error!("commands are refused: {why}");
    }
    tracing::info!(sandbox.socket = %socket.display(), sandbox.workspace = %arguments.workspace.display(), "ready");
    sandbox::serve(listener, arguments.settings(), stop).await;
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}

impl SandboxArguments {
    fn settings(self) -> SandboxSettings {
        let usual = Limits::default();
        let memory = self.max_memory.map_or_else(|| within(usual.memory, container_memory()), |Size(bytes)| bytes);
        let sandbox = if self.sandbox == SandboxKind::None { Sandbox::None } else { Sandbox::Landlock };
        let jail = JailSettings {
            sandbox,
            limits: Limits { memory, processes: self.max_processes, ..usual },
            unseen: UNSEEN,
            // The socket is the runtime's door, not a command's.
            protected: self.listen.parent().map(PathBuf::from).into_iter().collect(),
            ..JailSettings::default()
        };
        SandboxSettings {
            jail,
            workspace: self.workspace,
            max_jobs: self.max_jobs,
            max_time: self.max_time.value(),
            grace: self.grace.value(),
        }
    }
}

/// A limit that ends a command before the container's limit ends the whole container.
fn within(usual: u64, container: Option<u64>) -> u64 {
    container.map_or(usual, |most| usual.min(most / 8 * 7))
}

fn container_memory() -> Option<u64> {
    // The word `max` is no number, and is no limit.
    MEMORY.iter().find_map(|path| std::fs::read_to_string(path).ok()?.trim().parse().ok())
}

fn on_signals() -> std::io::Result<CancellationToken> {
    let stop = CancellationToken::new();
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let stopping = stop.clone();
    TaskTracker::new().spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping once the runtime is gone");
        stopping.cancel();
    });
    Ok(stop)
}

fn positive(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|number| *number > 0).ok_or_else(|| format!("{text:?} is no positive whole number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_gets_less_memory_than_its_container() {
        assert_eq!(within(2 << 30, None), 2 << 30);
        assert_eq!(within(2 << 30, Some(u64::MAX)), 2 << 30);
        assert_eq!(within(2 << 30, Some(512 << 20)), 448 << 20);
    }
}
