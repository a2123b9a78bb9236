//! Retention: what is older than the Runtime's `history` says goes, every ten minutes.

use std::sync::Arc;
use std::time::Duration;

use troupe_core::id::Timestamp;
use troupe_core::port::StoreError;
use troupe_crds::GoDuration;
use troupe_store::{RetentionPolicy, Swept};

use crate::app::App;
use crate::service::resolve::sentence;

/// Between two sweeps; also before the first one, so that a start is not slowed.
const INTERVAL: Duration = Duration::from_mins(10);

/// How long finished runs are kept where the Runtime says nothing: 30 days.
const RUNS: Duration = Duration::from_hours(720);

/// How long their events are kept, and large results that no kept run refers to: 7 days.
const EVENTS: Duration = Duration::from_hours(168);

/// Begins to sweep, until the service stops.
pub fn keep(app: &Arc<App>) {
    let app_of_task = Arc::clone(app);
    app.tasks.spawn(async move {
        let app = app_of_task;
        loop {
            tokio::select! {
                () = app.shutdown.cancelled() => return,
                () = tokio::time::sleep(INTERVAL) => {}
            }
            match app.sweep(app.clock.now()).await {
                Ok(swept) if swept == Swept::default() => {}
                Ok(swept) => tracing::info!(?swept, "what was old is gone"),
                Err(error) => tracing::warn!(error = %sentence(&error), "what is old cannot be deleted"),
            }
        }
    });
}

impl App {
    /// Deletes what is older at `now` than the Runtime's `history` says, in small transactions.
    pub async fn sweep(&self, now: Timestamp) -> Result<Swept, StoreError> {
        self.store.sweep(self.retention(), now).await
    }

    /// How long things are kept.
    pub fn retention(&self) -> RetentionPolicy {
        let view = self.catalog.view();
        let history = view.runtime().and_then(|runtime| runtime.history.as_ref());
        let age = |written: Option<&GoDuration>, default: Duration| {
            let age = written.map_or(default, GoDuration::value);
            Some(Timestamp::try_from(age.as_micros()).unwrap_or(Timestamp::MAX))
        };
        RetentionPolicy {
            runs: age(history.and_then(|history| history.runs.as_ref()), RUNS),
            events: age(history.and_then(|history| history.events.as_ref()), EVENTS),
            blobs: age(history.and_then(|history| history.blobs.as_ref()), EVENTS),
        }
    }
}
