//! Sessions: the list, one of them, its end, revoking turns, reading, searching (S1-137 to S1-145).

pub mod edit;
pub mod events;
pub mod retention;
pub mod title;

use serde::Deserialize;
use troupe_core::engine::{Command, CommandError};
use troupe_core::id::{RunId, Timestamp};
use troupe_core::message::Role;
use troupe_core::port::{RunState, StoreError};
use troupe_core::session::Turn;
use troupe_store::{Refusal, Revoked, RunFilter, SearchHit, SessionCursor, SessionFilter, SessionRow};

use crate::app::App;
use crate::http::error::Problem;
use crate::service::page::{DEFAULT_LIMIT, MOST};
use crate::service::rights::Asker;
use crate::wire::{parse_timestamp, timestamp};

/// How often a forced revoke ends the session's runs before it gives up: somebody keeps starting new ones.
const ATTEMPTS: usize = 3;

/// The query of a list whose order is the store's.
#[derive(Clone, Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Window {
    /// How many items; at most 500.
    pub limit: Option<usize>,
    /// Where the page before ended.
    pub cursor: Option<String>,
}

impl Window {
    /// The limit, if there is one and it is in bounds.
    fn limit(&self) -> Result<Option<usize>, Problem> {
        match self.limit {
            Some(limit) if !(1..=MOST).contains(&limit) => {
                Err(Problem::bad_request(format!("Invalid value for field limit: use 1 to {MOST}")))
            }
            limit => Ok(limit),
        }
    }

    fn cursor<T>(&self, read: impl Fn(&str) -> Option<T>) -> Result<Option<T>, Problem> {
        let cursor = self.cursor.as_deref().filter(|cursor| !cursor.is_empty());
        cursor.map(|cursor| read(cursor).ok_or_else(|| wrong_cursor(cursor))).transpose()
    }
}

fn wrong_cursor(cursor: &str) -> Problem {
    let shown: String = cursor.chars().take(60).collect();
    Problem::bad_request(format!("Invalid value for field cursor: {shown:?}; send next_cursor as it was answered"))
}

/// S1's body of a revoke (S1-142).
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
pub struct RevokeInput {
    /// The time of the user's message that goes, with everything after it.
    pub timestamp: Option<String>,
    /// End the session's runs first.
    #[serde(default)]
    pub forced: Option<bool>,
    /// Accepted: files are never changed by a revoke.
    #[serde(default)]
    pub keep_files: Option<bool>,
}

impl App {
    /// The sessions that `asker` may see, the one with the latest inference first: all of them without a limit, else
    /// a page, with the cursor of the next one where there is one; with `archived` only those that are put away, or
    /// that are not.
    pub async fn sessions(
        &self,
        asker: &Asker,
        window: &Window,
        archived: Option<bool>,
    ) -> Result<(Vec<SessionRow>, Option<String>), Problem> {
        let limit = window.limit()?;
        let after = window.cursor(|cursor| {
            let (at, id) = cursor.split_once('.')?;
            Some(SessionCursor { last_inference_at: at.parse().ok()?, id: id.to_owned() })
        })?;
        // One more than asked for tells whether there is a next page.
        let (owner, limit_and_one) = (self.whose(asker).await?, limit.map(|limit| limit + 1));
        let filter = SessionFilter { owner, archived, after, limit: limit_and_one };
        let mut rows = self.store.sessions(&filter).await?;
        let more = limit.is_some_and(|limit| rows.len() > limit);
        rows.truncate(limit.unwrap_or(usize::MAX));
        let next = rows.last().filter(|_| more).map(|row| format!("{}.{}", row.last_inference_at, row.id));
        Ok((rows, next))
    }

    /// A session to which `asker` may do something: one's own, or by a right on `sessions`.
    pub async fn session(&self, asker: &Asker, id: &str, verb: &'static str) -> Result<SessionRow, Problem> {
        let missing = || Problem::from(StoreError::NoSession(id.to_owned()));
        let row = self.store.session_row(id).await?.ok_or_else(missing)?;
        self.may_reach(asker, &row.owner, (verb, Some(id)), missing).await?;
        Ok(row)
    }

    /// A session with every turn (S1-138). Reading does not make it read.
    pub async fn conversation(&self, asker: &Asker, id: &str) -> Result<(SessionRow, Vec<Turn>), Problem> {
        let missing = || Problem::from(StoreError::NoSession(id.to_owned()));
        let found = self.store.session_turns(id).await?.ok_or_else(missing)?;
        self.may_reach(asker, &found.0.owner, ("get", Some(id)), missing).await?;
        Ok(found)
    }

    /// A page of a session's turns, oldest first, and the cursor of the next one where there is one.
    pub async fn messages(
        &self,
        asker: &Asker,
        id: &str,
        window: &Window,
    ) -> Result<(Vec<Turn>, Option<String>), Problem> {
        let limit = window.limit()?.unwrap_or(DEFAULT_LIMIT);
        let after = window.cursor(parse_timestamp)?.unwrap_or(0);
        self.session(asker, id, "get").await?;
        let mut turns = self.store.turns(id, after, limit + 1).await?;
        let more = turns.len() > limit;
        turns.truncate(limit);
        let next = turns.last().filter(|_| more).map(|turn| timestamp(turn.at));
        Ok((turns, next))
    }

