//! The model server as a process: `troupe-model-server --listen 127.0.0.1:8081 --scenario scenario.yaml`.

use std::{io::Write as _, net::SocketAddr, path::PathBuf};

use anyhow::Context as _;
use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;
use troupe_model_server::{ModelServer, Scenario};

/// A scripted stand-in for model providers: OpenAI, Anthropic and Ollama in one.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Where to listen; port 0 takes a free one, which the ready line tells.
    #[arg(long, env = "TROUPE_MODEL_SERVER_LISTEN", default_value = "127.0.0.1:8081")]
    listen: SocketAddr,
    /// The scenario file; without one the echo assistant answers everything.
    #[arg(long, env = "TROUPE_MODEL_SERVER_SCENARIO")]
    scenario: Option<PathBuf>,
    /// Worker threads. One is enough for some 20,000 requests per second, and leaves the other cores to what is tested.
    #[arg(long, env = "TROUPE_MODEL_SERVER_THREADS", default_value_t = 1)]
    threads: usize,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let mut builder = match arguments.threads {
        0 | 1 => tokio::runtime::Builder::new_current_thread(),
        _ => tokio::runtime::Builder::new_multi_thread(),
    };
    builder.worker_threads(arguments.threads.max(1)).enable_all().build()?.block_on(run(arguments))
}

/// Serves until SIGINT or SIGTERM.
async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let scenario = match &arguments.scenario {
        Some(path) => read(path).with_context(|| format!("scenario {}", path.display()))?,
        // A long-lived process has nobody to ask for what it recorded.
        None => Scenario { record: Some(0), ..Scenario::default() },
    };
    let mut terminate = signal(SignalKind::terminate())?;
    let server = ModelServer::listen(arguments.listen, scenario).await?;
    writeln!(std::io::stdout(), "ready {}", server.base_url())?;
    tokio::select! {
        _ = terminate.recv() => {}
        result = tokio::signal::ctrl_c() => result?,
    }
    server.stop().await;
    Ok(())
}

fn read(path: &PathBuf) -> anyhow::Result<Scenario> {
    let mut scenario = Scenario::from_yaml(&std::fs::read_to_string(path)?)?;
    scenario.record.get_or_insert(0);
    Ok(scenario)
}
