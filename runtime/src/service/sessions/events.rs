//! The feed of sessions' statuses and titles (S1-145 to S1-147, S1-150).

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use troupe_core::port::StoreError;
use troupe_store::{SessionChange, SessionChanged};

use crate::app::App;

/// What a reader of the feed is told, as S1's clients read it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum SessionEvent {
    /// The status of every session that is not idle; first of all, and again for a reader that fell behind.
    Init {
        /// Statuses by session.
        sessions: BTreeMap<String, String>,
    },
    /// A session's new status.
    Message {
        /// The session.
        session_id: String,
        /// `streaming`, `done_success_unread`, `done_error_unread` or `idle`; or (ours) `waiting` for an approval, an
        /// answer or a client's tool.
        status: String,
    },
    /// A session's new title.
    TitleUpdate {
        /// The session.
        session_id: String,
        /// The title.
        title: String,
    },
    /// A session was made without a run, pinned, put away, or got another folder (ours; S1's clients pass it over).
    Kept {
        /// The session.
        session_id: String,
        /// It is at the top of the list.
        pinned: bool,
        /// It is put away.
        archived: bool,
    },
    /// A session is gone (ours; S1's clients pass it over).
    Deleted {
        /// The session.
        session_id: String,
    },
}

/// A reader of the feed. Nothing waits for it: one that falls thousands of changes behind begins anew.
pub struct SessionEvents {
    app: Arc<App>,
    /// Whose sessions are told; `None` = everyone's.
    owner: Option<String>,
    changes: Receiver<SessionChange>,
    /// The statuses are to be told next.
    anew: bool,
}

impl SessionEvents {
    /// Reads one owner's, or everyone's, from now on.
    pub fn new(app: &Arc<App>, owner: Option<String>) -> Self {
        // Subscribed before the statuses are read: a change between the two is told twice rather than never.
        Self { app: Arc::clone(app), owner, changes: app.store.subscribe(), anew: true }
    }

    /// The next event; waits for it. `None` when the service stops.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn next(&mut self) -> Result<Option<SessionEvent>, StoreError> {
        loop {
            if self.anew {
                let statuses = self.app.store.statuses(self.owner.as_deref()).await?;
                self.anew = false;
                return Ok(Some(SessionEvent::Init { sessions: statuses.into_iter().collect() }));
            }
            let change = tokio::select! {
                () = self.app.shutdown.cancelled() => return Ok(None),
                change = self.changes.recv() => change,
            };
            match change {
                Ok(change) => {
                    if let Some(event) = event(&change)
                        && self.sees(&change).await?
                    {
                        return Ok(Some(event));
                    }
                }
                Err(RecvError::Lagged(_)) => self.anew = true,
                Err(RecvError::Closed) => return Ok(None),
            }
        }
    }

    /// Sub-agents' sessions are in no list, and others' are nobody's business.
    async fn sees(&self, change: &SessionChange) -> Result<bool, StoreError> {
        if is_sub_agents(&change.session) {
            return Ok(false);
        }
        // In folder mode everything belongs to whoever is there.
        let Some(owner) = self.owner.as_ref().filter(|owner| !owner.is_empty()) else { return Ok(true) };
        if let SessionChanged::Deleted { owner: was } = &change.change {
            return Ok(was == owner);
        }
        let row = self.app.store.session_row(&change.session).await?;
        Ok(row.is_some_and(|row| row.owner == *owner))
    }
}

/// Whether an id is that of a sub-agent's session: the engine makes them as `<session>/sub_<…>` (S1-123).
fn is_sub_agents(id: &str) -> bool {
    id.contains("/sub_")
}

fn event(change: &SessionChange) -> Option<SessionEvent> {
    let session_id = change.session.clone();
    Some(match &change.change {
        SessionChanged::Status(status) => SessionEvent::Message { session_id, status: status.clone() },
        SessionChanged::Title(title) => SessionEvent::TitleUpdate { session_id, title: title.clone() },
        SessionChanged::Kept { pinned, archived } => {
            SessionEvent::Kept { session_id, pinned: *pinned, archived: *archived }
        }
        SessionChanged::Deleted { .. } => SessionEvent::Deleted { session_id },
        SessionChanged::Compacted => return None,
    })
}
