//! `troupe serve`: the service over folders of manifests, or over a namespace of a cluster.

mod arguments;
mod findings;
mod listen;
mod metrics;

use std::future::IntoFuture;
use std::net::SocketAddr;
use std::pin::pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;
use troupe_crds::Kind;

use crate::app::App;
use crate::http::router::router;
use crate::http::stall::{Impatient, PATIENCE};
use crate::settings::Settings;
pub use arguments::ServeArguments;
pub(super) use arguments::token;

/// How long answers that are being written may take after everything behind them has ended.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// The exit code of a program that Ctrl-C ended, as shells count.
const INTERRUPTED: u8 = 130;

/// Serves until SIGTERM or Ctrl-C, and then until what runs is done or handed back; another Ctrl-C ends it at once.
pub async fn serve(settings: Settings) -> anyhow::Result<ExitCode> {
    // Both signals are ours from here on: one that comes while the service starts stops it too.
    let mut stop = Stop::new()?;
    let listener = listen::listen(settings.listen, "--listen")?;
    let metrics = settings.metrics.map(|address| listen::listen(address, "--metrics")).transpose()?;
    let address = listener.local_addr()?;
    let app = if settings.namespace.is_some() {
        // The start waits for the API server, for as long as that takes.
        tokio::select! {
            app = App::start(settings) => app?,
            () = stop.asked() => return Ok(ExitCode::SUCCESS),
        }
    } else {
        App::start(settings).await?
    };
    findings::follow(&app);
    let metrics_address = metrics.as_ref().map(TcpListener::local_addr).transpose()?;
    if let Some(listener) = metrics {
        metrics::serve(&app, listener);
    }
    say_ready(&app, address, metrics_address);
    answer(&app, listener, &mut stop).await
}

async fn answer(app: &Arc<App>, listener: TcpListener, stop: &mut Stop) -> anyhow::Result<ExitCode> {
    // Without it the kernel holds small frames back for tens of milliseconds.
    let listener = listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    let listener = Impatient::new(listener, PATIENCE);
    let closing = CancellationToken::new();
    let server =
        axum::serve(listener, router(Arc::clone(app))).with_graceful_shutdown(closing.clone().cancelled_owned());
    let mut server = pin!(server.into_future());
    tokio::select! {
        ended = &mut server => return ended.map(|()| ExitCode::SUCCESS).map_err(Into::into),
        () = stop.asked() => {}
    }
    tracing::info!(grace = ?app.settings.grace, "stopping; what does not finish goes on at the next start");
    let mut stopping = pin!(app.stop());
    tokio::select! {
        // Requests are still answered: with 503, or from the store.
        ended = &mut server => { stopping.await; return ended.map(|()| ExitCode::SUCCESS).map_err(Into::into) }
        () = &mut stopping => {}
        () = stop.insisted() => return Ok(ExitCode::from(INTERRUPTED)),
    }
    closing.cancel();
    // A client that reads nothing does not hold the end back.
    let _ = tokio::time::timeout(LAST_WORDS, server).await;
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}

/// One line says where the service is and how to call it.
fn say_ready(app: &App, address: SocketAddr, metrics: Option<SocketAddr>) {
    let view = app.catalog.view();
    let agents = view.list(Kind::Agent).filter(|agent| agent.is_ready()).count();
    let open = app.rights.is_open() && app.settings.token.is_none() && !address.ip().is_loopback();
    if open {
        tracing::warn!(%address, "INSECURE: everyone who reaches this address may run commands here; give the service a token");
    }
    let metrics = metrics.map(|address| format!("http://{address}/metrics"));
    tracing::info!(
        url = %format_args!("http://{address}"),
        api = %format_args!("http://{address}/v1/openapi.json"),
        metrics,
        agents,
        findings = view.diagnostics().len(),
        "ready"
    );
}

/// SIGTERM and Ctrl-C.
struct Stop {
    terminate: Signal,
    interrupt: Signal,
}

impl Stop {
    fn new() -> std::io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn asked(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }

    /// Ctrl-C while it stops. SIGTERM is no impatience: a script that is interrupted with it sends one as well.
    async fn insisted(&mut self) {
        // `None` is the end of the runtime.
        let _ = self.interrupt.recv().await;
    }
}
