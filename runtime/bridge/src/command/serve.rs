//! Runs a stdio server and serves it until SIGTERM or SIGINT.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use troupe_bridge::http::{self, HttpLimits};
use troupe_bridge::{Inherit, Processes, Sharing, StdioServer};

/// Sessions with a process each, where nothing else is said: a few hundred MiB of Python or Node.
const DEFAULT_SESSIONS: usize = 16;

#[derive(Debug, Args)]
pub(crate) struct ServeArguments {
    /// Address to listen on; `[::]:8080` or `0.0.0.0:8080` inside a pod
    #[arg(long, env = "TROUPE_BRIDGE_LISTEN", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Give each session a process of its own
    #[arg(long, env = "TROUPE_BRIDGE_PER_SESSION")]
    per_session: bool,
    /// Processes that are kept running without callers (shared processes only)
    #[arg(long, env = "TROUPE_BRIDGE_MIN_PROCESSES", default_value_t = 0)]
    min_processes: usize,
    /// The most processes at a time; with --per-session the most sessions [default: 1; with --per-session 16]
    #[arg(long, env = "TROUPE_BRIDGE_MAX_PROCESSES", value_parser = positive)]
    max_processes: Option<usize>,
    /// Seconds without a call after which a process is stopped; 0 is never
    #[arg(long, env = "TROUPE_BRIDGE_IDLE_TIMEOUT", default_value = "300", value_parser = seconds)]
    idle_timeout: Duration,
    /// Seconds that a process may take to start
    #[arg(long, env = "TROUPE_BRIDGE_START_TIMEOUT", default_value = "60", value_parser = seconds)]
    start_timeout: Duration,
    /// Seconds that a call may take
    #[arg(long, env = "TROUPE_BRIDGE_CALL_TIMEOUT", default_value = "60", value_parser = seconds)]
    call_timeout: Duration,
    /// Seconds that running calls may go on after SIGTERM
    #[arg(long, env = "TROUPE_BRIDGE_GRACE", default_value = "20", value_parser = seconds)]
    grace: Duration,
    /// Longest answer of the server, in bytes
    #[arg(long, env = "TROUPE_BRIDGE_MAX_RESPONSE_BYTES", default_value_t = 100 * 1024 * 1024)]
    max_response_bytes: usize,
    /// Longest request of a client, in bytes
    #[arg(long, env = "TROUPE_BRIDGE_MAX_REQUEST_BYTES", default_value_t = 16 * 1024 * 1024)]
    max_request_bytes: usize,
    /// An `Origin` of web pages that may call, such as `https://console.example.com`; by default none
    #[arg(long = "allowed-origin", env = "TROUPE_BRIDGE_ALLOWED_ORIGINS", value_delimiter = ',')]
    allowed_origins: Vec<String>,
    /// Working directory of the server
    #[arg(long, env = "TROUPE_BRIDGE_CWD")]
    cwd: Option<PathBuf>,
    /// The server and its arguments, after `--`
    #[arg(last = true, required = true, value_name = "COMMAND")]
    program: Vec<String>,
}

/// Serves until a signal ends it.
#[tokio::main]
pub(crate) async fn serve(arguments: ServeArguments) -> anyhow::Result<()> {
    // Before anything slow: as the first process of a container a signal without handler would be lost.
    let stop = stop_on_signals().context("listen for signals")?;
    let listener =
        TcpListener::bind(arguments.listen).await.with_context(|| format!("listen on {}", arguments.listen))?;
    let address = listener.local_addr().context("read the listening address")?;
    tracing::info!(bridge.address = %address, "serving MCP at /mcp");
    let limits = HttpLimits {
        max_request_bytes: arguments.max_request_bytes,
        grace: arguments.grace,
        allowed_origins: arguments.allowed_origins.clone(),
        ..HttpLimits::default()
    };
    http::serve(listener, arguments.server()?, limits, stop).await.context("serve")
}

impl ServeArguments {
    fn server(self) -> anyhow::Result<StdioServer> {
        let mut program = self.program.into_iter();
        let command = program.next().context("the server's command is missing")?;
        let default_max = if self.per_session { DEFAULT_SESSIONS } else { 1 };
        let idle_timeout = if self.idle_timeout.is_zero() { Duration::MAX } else { self.idle_timeout };
        let max = self.max_processes.unwrap_or(default_max).max(self.min_processes);
        Ok(StdioServer {
            cwd: self.cwd,
            inherit: Inherit::Everything,
            processes: Processes { min: self.min_processes, max, idle_timeout },
            sharing: if self.per_session { Sharing::PerSession } else { Sharing::Shared },
            start_timeout: self.start_timeout,
            call_timeout: self.call_timeout,
            max_response_bytes: self.max_response_bytes,
            ..StdioServer::new(command, program)
        })
    }
}

fn stop_on_signals() -> std::io::Result<CancellationToken> {
    let stop = CancellationToken::new();
    let (mut term, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let stopping = stop.clone();
    #[expect(clippy::disallowed_methods, reason = "it lives as long as the process, so nothing waits for it")]
    tokio::spawn(async move {
        tokio::select! {
            _ = term.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping");
        stopping.cancel();
    });
    Ok(stop)
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| format!("{text:?} is no number of seconds"))?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}

fn positive(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|number| *number > 0).ok_or_else(|| format!("{text:?} is no positive whole number"))
}