    /// Deletes a session; 409 while it has a run.
    pub async fn delete_session(&self, asker: &Asker, id: &str) -> Result<(), Problem> {
        let found = self.session(asker, id, "delete").await;
        let is_missing = |problem: &Problem| problem.status() == http::StatusCode::NOT_FOUND;
        if found.as_ref().is_err_and(is_missing) && (id.contains(['/', '\\']) || id.contains("..")) {
            // S1-139. A sub-agent's session, which has such an id, is found.
            return Err(Problem::bad_request(format!("Invalid session id: {id:?}")));
        }
        found?;
        self.store.delete_session(id).await.map_err(refused)
    }

    /// Deletes a user's message and everything after it (S1-142).
    pub async fn revoke(&self, asker: &Asker, id: &str, input: RevokeInput) -> Result<Revoked, Problem> {
        let text = input.timestamp.filter(|text| !text.trim().is_empty());
        let text = text.ok_or_else(|| Problem::missing_field("timestamp"))?;
        let at = parse_timestamp(&text).ok_or_else(|| no_message(&text))?;
        self.session(asker, id, "delete").await?;
        let forced = input.forced.unwrap_or(false);
        if forced {
            self.check_message(id, at).await?;
        } else if self.engine.active(id).is_some() {
            return Err(StoreError::SessionBusy(id.to_owned()).into());
        }
        for _ in 0..ATTEMPTS {
            if forced {
                self.end_runs(id).await?;
            }
            // Though runs were ended, the store looks again: one that began since has read the turns that are to go.
            match self.store.revoke(id, at, false).await {
                Err(StoreError::SessionBusy(_)) if forced => {}
                Err(error) => return Err(refused(error)),
                Ok(revoked) => return Ok(revoked),
            }
        }
        Err(StoreError::SessionBusy(id.to_owned()).into())
    }

    /// No run is ended for a revoke that is wrong.
    async fn check_message(&self, id: &str, at: Timestamp) -> Result<(), Problem> {
        let found = self.store.turns(id, at.saturating_sub(1), 1).await?;
        let fits = |turn: &Turn| turn.at == at && turn.role == Role::User;
        if found.first().is_some_and(fits) { Ok(()) } else { Err(no_message(&timestamp(at))) }
    }

    /// Ends every run of a session, those that wait in its queue first, and waits until they are over.
    async fn end_runs(&self, id: &str) -> Result<(), Problem> {
        let by = "its conversation was revoked";
        self.cancel_queued(id, by).await?;
        if let Some(run) = self.engine.active(id) {
            self.end_run(run, by).await?;
            self.tools.kill(run);
            // Its stream ends after its last commit: what it left in the session is there then.
            if let Some(mut subscription) = self.engine.subscribe(run, None).await? {
                while subscription.next().await.is_some() {}
            }
        }
        Ok(())
    }

    /// Cancels what waits in a session's queue; says whether anything did.
    pub(crate) async fn cancel_queued(&self, session: &str, by: &str) -> Result<bool, Problem> {
        let session = Some(session.to_owned());
        let queued = RunFilter { session, state: Some(RunState::Queued), limit: MOST, ..RunFilter::default() };
        let queued = self.store.runs(&queued).await?;
        for run in &queued {
            self.end_run(run.id, by).await?;
        }
        Ok(!queued.is_empty())
    }

    async fn end_run(&self, run: RunId, by: &str) -> Result<(), Problem> {
        let cancel = Command::Cancel { by: by.to_owned(), forced: true };
        match self.engine.command(run, cancel).await {
            // One that ended by itself meanwhile is what was wanted.
            Ok(()) | Err(CommandError::NoRun(_) | CommandError::Conflict(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Makes an unread session idle (S1-144); one that is not there has nothing unread.
    pub async fn read_session(&self, asker: &Asker, id: &str) -> Result<(), Problem> {
        match self.session(asker, id, "update").await {
            Ok(_) => Ok(self.store.mark_read(id).await.map(drop)?),
            Err(problem) if problem.status() == http::StatusCode::NOT_FOUND => Ok(()),
            Err(problem) => Err(problem),
        }
    }

    /// Finds words in titles and turns, the best first.
    pub async fn search_sessions(
        &self,
        asker: &Asker,
        words: &str,
        limit: Option<usize>,
    ) -> Result<Vec<SearchHit>, Problem> {
        let limit = Window { limit, cursor: None }.limit()?.unwrap_or(DEFAULT_LIMIT);
        if words.trim().is_empty() {
            return Err(Problem::missing_field("q"));
        }
        Ok(self.store.search(self.whose(asker).await?.as_deref(), words, limit).await?)
    }
}

fn no_message(timestamp: &str) -> Problem {
    let shown: String = timestamp.chars().take(60).collect();
    let detail =
        format!("No user message with timestamp {shown:?}; use the timestamp of one of the session's messages");
    Problem::bad_request(detail)
}

/// The store's own refusals in words for callers.
fn refused(error: StoreError) -> Problem {
    match Refusal::of(&error) {
        Some(Refusal::NoTurn { at, .. } | Refusal::NotUserTurn { at, .. }) => no_message(&timestamp(*at)),
        _ => error.into(),
    }
}
