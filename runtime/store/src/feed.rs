//! The feed of sessions' changes, for those who watch the list (S1-146).

use tokio::sync::broadcast;

/// How many changes a slow subscriber may lie behind before it is told that it missed some: a burst of all the runs
/// that end within a second of full load.
const BEHIND: usize = 4_096;

/// A change of a session, told after it was committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionChange {
    /// The session.
    pub session: String,
    /// What changed.
    pub change: SessionChanged,
}

/// What changed of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionChanged {
    /// Its status: `streaming`, `done_success_unread`, `done_error_unread` or `idle` (S1-145), or `waiting`.
    Status(String),
    /// Its title.
    Title(String),
    /// It was made without a run, pinned, put away, or got another folder.
    Kept {
        /// It is at the top of the list.
        pinned: bool,
        /// It is put away.
        archived: bool,
    },
    /// Its older turns became a summary.
    Compacted,
    /// It is gone.
    Deleted {
        /// Whose it was: no row says so any more.
        owner: String,
    },
}

/// Where changes are told.
#[derive(Clone, Debug)]
pub(crate) struct Feed(broadcast::Sender<SessionChange>);

impl Feed {
    pub(crate) fn new() -> Self {
        Self(broadcast::Sender::new(BEHIND))
    }

    /// Everything from here on.
    pub(crate) fn subscribe(&self) -> broadcast::Receiver<SessionChange> {
        self.0.subscribe()
    }

    /// Tells a change; nobody listening is no error.
    pub(crate) fn tell(&self, session: &str, change: SessionChanged) {
        if self.0.receiver_count() > 0 {
            drop(self.0.send(SessionChange { session: session.to_owned(), change }));
        }
    }
}
