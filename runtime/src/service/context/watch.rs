//! Looks after sessions whose run is over: a title for long ones, a summary for too long ones. Never on the path of a
//! request: it follows the store's feed of changes.

use std::collections::HashMap;
use std::sync::Arc;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tokio::sync::Semaphore;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use troupe_crds::Kind;
use troupe_store::{RunFilter, SessionChange, SessionChanged, SessionRow};

use super::compact::CompactError;
use crate::app::App;
use crate::service::resolve::sentence;
use crate::service::sessions::title::TitleError;

/// Sessions that are looked after at one time: each may ask a model.
const AT_ONCE: usize = 8;

/// An inference with more tokens than this gives its session a new title (S1-141).
const TITLE_FROM: u64 = 10_000;

/// Begins to look after sessions, until the service stops.
pub fn watch(app: &Arc<App>) {
    let changes = app.store.subscribe();
    app.tasks.spawn(follow(Arc::clone(app), changes));
}

async fn follow(app: Arc<App>, mut changes: Receiver<SessionChange>) {
    let places = Semaphore::new(AT_ONCE);
    // At most one look at a session at a time; where a run ended meanwhile, there is another look after it.
    let mut busy: HashMap<String, bool> = HashMap::new();
    let mut work = FuturesUnordered::new();
    let mut summarises = Summarises::default();
    let look = |session: String| {
        let (app, places) = (&app, &places);
        async move {
            // The semaphore is never closed.
            let _place = places.acquire().await;
            look_after(app, &session).await;
            session
        }
    };
    loop {
        let change = tokio::select! {
            () = app.shutdown.cancelled() => return,
            Some(session) = work.next(), if !work.is_empty() => {
                if busy.remove::<String>(&session) == Some(true) {
                    busy.insert(session.clone(), false);
                    work.push(look(session));
                }
                continue;
            }
            change = changes.recv() => change,
        };
        match change {
            Ok(SessionChange { session, change: SessionChanged::Status(status) })
                if status.starts_with("done_") && summarises.anything(&app) =>
            {
                if let Some(again) = busy.get_mut(&session) {
                    *again = true;
                } else {
                    busy.insert(session.clone(), false);
                    work.push(look(session));
                }
            }
            Ok(_) => {}
            Err(RecvError::Lagged(missed)) => {
                tracing::debug!(
                    missed,
                    "sessions ended faster than they are looked after; they are after their next run"
                );
            }
            Err(RecvError::Closed) => return,
        }
    }
}

/// Whether any model summarises at all, remembered for a state of the catalog: without one no session is read (S1-135).
#[derive(Default)]
struct Summarises {
    known: Option<(u64, bool)>,
}

impl Summarises {
    fn anything(&mut self, app: &App) -> bool {
        if app.summary_model().is_some() {
            return true;
        }
        let view = app.catalog.view();
        let generation = view.generation();
        match self.known {
            Some((known, any)) if known == generation => any,
            _ => {
                let defaults = view.runtime().and_then(|runtime| runtime.defaults.as_ref());
                let of_runtime = defaults.is_some_and(|defaults| {
                    let of_context = |context: &troupe_crds::agent::Context| context.summary_model_ref.is_some();
                    defaults.summary_model_ref.is_some() || defaults.context.as_ref().is_some_and(of_context)
                });
                let any = of_runtime
                    || view
                        .list(Kind::Agent)
                        .filter_map(|entry| view.agent(&entry.name)?.context.as_ref())
                        .any(|context| context.summary_model_ref.is_some());
                self.known = Some((generation, any));
                any
            }
        }
    }
}

async fn look_after(app: &App, session: &str) {
    let row = match app.store.session_row(session).await {
        Ok(Some(row)) => row,
        Ok(None) => return,
        Err(error) => {
            tracing::warn!(session.id = session, error = %sentence(&error), "a session cannot be looked after");
            return;
        }
    };
    let policy = app.policy(&row);
    if policy.summary.is_empty() {
        return;
    }
    if wants_title(app, &row).await {
        give_title(app, session).await;
    }
    if row.last_total_tokens.is_some_and(|tokens| tokens > policy.max_tokens) {
        compact(app, session).await;
    }
}

async fn compact(app: &App, session: &str) {
    match app.compact(session).await {
        Ok(done) => tracing::debug!(session.id = session, ?done, "a long session was compacted"),
        Err(CompactError::NoModel) => {}
        Err(error) => {
            tracing::warn!(session.id = session, error = %sentence(&error), "a session stays as long as it is");
        }
    }
}

/// A session gets one generated title by itself, when its first long run is over; one that somebody gave, stays.
async fn wants_title(app: &App, row: &SessionRow) -> bool {
    if row.title_version > 0 || row.parent.is_some() {
        return false;
    }
    let newest = RunFilter { session: Some(row.id.clone()), limit: 1, ..RunFilter::default() };
    match app.store.runs(&newest).await {
        Ok(runs) => runs.first().is_some_and(|run| run.usage.total() > TITLE_FROM),
        Err(error) => {
            tracing::warn!(session.id = row.id, error = %sentence(&error), "a session's last run cannot be read");
            false
        }
    }
}

async fn give_title(app: &App, session: &str) {
    match app.generate_title(session).await {
        Ok(_) | Err(TitleError::Changed(_) | TitleError::NothingSaid(_)) => {}
        Err(error) => {
            tracing::warn!(session.id = session, error = %sentence(&error), "a session keeps its first title");
        }
    }
}
