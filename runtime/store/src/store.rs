//! The store: opening and closing it, the core's ports, and what services read beside them.

#[cfg(test)]
mod faults;
mod open;
mod ports;

use std::sync::Arc;

use sqlx::AnyPool;
use sqlx::any::Any;
use sqlx::pool::PoolConnection;
use tokio::sync::broadcast;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;
use troupe_core::event::Recorded;
use troupe_core::id::{RunId, Timestamp};
use troupe_core::port::{Clock, Idempotency, RunState, StoreError};
use troupe_core::session::Turn;

use crate::abandoned::Abandoned;
use crate::blob::Blobs;
use crate::dialect::Dialect;
use crate::error::failed;
use crate::feed::{Feed, SessionChange, SessionChanged};
use crate::memory::{CompactionWrite, Introspection};
use crate::retention::{RetentionPolicy, Swept};
use crate::run::{RunFilter, RunRow, UsageFilter, UsageRow};
use crate::search::SearchHit;
use crate::session::{Edited, NewSession, Revocation, Revoked, SessionEdit, SessionFilter, SessionRow};
use crate::writer::Writer;
use crate::{idempotency, journal, memory, retention, run, search, session};

pub use open::StoreOptions;

/// Keeps runs, sessions, blobs and revisions. Cheap to clone; the last clone's end closes it, but only
/// [`Store::close`] waits for that.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    writer: Writer,
    readers: AnyPool,
    dialect: Arc<dyn Dialect>,
    feed: Feed,
    blobs: Blobs,
    abandoned: Abandoned,
    clock: Arc<dyn Clock>,
    tasks: TaskTracker,
    stop: CancellationToken,
    _stop_when_dropped: DropGuard,
}

impl Store {
    /// A connection that reads.
    async fn reader(&self, action: &'static str) -> Result<PoolConnection<Any>, StoreError> {
        self.inner.readers.acquire().await.map_err(failed(action))
    }

    /// Finishes what is being written and closes the database; later calls fail.
    pub async fn close(&self) {
        self.inner.stop.cancel();
        self.inner.readers.close().await;
        self.inner.writer.close().await;
        self.inner.tasks.close();
        self.inner.tasks.wait().await;
    }

    /// Changes of sessions from now on, each told after it was committed. Whoever lies thousands behind is told so and
    /// should read [`Store::statuses`] again.
    pub fn subscribe(&self) -> broadcast::Receiver<SessionChange> {
        self.inner.feed.subscribe()
    }

    /// A page of sessions, the one with the latest inference first; sub-agents' are left out (S1-137).
    pub async fn sessions(&self, filter: &SessionFilter) -> Result<Vec<SessionRow>, StoreError> {
        session::list(&mut *self.reader("list sessions").await?, filter).await
    }

    /// A session's row; `None` if there is no such session.
    pub async fn session_row(&self, id: &str) -> Result<Option<SessionRow>, StoreError> {
        session::get(&mut *self.reader("read a session").await?, id).await
    }

    /// A session's row with every turn (S1-138); `None` if there is no such session.
    pub async fn session_turns(&self, id: &str) -> Result<Option<(SessionRow, Vec<Turn>)>, StoreError> {
        let mut reader = self.reader("read a session").await?;
        let Some(row) = session::get(&mut reader, id).await? else { return Ok(None) };
        let turns = session::turns(&mut reader, &self.inner.blobs, id).await?;
        Ok(Some((row, turns)))
    }

    /// At most `limit` turns of a session that are later than `after`, oldest first; none where there is no such session.
    pub async fn turns(&self, id: &str, after: Timestamp, limit: usize) -> Result<Vec<Turn>, StoreError> {
        session::turns_after(&mut *self.reader("read turns").await?, &self.inner.blobs, id, after, limit).await
    }

    /// The status of every session that is not idle, by id; of one owner or of all (S1-146).
    pub async fn statuses(&self, owner: Option<&str>) -> Result<Vec<(String, String)>, StoreError> {
        let mut reader = self.reader("read the status of sessions").await?;
        session::statuses(&mut reader, owner.map(str::to_owned)).await
    }

    /// Sets a session's status; tells whether that changed it.
    pub async fn set_status(&self, id: &str, status: &str) -> Result<bool, StoreError> {
        self.change_status(id, status, false).await
    }

