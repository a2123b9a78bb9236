//! `troupe serve`: the service over folders of manifests.

use std::sync::Arc;

use anyhow::Context;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;

use crate::app::App;
use crate::http::router::router;
use crate::settings::Settings;

/// Serves until it is told to stop.
pub async fn serve(settings: Settings) -> anyhow::Result<()> {
    let listener = TcpListener::bind(settings.listen)
        .await
        .with_context(|| format!("cannot listen on {}; choose another address with --listen", settings.listen))?;
    let app = App::start(settings).await?;
    tracing::info!(address = %listener.local_addr()?, "ready");
    // Without it the kernel holds small frames back for tens of milliseconds.
    let listener = listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    let stopping = Arc::clone(&app);
    axum::serve(listener, router(Arc::clone(&app)))
        .with_graceful_shutdown(async move {
            told_to_stop().await;
            stopping.stop().await;
        })
        .await?;
    Ok(())
}

async fn told_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return std::future::pending().await };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}
