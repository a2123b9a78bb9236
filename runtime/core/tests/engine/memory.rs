//! A store in memory that can die at any commit, and keeps what it acknowledged for the next process.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::Notify;
use troupe_core::agent::PinnedSnapshot;
use troupe_core::event::Recorded;
use troupe_core::id::{ContentHash, RunId, Timestamp};
use troupe_core::port::{
    Append, Census, Claim, Created, Idempotency, Journal, Lease, NewRun, RunState, RunStore, SessionWrite, StoreError,
};
use troupe_core::session::{SessionContext, Turn};

/// What survives a process.
#[derive(Debug, Default)]
pub(crate) struct Disk {
    pub runs: BTreeMap<RunId, Row>,
    pub sessions: BTreeMap<String, Vec<Turn>>,
    pub parents: BTreeMap<String, String>,
    pub snapshots: HashMap<ContentHash, PinnedSnapshot>,
    pub blobs: HashMap<ContentHash, Bytes>,
    pub keys: HashMap<(String, String), (Idempotency, RunId)>,
    pub commits: usize,
    /// What begins at once is written only after a run was claimed.
    pub late: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub state: RunState,
    pub epoch: i64,
    pub session: Option<String>,
    pub events: Vec<Recorded>,
    pub wake_at: Option<Timestamp>,
    pub expired: bool,
}

/// When a process dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Death {
    Never,
    /// Before this commit is done: it never happened.
    Before(usize),
    /// After this commit is done, before anybody was told.
    After(usize),
}

/// One process's view of the disk.
pub(crate) struct MemoryStore {
    pub disk: Arc<Mutex<Disk>>,
    pub death: Death,
    pub died: Arc<Notify>,
}

impl MemoryStore {
    async fn commit<T>(&self, change: impl FnOnce(&mut Disk) -> Result<T, StoreError> + Send) -> Result<T, StoreError> {
        let (answer, dead) = {
            let mut disk = self.disk.lock().unwrap();
            disk.commits += 1;
            let now = disk.commits;
            if self.death == Death::Before(now) {
                (None, true)
            } else {
                (Some(change(&mut disk)), self.death == Death::After(now))
            }
        };
        if dead {
            self.died.notify_one();
            std::future::pending::<()>().await;
        }
        answer.unwrap()
    }
}

fn write_sessions(disk: &mut Disk, writes: Vec<SessionWrite>) {
    for write in writes {
        if let Some(seed) = write.create {
            disk.parents.insert(write.session.clone(), seed.parent);
        }
        let turns = disk.sessions.entry(write.session).or_default();
        for turn in write.turns {
            assert!(turns.last().is_none_or(|last| last.at < turn.at), "turns strictly increase");
            turns.push(turn);
        }
    }
}

fn check(row: &[Recorded]) {
    for (index, recorded) in row.iter().enumerate() {
        assert_eq!(recorded.seq, index as u64 + 1, "a journal has no gaps");
    }
}

#[async_trait]
impl RunStore for MemoryStore {
    async fn create(&self, run: NewRun) -> Result<Created, StoreError> {
        let is_early = |disk: &Disk| disk.late && disk.runs.values().all(|row| row.state != RunState::Running);
        while run.state == RunState::Running && is_early(&self.disk.lock().unwrap()) {
            tokio::task::yield_now().await;
        }
        self.commit(|disk| {
            if let Some(key) = &run.idempotency {
                let place = (key.scope.clone(), key.key.clone());
                if let Some((known, of)) = disk.keys.get(&place) {
                    if known.body != key.body {
                        return Err(StoreError::IdempotencyMismatch(key.key.clone()));
                    }
                    return Ok(Created::Existing(*of));
                }
                disk.keys.insert(place, (key.clone(), run.root));
            }
            let session = run.session.as_ref().map(|session| session.id.clone());
            let is_active = |row: &Row| matches!(row.state, RunState::Running | RunState::Waiting);
            if let (Some(session), RunState::Running) = (&session, run.state)
                && disk.runs.values().any(|row| row.session.as_ref() == Some(session) && is_active(row))
            {
                return Err(StoreError::SessionBusy(session.clone()));
            }
            if let Some(session) = &session {
                let write = SessionWrite {
                    session: session.clone(),
                    create: None,
                    turns: run.turns,
                    last_total_tokens: None,
                    status: None,
                    at: run.now,
                };
                write_sessions(disk, vec![write]);
            }
            disk.snapshots.insert(run.snapshot.hash.clone(), run.snapshot);
            check(&run.events);
            let epoch = run.lease.as_ref().map_or(0, |lease| lease.epoch);
            let row = Row { state: run.state, epoch, session, events: run.events, wake_at: None, expired: false };
            disk.runs.insert(run.root, row);
            Ok(Created::New)
        })
        .await
    }

