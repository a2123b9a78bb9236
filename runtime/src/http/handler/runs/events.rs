//! A run's events: followed as a stream, or read in pages.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use troupe_core::id::RunId;
use troupe_core::stream::{ItemId, NotAnItemId};
use utoipa::{IntoParams, ToSchema};

use super::{page, wrong};
use crate::app::App;
use crate::frame::Framer;
use crate::frame::event::RunEvent;
use crate::frame::resume::Resuming;
use crate::frame::s1::{About, S1Framer};
use crate::frame::typed::TypedFramer;
use crate::http::error::{Problem, ProblemBody};
use crate::http::extract::{Id, Params};
use crate::http::sse;
use crate::service::rights::Asker;

/// How a run's events are read.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EventParams {
    /// `typed` (default), or `s1`: the frames of `/v1/infer/stream`.
    format: Option<String>,
    /// The last id received; the header `Last-Event-ID` wins.
    last_event_id: Option<String>,
    /// Answer with a page of JSON: the events behind this id; `0.0` for the first page.
    after: Option<String>,
    /// The most events of a page of JSON; 50, at most 500.
    limit: Option<usize>,
}

/// A page of a run's events.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventPage {
    /// The events.
    pub events: Vec<RunEvent>,
    /// What to send as `after` for the next page.
    pub next: String,
    /// Whether the run is over and nothing follows.
    pub done: bool,
}

fn item_id(field: &str, text: &str) -> Result<ItemId, Problem> {
    text.parse().map_err(|error: NotAnItemId| wrong(field, &error.to_string()))
}

/// Follow a run
///
/// Server-sent events, each one `RunEvent` as JSON with its id; ends with the run. `Last-Event-ID` goes on behind an id
/// without loss or repetition. With `after` a page of JSON instead.
#[utoipa::path(get, path = "/v1/runs/{id}/events", tag = "runs",
    params(("id" = String, Path, description = "The run"), EventParams,
           ("Last-Event-ID" = Option<String>, Header, description = "The last id received")),
    responses((status = 200, description = "The events",
               content((RunEvent = "text/event-stream"), (EventPage = "application/json"))),
              (status = "4XX", description = "Why not", body = ProblemBody)))]
pub(super) async fn events(
    State(app): State<Arc<App>>,
    asker: Asker,
    Id(id): Id,
    Params(params): Params<EventParams>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (run, limit) = (app.run_for(&asker, &id, "get").await?, page(params.limit)?);
    if let Some(after) = &params.after {
        let after = item_id("after", after)?;
        return event_page(&app, run, after, limit).await;
    }
    let header = headers.get("last-event-id").and_then(|id| id.to_str().ok()).filter(|id| !id.is_empty());
    let last = match (header, params.last_event_id.as_deref()) {
        (Some(id), _) => Some(item_id("Last-Event-ID", id)?),
        (None, Some(id)) => Some(item_id("last_event_id", id)?),
        (None, None) => None,
    };
    let typed = match params.format.as_deref() {
        None | Some("typed") => true,
        Some("s1") => false,
        Some(_) => return Err(wrong("format", "use typed or s1")),
    };
    let (subscription, snapshot) = app.follow(run).await?;
    let framer: Box<dyn Framer> = if typed {
        Box::new(TypedFramer::new(run, snapshot))
    } else {
        let title = app.title_of(run).await?;
        Box::new(S1Framer::new(run, snapshot, About { title, has_system_prompt: false }))
    };
    let framer = match last {
        Some(last) => Box::new(Resuming::new(framer, last)),
        None => framer,
    };
    Ok(sse::stream(subscription, framer, None))
}

/// A page never splits the events of one cause: they share an id.
async fn event_page(app: &Arc<App>, run: RunId, after: ItemId, limit: usize) -> Result<Response, Problem> {
    let (mut subscription, snapshot) = app.follow(run).await?;
    let mut framer = TypedFramer::new(run, snapshot);
    let (mut events, mut next) = (Vec::new(), after);
    while events.len() < limit {
        let Some(item) = subscription.ready() else { break };
        let mut of_item = Vec::new();
        framer.take(&item, &mut of_item);
        if item.id() > after {
            events.extend(of_item);
            next = item.id();
        }
    }
    let done = subscription.is_over();
    Ok(Json(EventPage { events, next: next.to_string(), done }).into_response())
}
