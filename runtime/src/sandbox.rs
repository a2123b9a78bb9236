//! Whether code can be run safely: the jail is asked at the start, and a sandbox beside this process time and again, since
//! it may come, go and come back. What needs it is not ready meanwhile, and says why.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use troupe_catalog::Catalog;
use troupe_tools::Tools;

/// The pause after a sandbox did not answer.
const SOON: Duration = Duration::from_secs(2);

/// The pause after it answered.
const LATER: Duration = Duration::from_secs(30);

/// Tells the catalog whether the jail can be used. What a kernel lacks it lacks for good; a sandbox in another container is
/// asked again for as long as this process runs.
pub async fn watch(
    tools: &Tools,
    catalog: &Catalog,
    is_remote: bool,
    (tasks, shutdown): (&TaskTracker, &CancellationToken),
) {
    if !is_remote {
        note(tools, catalog, true).await;
        return;
    }
    let (tools, catalog, shutdown) = (tools.clone(), catalog.clone(), shutdown.clone());
    tasks.spawn(async move {
        let mut was_ready = true;
        loop {
            let asked = async {
                let is_ready = note(&tools, &catalog, was_ready).await;
                tokio::time::sleep(if is_ready { LATER } else { SOON }).await;
                is_ready
            };
            was_ready = tokio::select! {
                () = shutdown.cancelled() => return,
                is_ready = asked => is_ready,
            };
        }
    });
}

/// Asks once; says whether code can be run.
async fn note(tools: &Tools, catalog: &Catalog, was_ready: bool) -> bool {
    let lack = tools.jail().ready().await.err().map(|error| error.to_string());
    let is_ready = lack.is_none();
    match &lack {
        Some(lack) if was_ready => tracing::warn!(lack, "tools that run code are not ready"),
        None if !was_ready => tracing::info!("tools that run code are ready again"),
        _ => {}
    }
    catalog.note_sandbox(lack).await;
    is_ready
}
