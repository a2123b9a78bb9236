//! What creates and appends do to sessions, made ready for the batch.

use serde_json::Value;
use troupe_core::id::{ContentHash, Timestamp};
use troupe_core::message::Role;
use troupe_core::port::{NewRun, RunState, SessionWrite, StoreError};
use troupe_core::session::Turn;

use crate::error::{Refusal, failed};
use crate::payload::{self, Payload};
use crate::rows::{Cell, Rows};
use crate::run::signed;

/// What a write does to one session.
pub(crate) struct SessionPart {
    pub(crate) id: String,
    /// It may be created.
    pub(crate) create: bool,
    pub(crate) turns: Vec<TurnPart>,
    pub(crate) status: Option<String>,
    /// `None` = the parent's.
    owner: Option<String>,
    parent: Option<String>,
    title: String,
    meta: Option<String>,
    tokens: Option<u64>,
    at: Timestamp,
}

/// A turn, made ready.
pub(crate) struct TurnPart {
    pub(crate) at: Timestamp,
    /// What is stored before it.
    pub(crate) payloads: Vec<Payload>,
    /// The addresses of these.
    pub(crate) blobs: Vec<ContentHash>,
    role: &'static str,
    body: String,
}

impl SessionPart {
    /// What a new run does to its session.
    pub(crate) fn of_run(run: &NewRun) -> Result<Vec<Self>, StoreError> {
        let Some(session) = &run.session else { return Ok(Vec::new()) };
        let turns = turn_parts(&session.id, &run.turns)?;
        Ok(vec![Self {
            id: session.id.clone(),
            create: session.create,
            turns,
            status: match run.state {
                RunState::Running => Some("streaming".to_owned()),
                RunState::Waiting => Some("waiting".to_owned()),
                _ => None,
            },
            owner: Some(run.owner.clone()),
            parent: session.parent.clone(),
            title: session.title.clone(),
            meta: (!session.meta.is_empty()).then(|| Value::Object(session.meta.clone()).to_string()),
            tokens: None,
            at: run.now,
        }])
    }

    /// What an append does to sessions; several writes to one become one.
    pub(crate) fn of_append(writes: Vec<SessionWrite>) -> Result<Vec<Self>, StoreError> {
        let mut parts: Vec<Self> = Vec::with_capacity(writes.len());
        for write in writes {
            let mut turns = turn_parts(&write.session, &write.turns)?;
            if let Some(part) = parts.iter_mut().find(|part| part.id == write.session) {
                if let (Some(last), Some(first)) = (part.turns.last(), turns.first())
                    && last.at >= first.at
                {
                    return Err(Refusal::TurnOrder { session: write.session }.refuse("write turns"));
                }
                part.turns.append(&mut turns);
                part.tokens = write.last_total_tokens.or(part.tokens);
                part.status = write.status.or_else(|| part.status.take());
                part.at = write.at;
                continue;
            }
            let create = write.create.is_some();
            let (title, parent) = write.create.map(|seed| (seed.title, seed.parent)).unzip();
            parts.push(Self {
                id: write.session,
                create,
                turns,
                status: write.status,
                owner: None,
                parent,
                title: title.unwrap_or_default(),
                meta: None,
                tokens: write.last_total_tokens,
                at: write.at,
            });
        }
        Ok(parts)
    }

    /// Adds the session's row and its turns, and what these keep elsewhere.
    pub(crate) fn push(&self, sessions: &mut Rows, turns: &mut Rows, blobs: &mut Rows) {
        sessions.push(&[
            self.id.as_str().into(),
            self.owner.as_deref().into(),
            self.parent.as_deref().into(),
            self.title.as_str().into(),
            self.meta.as_deref().unwrap_or("").into(),
            self.status.as_deref().unwrap_or("").into(),
            self.at.into(),
            self.turns.last().map_or(0, |turn| turn.at).into(),
            i64::try_from(self.turns.len()).unwrap_or(i64::MAX).into(),
            self.tokens.map(signed).into(),
        ]);
        for turn in &self.turns {
            turns.push(&[self.id.as_str().into(), turn.at.into(), turn.role.into(), Cell::Long(&turn.body)]);
            for hash in &turn.blobs {
                blobs.push(&[self.id.as_str().into(), turn.at.into(), hash.0.as_str().into()]);
            }
        }
    }
}

/// Makes turns ready; refuses those that are not in order.
fn turn_parts(session: &str, turns: &[Turn]) -> Result<Vec<TurnPart>, StoreError> {
    if turns.windows(2).any(|pair| pair[0].at >= pair[1].at) || turns.first().is_some_and(|turn| turn.at <= 0) {
        return Err(Refusal::TurnOrder { session: session.to_owned() }.refuse("write turns"));
    }
    turns
        .iter()
        .map(|turn| {
            let packed = payload::pack(turn).map_err(failed("write a turn as JSON"))?;
            Ok(TurnPart {
                at: turn.at,
                payloads: packed.payloads,
                blobs: Vec::new(),
                role: role(turn.role),
                body: packed.body,
            })
        })
        .collect()
}

fn role(role: Role) -> &'static str {
    match role {
        Role::System => "system",
        Role::User => "user",
        Role::Assistant => "assistant",
        Role::Tool => "tool",
    }
}
