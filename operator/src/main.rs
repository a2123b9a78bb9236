//! `troupe-operator`: parse, telemetry, run.

use std::{process::ExitCode, sync::Arc};

use anyhow::Context as _;
use clap::Parser;
use kube::{Client, Config};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing_subscriber::EnvFilter;
use troupe_operator::{
    context::system_clock,
    operator::{Ended, Operator},
    serve,
    settings::Settings,
};

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let settings = Settings::parse();
    let filter = EnvFilter::try_new(&settings.log).context("--log is no filter")?;
    tracing_subscriber::fmt().json().flatten_event(true).with_env_filter(filter).with_writer(std::io::stderr).init();
    // The provider must be there before the first connection; a second installation would be a mistake of ours.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let stop = CancellationToken::new();
    let tasks = TaskTracker::new();
    stop_on_signals(&tasks, stop.clone())?;

    let config = Config::infer().await.context("no cluster: neither in a pod nor with a kubeconfig")?;
    let client = Client::try_from(config).context("connect to the cluster")?;
    let (health, metrics) = (settings.health, settings.metrics);
    let health = TcpListener::bind(health).await.with_context(|| format!("--health: listen on {health}"))?;
    let metrics = TcpListener::bind(metrics).await.with_context(|| format!("--metrics: listen on {metrics}"))?;
    let operator = Operator::new(client, settings, system_clock);
    let serving = CancellationToken::new();
    serve::metrics(metrics, operator.metrics().clone(), &tasks, serving.clone());
    serve::health(health, Arc::new(operator.missing()), &tasks, serving.clone());

    let ended = operator.run(stop).await;
    serving.cancel();
    tasks.close();
    tasks.wait().await;
    // Whoever lost the lease starts anew with nothing remembered.
    Ok(if ended == Ended::Stopped { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Both signals end it gracefully.
fn stop_on_signals(tasks: &TaskTracker, stop: CancellationToken) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tasks.spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            () = stop.cancelled() => {}
        }
        stop.cancel();
    });
    Ok(())
}
