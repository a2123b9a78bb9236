//! Puts what happened into the store, with what changes in the same transaction; then shows it.

use std::sync::Arc;

use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt};

use super::{Actor, Ended, Journal, earliest};
use crate::agent::{PinnedSnapshot, Snapshot};
use crate::engine::row::{first_lease, row_state};
use crate::event::{Event, Outcome, Recorded};
use crate::port::{Append, Created, NewRun, RunState, SessionSeed, SessionWrite, StateChange, StoreError};
use crate::run::{Effect, Run};
use crate::session::{self, Turn};
use crate::stream::Item;

impl Actor {
    /// Puts a batch into the store, with what changes in the same transaction, then shows it. While the commit is under
    /// way, what models and tools send is taken off their hands, and kept for afterwards.
    pub(super) async fn commit(&mut self, batch: Vec<Recorded>, effects: &[Effect]) -> Result<(), Ended> {
        let waiting = self.is_waiting(effects);
        if batch.is_empty() && waiting == self.said_waiting {
            return Ok(());
        }
        let write = self.write(&batch, effects, waiting);
        if let Some(write) = write {
            let mut write = write;
            let result = loop {
                tokio::select! {
                    biased;
                    result = &mut write => break result,
                    Some(signal) = self.signals.next(), if !self.signals.is_empty() => self.stash.push_back(signal),
                }
            };
            self.committed(result)?;
        }
        self.said_waiting = waiting;
        self.session_waits = waiting;
        for recorded in batch {
            self.pieces = 0;
            self.engine.ports.observer.recorded(&self.tree, &recorded);
            self.stream.publish(Item::Event(Arc::new(recorded)));
        }
        Ok(())
    }

    fn is_waiting(&self, effects: &[Effect]) -> bool {
        self.tree.outcome().is_none()
            && self.pending.is_empty()
            && !effects.is_empty()
            && effects.iter().all(Effect::is_waiting)
            && self.underway.is_empty()
    }

