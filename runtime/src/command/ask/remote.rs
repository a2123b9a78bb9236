//! Asking a service, over S1's stream.

use anyhow::{Context, bail};
use eventsource_stream::Eventsource;
use futures::StreamExt;
use serde_json::json;

use super::show::Show;
use super::{End, Question};
use crate::command::service::{CONNECT, Service};

/// Asks and shows what comes.
pub(super) async fn ask(service: &Service, question: Question, show: &mut Show) -> anyhow::Result<End> {
    let body = json!({"agent_id": question.agent, "text": question.text, "session_id": question.session});
    let response = tokio::select! {
        response = service.post(&["v1", "infer", "stream"], &body) => response?,
        _ = tokio::signal::ctrl_c() => return Ok(End::Interrupted),
    };
    let mut frames = std::pin::pin!(response.bytes_stream().eventsource());
    loop {
        let frame = tokio::select! {
            frame = frames.next() => frame,
            _ = tokio::signal::ctrl_c() => {
                abort(service, show.session()).await;
                return Ok(End::Interrupted);
            }
        };
        let Some(frame) = frame else { bail!("the service ended its answer before it was done") };
        let frame = frame.context("the connection to the service broke")?;
        if frame.data == "[DONE]" {
            return Ok(show.end());
        }
        show.frame(Some(frame.event.as_str()).filter(|event| *event != "message"), &frame.data);
    }
}

/// Ends the run. One without a session ends with its connection.
async fn abort(service: &Service, session: Option<&str>) {
    if let Some(session) = session {
        let body = json!({"session_id": session, "forced": true});
        // The program ends either way; a run that could not be ended goes on and can be looked at.
        let _ = tokio::time::timeout(CONNECT, service.post(&["v1", "infer", "abort"], &body)).await;
    }
}