    /// Makes an unread session idle; tells whether it was unread (S1-144).
    pub async fn mark_read(&self, id: &str) -> Result<bool, StoreError> {
        self.change_status(id, "idle", true).await
    }

    async fn change_status(&self, id: &str, status: &str, unread_only: bool) -> Result<bool, StoreError> {
        let (session, word) = (id.to_owned(), status.to_owned());
        let changed = self.inner.writer.work("set the status of a session", move |connection| {
            Box::pin(async move { session::set_status(connection, &session, &word, unread_only).await })
        });
        let changed = changed.await?;
        if changed {
            self.inner.feed.tell(id, SessionChanged::Status(status.to_owned()));
        }
        Ok(changed)
    }

    /// Sets a session's title; with `expected` only if that is still its title's version, which is how a generated
    /// title never replaces one that a person gave meanwhile. Tells whether it did.
    ///
    /// # Errors
    /// [`StoreError::NoSession`].
    pub async fn set_title(&self, id: &str, title: &str, expected: Option<i64>) -> Result<bool, StoreError> {
        let (session, text, dialect) = (id.to_owned(), title.to_owned(), self.inner.dialect.clone());
        let changed = self.inner.writer.work("set the title of a session", move |connection| {
            Box::pin(async move { session::set_title(connection, &*dialect, &session, &text, expected).await })
        });
        let changed = changed.await?;
        if changed {
            self.inner.feed.tell(id, SessionChanged::Title(title.to_owned()));
        }
        Ok(changed)
    }

    /// Makes a session without turns.
    ///
    /// # Errors
    /// When the database fails; also for an id that is there.
    pub async fn create_session(&self, new: NewSession) -> Result<(), StoreError> {
        let (id, dialect) = (new.id.clone(), self.inner.dialect.clone());
        let made = self.inner.writer.work("make a session", move |connection| {
            Box::pin(async move { session::create(connection, &*dialect, &new).await })
        });
        made.await?;
        self.inner.feed.tell(&id, SessionChanged::Kept { pinned: false, archived: false });
        Ok(())
    }

    /// Changes what a person decides of a session; returns it as it is then.
    ///
    /// # Errors
    /// [`StoreError::NoSession`].
    pub async fn edit_session(&self, id: &str, edit: SessionEdit) -> Result<SessionRow, StoreError> {
        let (session, dialect) = (id.to_owned(), self.inner.dialect.clone());
        let edited = self.inner.writer.work("change a session", move |connection| {
            Box::pin(async move { session::edit(connection, &*dialect, &session, edit).await })
        });
        let Edited { row, titled, kept } = edited.await?;
        if titled {
            self.inner.feed.tell(id, SessionChanged::Title(row.title.clone()));
        }
        if kept {
            self.inner.feed.tell(id, SessionChanged::Kept { pinned: row.pinned, archived: row.archived });
        }
        Ok(row)
    }

    /// Deletes a session with its turns, memories and sub-agents' sessions. Its runs are left to retention.
    ///
    /// # Errors
    /// [`StoreError::NoSession`]; [`StoreError::SessionBusy`] while it has a run that is not over.
    pub async fn delete_session(&self, id: &str) -> Result<(), StoreError> {
        let (session, dialect) = (id.to_owned(), self.inner.dialect.clone());
        let deleted = self.inner.writer.work("delete a session", move |connection| {
            Box::pin(async move { session::delete(connection, &*dialect, &session).await })
        });
        let (gone, owner) = deleted.await?;
        for session in gone {
            self.inner.feed.tell(&session, SessionChanged::Deleted { owner: owner.clone() });
        }
        Ok(())
    }

    /// Deletes the user's turn at `at` and everything after it (S1-142, S1-143). `forced` does so though a run is
    /// active: its caller has ended that run, or is about to.
    ///
    /// # Errors
    /// [`StoreError::NoSession`]; [`StoreError::SessionBusy`]; [`Refusal::NoTurn`](crate::Refusal),
    /// [`Refusal::NotUserTurn`](crate::Refusal).
    pub async fn revoke(&self, id: &str, at: Timestamp, forced: bool) -> Result<Revoked, StoreError> {
        let asked = Revocation { session: id.to_owned(), at, forced, now: self.inner.clock.now() };
        let (dialect, blobs) = (self.inner.dialect.clone(), self.inner.blobs.clone());
        let revoked = self.inner.writer.work("revoke turns", move |connection| {
            Box::pin(async move { session::revoke(connection, &*dialect, &blobs, &asked).await })
        });
        revoked.await
    }

