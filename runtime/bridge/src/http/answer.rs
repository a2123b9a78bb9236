//! The answer to a `POST` with a request: JSON where it comes soon, an event stream where it takes time or has news on the way.

use std::convert::Infallible;
use std::pin::Pin;
use std::time::Duration;

use axum::http::{HeaderMap, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::stream;
use serde_json::Value;
use tokio::sync::mpsc;

use super::stream::KEEP_ALIVE;
use crate::message::{Message, raw};
use crate::peer::Progress;

/// Later than this, bytes must flow so that no proxy takes the connection for dead.
const SOON: Duration = Duration::from_secs(5);

/// A request under way.
pub(super) struct Call {
    /// Its answer, as a line of JSON.
    pub(super) answer: Pin<Box<dyn Future<Output = String> + Send>>,
    /// Its progress, and the token under which the client wants it.
    pub(super) progress: mpsc::Receiver<Progress>,
    /// See `progress`.
    pub(super) token: Option<Value>,
    /// Requests of the server for the client.
    pub(super) requests: mpsc::Receiver<String>,
}

enum Step {
    News(String),
    Answer(String),
}

impl Call {
    /// Progress first, so that none comes after the answer.
    async fn step(&mut self) -> Step {
        tokio::select! {
            biased;
            Some(progress) = self.progress.recv() => Step::News(self.progress_line(progress)),
            Some(request) = self.requests.recv() => Step::News(request),
            answer = &mut self.answer => Step::Answer(answer),
        }
    }

    fn progress_line(&self, Progress(mut params): Progress) -> String {
        if let Some(token) = &self.token {
            params.insert("progressToken".to_owned(), token.clone());
        }
        Message::Notification { method: "notifications/progress".to_owned(), params: Some(raw(&params)) }.to_line()
    }

    /// The HTTP answer. A client that accepts no event stream gets JSON however long it takes.
    pub(super) async fn respond(mut self, headers: &HeaderMap) -> Response {
        let streams = accepts(headers, "text/event-stream");
        let first = loop {
            let step = tokio::select! {
                step = self.step() => Some(step),
                () = tokio::time::sleep(SOON), if streams => None,
            };
            match step {
                Some(Step::Answer(answer)) => return json(answer),
                Some(Step::News(news)) if streams => break Some(news),
                Some(Step::News(_)) => {}
                None => break None,
            }
        };
        let events = stream::unfold((Some(self), first), |(call, news)| async move {
            let mut call = call?;
            if let Some(news) = news {
                return Some((Ok::<_, Infallible>(event(news)), (Some(call), None)));
            }
            match call.step().await {
                Step::News(news) => Some((Ok::<_, Infallible>(event(news)), (Some(call), None))),
                Step::Answer(answer) => Some((Ok(event(answer)), (None, None))),
            }
        });
        Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response()
    }
}

fn event(line: String) -> Event {
    Event::default().data(line)
}

/// An answer of one message.
pub(super) fn json(line: String) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], line).into_response()
}

/// Whether the client reads this media type. Quality values are not looked at: a `q=0` is unheard of here.
pub(super) fn accepts(headers: &HeaderMap, wanted: &str) -> bool {
    let (kind, _) = wanted.split_once('/').unwrap_or((wanted, ""));
    headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|range| range.split(';').next())
        .map(str::trim)
        .any(|range| range.eq_ignore_ascii_case(wanted) || range == "*/*" || range == format!("{kind}/*"))
}