    /// The commit of a batch; `None` for a stateless run, until it waits for its caller: from then on it is journalled.
    fn write(
        &mut self,
        batch: &[Recorded],
        effects: &[Effect],
        waiting: bool,
    ) -> Option<BoxFuture<'static, Result<Created, StoreError>>> {
        let store = Arc::clone(&self.engine.ports.store);
        match std::mem::replace(&mut self.journal, Journal::Append { epoch: 1 }) {
            Journal::None if !waiting => {
                self.journal = Journal::None;
                None
            }
            Journal::None => Some(self.write_whole(batch, effects)),
            Journal::Create(mut new) => {
                new.turns = self.turns(batch).into_iter().flat_map(|write| write.turns).collect();
                new.events = batch.to_vec();
                if let Some(change) = self.change(batch, effects, waiting) {
                    new.state = change.state;
                }
                Some(async move { store.create(*new).await }.boxed())
            }
            Journal::Append { epoch } => {
                self.journal = Journal::Append { epoch };
                let append = Append {
                    root: self.tree.root,
                    epoch,
                    events: batch.to_vec(),
                    snapshots: std::mem::take(&mut self.snapshots),
                    state: self.change(batch, effects, waiting),
                    sessions: self.sessions(batch, waiting),
                };
                Some(async move { store.append(append).await.map(|()| Created::New) }.boxed())
            }
        }
    }

    /// The first commit of a stateless run that waits for its caller from now on.
    fn write_whole(
        &mut self,
        batch: &[Recorded],
        effects: &[Effect],
    ) -> BoxFuture<'static, Result<Created, StoreError>> {
        let store = Arc::clone(&self.engine.ports.store);
        let new = self.promote(batch);
        // A new row has no time at which it is looked at again: this tells it.
        let sleep = Append {
            root: self.tree.root,
            epoch: 1,
            events: Vec::new(),
            snapshots: std::mem::take(&mut self.snapshots),
            state: self.change(batch, effects, true),
            sessions: Vec::new(),
        };
        let write = async move {
            let created = store.create(new?).await?;
            store.append(sleep).await?;
            Ok(created)
        };
        write.boxed()
    }

    /// A stateless run that waits for its caller's tools becomes a journalled one, with everything that it is so far.
    fn promote(&mut self, batch: &[Recorded]) -> Result<NewRun, StoreError> {
        let mut events = Vec::new();
        let mut reader = self.stream.subscribe(None);
        while let Some(item) = reader.ready() {
            if let Item::Event(recorded) = item {
                events.push(Recorded::clone(&recorded));
            }
        }
        events.extend_from_slice(batch);
        self.tree.ephemeral = false;
        self.decided = None;
        let missing = || StoreError::Database {
            action: "journal a run without its snapshot",
            source: "the snapshot is not known".into(),
        };
        let run = self.tree.root_run().ok_or_else(missing)?;
        let snapshot = self.tree.snapshot(&run.accepted.snapshot).ok_or_else(missing)?;
        let snapshot = PinnedSnapshot::new(Snapshot::clone(snapshot)).map_err(|_| missing())?;
        Ok(NewRun {
            root: self.tree.root,
            snapshot,
            session: None,
            idempotency: None,
            owner: run.accepted.user.clone(),
            kind: if run.accepted.agent.is_empty() { "adhoc" } else { "agent" }.to_owned(),
            target: target_of(run),
            state: RunState::Running,
            lease: Some(first_lease(&self.engine)),
            now: self.tree.last_at,
            turns: Vec::new(),
            events,
        })
    }

    fn committed(&mut self, result: Result<Created, StoreError>) -> Result<(), Ended> {
        let accepted = self.accepted.take();
        let ended = match &result {
            Ok(Created::Existing(run)) => Some(Ended::Existing(*run)),
            Ok(Created::New) | Err(_) => None,
        };
        match (result, accepted) {
            (Ok(created), Some(accepted)) => {
                // Whoever started the run may be gone by now; the run goes on.
                let _ = accepted.send(Ok(created));
            }
            (Err(error), Some(accepted)) => {
                let _ = accepted.send(Err(error));
                self.drop_underway();
                return Err(Ended::HandedBack);
            }
            (Err(error), None) => {
                self.drop_underway();
                return Err(Ended::Refused(error));
            }
            (Ok(_), None) => {}
        }
        match ended {
            Some(ended) => {
                self.drop_underway();
                Err(ended)
            }
            None => Ok(()),
        }
    }

    fn change(&self, batch: &[Recorded], effects: &[Effect], waiting: bool) -> Option<StateChange> {
        let state = row_state(waiting, batch, self.tree.root)?;
        Some(StateChange {
            state,
            outcome: self.tree.outcome().cloned(),
            usage: self.tree.usage,
            cost: self.tree.cost,
            wake_at: earliest(effects).filter(|_| waiting),
            at: self.tree.last_at,
        })
    }

    /// What a batch does to sessions: their turns, and that the root's waits for a person, or does so no longer.
    fn sessions(&self, batch: &[Recorded], waiting: bool) -> Vec<SessionWrite> {
        let mut writes = self.turns(batch);
        let root = self.tree.root_run().filter(|run| run.started_at.is_some() && run.outcome.is_none());
        let Some(session) = root.and_then(|run| run.accepted.session.as_ref()) else { return writes };
        if waiting == self.session_waits {
            return writes;
        }
        let status = Some(if waiting { "waiting" } else { "streaming" }.to_owned());
        match writes.iter_mut().find(|write| write.session == *session) {
            Some(write) => write.status = status,
            None => writes.push(SessionWrite {
                session: session.clone(),
                create: None,
                turns: Vec::new(),
                last_total_tokens: None,
                status,
                at: self.tree.last_at,
            }),
        }
        writes
    }

    /// The turns that a batch puts into sessions: the caller's when a run starts, the others when it ends.
    fn turns(&self, batch: &[Recorded]) -> Vec<SessionWrite> {
        let mut writes: Vec<SessionWrite> = Vec::new();
        for recorded in batch {
            let Some(run) = self.tree.runs.get(&recorded.run) else { continue };
            let Some(session) = run.accepted.session.as_ref().filter(|_| run.started_at.is_some()) else { continue };
            let (turns, status): (Vec<Turn>, _) = match &recorded.event {
                Event::RunStarted { .. } => (run.input.clone(), "streaming"),
                Event::RunFinished { outcome: Outcome::Failed { .. } } => (run.transcript.clone(), "done_error_unread"),
                Event::RunFinished { outcome: Outcome::Cancelled { .. } } if forced(run) => {
                    (run.transcript.clone(), "done_error_unread")
                }
                Event::RunFinished { .. } => (run.transcript.clone(), "done_success_unread"),
                _ => continue,
            };
            let finished = matches!(recorded.event, Event::RunFinished { .. });
            let last_total_tokens = (finished && run.steps > 0).then(|| run.last_usage.total());
            if let Some(write) = writes.iter_mut().find(|write| write.session == *session) {
                write.turns.extend(turns);
                write.status = Some(status.to_owned());
                write.last_total_tokens = last_total_tokens;
                continue;
            }
            let create = self.seeds.get(&run.id).filter(|_| matches!(recorded.event, Event::RunStarted { .. }));
            writes.push(SessionWrite {
                session: session.clone(),
                create: create.map(|parent| SessionSeed { title: session::title(&run.input), parent: parent.clone() }),
                turns,
                last_total_tokens,
                status: Some(status.to_owned()),
                at: recorded.at,
            });
        }
        writes
    }
}

/// The agent's name; the model's for an ad-hoc composition.
fn target_of(run: &Run) -> String {
    let model = || Some(run.agent.as_ref()?.models.first()?.name.clone());
    Some(run.accepted.agent.clone()).filter(|name| !name.is_empty()).or_else(model).unwrap_or_default()
}

fn forced(run: &Run) -> bool {
    run.cancel.as_ref().is_some_and(|cancel| cancel.forced)
}