    /// Saves a summary and its memories, if the session's version is still what the compaction read; tells whether it
    /// did.
    ///
    /// # Errors
    /// [`StoreError::NoSession`].
    pub async fn save_compaction(&self, write: CompactionWrite) -> Result<bool, StoreError> {
        let session = write.session.clone();
        let saved = self
            .inner
            .writer
            .work("save a summary", move |connection| Box::pin(async move { memory::save(connection, &write).await }));
        let saved = saved.await?;
        if saved {
            self.inner.feed.tell(&session, SessionChanged::Compacted);
        }
        Ok(saved)
    }

    /// A session's summary and memories; `None` if there is no such session.
    pub async fn introspect(&self, id: &str) -> Result<Option<Introspection>, StoreError> {
        memory::introspect(&mut *self.reader("read a summary").await?, id).await
    }

    /// Finds words in titles and turns, the best first; of one owner's sessions or of all.
    pub async fn search(&self, owner: Option<&str>, words: &str, limit: usize) -> Result<Vec<SearchHit>, StoreError> {
        while self.index_turns().await? {}
        let mut reader = self.reader("search").await?;
        search::find(&mut reader, &*self.inner.dialect, &self.inner.blobs, owner, words, limit).await
    }

    /// Indexes some turns for [`Store::search`], which else has to do it first; tells whether there may be more.
    pub async fn index_turns(&self) -> Result<bool, StoreError> {
        let (dialect, blobs) = (self.inner.dialect.clone(), self.inner.blobs.clone());
        let more = self.inner.writer.work("index turns", move |connection| {
            Box::pin(async move { search::catch_up(connection, &*dialect, &blobs).await })
        });
        more.await
    }

    /// A run's row; `None` if there is no such run.
    pub async fn run(&self, id: RunId) -> Result<Option<RunRow>, StoreError> {
        run::get(&mut *self.reader("read a run").await?, id).await
    }

    /// A page of runs, newest first.
    pub async fn runs(&self, filter: &RunFilter) -> Result<Vec<RunRow>, StoreError> {
        run::list(&mut *self.reader("list runs").await?, filter).await
    }

    /// How many runs are queued, running or waiting; of one session or of all.
    pub async fn count_runs(&self, session: Option<&str>, state: RunState) -> Result<u64, StoreError> {
        run::count(&mut *self.reader("count runs").await?, session, state).await
    }

    /// At most `limit` events of a tree after number `after`, in order; none where there is no such run.
    pub async fn events(&self, root: RunId, after: u64, limit: usize) -> Result<Vec<Recorded>, StoreError> {
        journal::read_after(&mut *self.reader("read events").await?, &self.inner.blobs, root, after, limit).await
    }

    /// The run that the same call made in the last 24 hours; refuses another body under its key.
    pub async fn idempotent(&self, idempotency: &Idempotency) -> Result<Option<RunId>, StoreError> {
        let mut reader = self.reader("look up an idempotency key").await?;
        idempotency::find(&mut reader, idempotency, self.inner.clock.now()).await
    }

    /// Tokens and cost by target, model and day, latest day first.
    pub async fn usage(&self, filter: &UsageFilter) -> Result<Vec<UsageRow>, StoreError> {
        run::usage_by_day(&mut *self.reader("sum usage").await?, filter).await
    }

    /// Deletes what is older than `policy` says at `now`, in small transactions; and indexes for [`Store::search`] what
    /// is not yet, so that no search has to do much of it.
    pub async fn sweep(&self, policy: RetentionPolicy, now: Timestamp) -> Result<Swept, StoreError> {
        while self.index_turns().await? {}
        let mut reader = self.reader("delete what is old").await?;
        retention::sweep(&self.inner.writer, &mut reader, &self.inner.blobs, policy, now).await
    }
}
