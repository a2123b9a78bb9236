//! Logs: lines for people in a terminal, JSON in a pod.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::FmtSpan;

/// The form of log lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// Text where the output is a terminal, else JSON.
    #[default]
    Auto,
    /// Lines for people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Begins to log, to the standard error. `filter` is in the manner of `RUST_LOG`: `info`, `troupe_core=debug,info`.
pub fn start(format: LogFormat, filter: &str) -> anyhow::Result<()> {
    // What it says of a watch that breaks, every time anew, is said by whoever watches, and when it matters.
    let filter = format!("kube_runtime=error,{filter}");
    let filter = EnvFilter::try_new(filter).map_err(|error| anyhow::anyhow!("the log filter is wrong: {error}"))?;
    let builder =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_span_events(FmtSpan::NONE);
    let terminal = std::io::stderr().is_terminal();
    let started = match (format, terminal) {
        (LogFormat::Json, _) | (LogFormat::Auto, false) => builder.json().flatten_event(true).try_init(),
        (LogFormat::Text, _) | (LogFormat::Auto, true) => builder.with_ansi(terminal).compact().try_init(),
    };
    started.map_err(|error| anyhow::anyhow!("logging cannot begin: {error}"))
}
