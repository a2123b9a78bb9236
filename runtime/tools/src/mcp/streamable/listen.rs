//! Hears what the server says without being asked, above all that its tools changed.

use std::sync::Arc;
use std::time::Duration;

use troupe_bridge::Message;

use super::Session;
use crate::mcp::event_stream::EventStream;

/// Before the first attempt to open a broken stream again; doubled with each that fails.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// The longest pause. What was missed meanwhile is made up for by asking for the tools again.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// Listens until the session ends. A server without such a stream (405) is left in peace.
pub(super) async fn listen(session: Arc<Session>) {
    tokio::select! {
        () = session.peer.closed() => {}
        () = listen_on(&session) => {}
    }
}

async fn listen_on(session: &Session) {
    let mut pause = FIRST_PAUSE;
    let mut missed = false;
    loop {
        match session.get(None).await {
            Ok(response) => {
                pause = FIRST_PAUSE;
                if std::mem::replace(&mut missed, true) {
                    tools_may_have_changed(session);
                }
                hear(session, EventStream::new(response.into_body(), session.server.max_response_bytes)).await;
            }
            // Any answer but a stream means that there is none; a session that is gone shows itself at the next call.
            Err(Some(status)) if !status.is_server_error() => return,
            Err(_) => {}
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

async fn hear(session: &Session, mut events: EventStream) {
    while let Ok(Some(event)) = events.next().await {
        match Message::parse_all(event.data.as_bytes()) {
            Ok(messages) => messages.into_iter().for_each(|message| session.peer.receive(message)),
            Err(error) => tracing::debug!(error = %error, "skipped an event that is no message"),
        }
    }
}

fn tools_may_have_changed(session: &Session) {
    let method = "notifications/tools/list_changed".to_owned();
    session.peer.receive(Message::Notification { method, params: None });
}