    async fn append(&self, append: Append) -> Result<(), StoreError> {
        self.commit(|disk| {
            let row = disk.runs.get_mut(&append.root).unwrap();
            if row.epoch != append.epoch {
                return Err(StoreError::Fenced(append.root));
            }
            row.events.extend(append.events);
            check(&row.events);
            if let Some(change) = append.state {
                row.state = change.state;
                row.wake_at = change.wake_at;
            }
            for snapshot in append.snapshots {
                disk.snapshots.insert(snapshot.hash.clone(), snapshot);
            }
            write_sessions(disk, append.sessions);
            Ok(())
        })
        .await
    }

    async fn claim(
        &self,
        owner: &str,
        lease_until: Timestamp,
        now: Timestamp,
        most: usize,
    ) -> Result<Vec<Claim>, StoreError> {
        let mut disk = self.disk.lock().unwrap();
        let mut busy: HashSet<String> = disk
            .runs
            .values()
            .filter(|row| matches!(row.state, RunState::Running | RunState::Waiting))
            .filter_map(|row| row.session.clone())
            .collect();
        let mut claims = Vec::new();
        for (root, row) in &mut disk.runs {
            let due = match row.state {
                RunState::Queued => row.session.as_ref().is_none_or(|session| busy.insert(session.clone())),
                RunState::Running => row.expired,
                RunState::Waiting => row.wake_at.is_some_and(|at| at <= now),
                _ => false,
            };
            if due && claims.len() < most {
                claims.push(take(*root, row, owner, lease_until));
            }
        }
        Ok(claims)
    }

    async fn claim_one(
        &self,
        root: RunId,
        owner: &str,
        lease_until: Timestamp,
        _now: Timestamp,
    ) -> Result<Option<Claim>, StoreError> {
        let mut disk = self.disk.lock().unwrap();
        let row = disk.runs.get_mut(&root);
        let row = row.filter(|row| matches!(row.state, RunState::Waiting | RunState::Queued | RunState::Draft));
        Ok(row.map(|row| take(root, row, owner, lease_until)))
    }

    async fn census(&self) -> Result<Census, StoreError> {
        let disk = self.disk.lock().unwrap();
        let of = |state| {
            let rows = disk.runs.iter().filter(move |(_, row)| row.state == state);
            rows.map(|(root, row)| (*root, row.session.clone())).collect()
        };
        Ok(Census { waiting: of(RunState::Waiting), queued: of(RunState::Queued) })
    }

    async fn renew(&self, _owner: &str, _lease_until: Timestamp) -> Result<(), StoreError> {
        Ok(())
    }

    async fn release(&self, _owner: &str) -> Result<(), StoreError> {
        for row in self.disk.lock().unwrap().runs.values_mut() {
            row.expired = true;
        }
        Ok(())
    }

    async fn journal(&self, root: RunId) -> Result<Option<Journal>, StoreError> {
        let disk = self.disk.lock().unwrap();
        Ok(disk.runs.get(&root).map(|row| Journal {
            root,
            state: row.state,
            epoch: row.epoch,
            events: row.events.clone(),
        }))
    }

    async fn snapshot(&self, hash: &ContentHash) -> Result<Option<PinnedSnapshot>, StoreError> {
        Ok(self.disk.lock().unwrap().snapshots.get(hash).cloned())
    }

    async fn session(
        &self,
        session: &str,
        high_water: Option<Timestamp>,
    ) -> Result<Option<SessionContext>, StoreError> {
        let disk = self.disk.lock().unwrap();
        Ok(disk.sessions.get(session).map(|turns| {
            let turns: Vec<Turn> =
                turns.iter().filter(|turn| high_water.is_none_or(|most| turn.at <= most)).cloned().collect();
            SessionContext {
                high_water: turns.last().map_or(0, |turn| turn.at),
                turns,
                summary: None,
                memories: Vec::new(),
                summary_version: 0,
            }
        }))
    }

    async fn last_child_session(&self, session: &str) -> Result<Option<String>, StoreError> {
        let disk = self.disk.lock().unwrap();
        Ok(disk.parents.iter().rev().find(|(_, parent)| *parent == session).map(|(child, _)| child.clone()))
    }

    async fn put_blob(&self, content: Bytes) -> Result<ContentHash, StoreError> {
        let hash = ContentHash::of(&content);
        self.disk.lock().unwrap().blobs.insert(hash.clone(), content);
        Ok(hash)
    }

    async fn blob(&self, hash: &ContentHash) -> Result<Option<Bytes>, StoreError> {
        Ok(self.disk.lock().unwrap().blobs.get(hash).cloned())
    }
}

fn take(root: RunId, row: &mut Row, owner: &str, lease_until: Timestamp) -> Claim {
    let state = row.state;
    row.state = RunState::Running;
    row.epoch += 1;
    row.expired = false;
    Claim {
        journal: Journal { root, state, epoch: row.epoch, events: row.events.clone() },
        lease: Lease { owner: owner.to_owned(), epoch: row.epoch, expires_at: lease_until },
    }
}
