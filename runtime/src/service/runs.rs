//! Runs as data: what is known of one, stored or living in memory only.

pub mod start;
pub mod steps;
pub mod view;

use std::sync::Arc;

use bytes::Bytes;
use troupe_core::agent::Snapshot;
use troupe_core::engine::Command;
use troupe_core::event::{Event, Recorded};
use troupe_core::id::{CallId, ContentHash, RunId};
use troupe_core::port::{Journal, RunStore};
use troupe_core::run::Tree;
use troupe_core::stream::{Item, Subscription};
use troupe_core::tool::ToolResult;
use troupe_crds::Kind;
use troupe_store::RunRow;

use self::view::{Artifact, Run};
use crate::app::App;
use crate::http::error::Problem;
use crate::service::rights::Asker;

/// Everything that is known of a run.
pub struct Known {
    /// Its row; `None` while it lives in memory only.
    pub row: Option<RunRow>,
    /// Its tree's events.
    pub events: Vec<Recorded>,
    /// Its tree's state.
    pub tree: Tree,
}

/// Reads a run's id; one that is no UUID names no run.
pub fn run_id(text: &str) -> Result<RunId, Problem> {
    RunId::parse(text).ok_or_else(|| Problem::not_found(format!("there is no run {text:?}")))
}

/// Reads a call's id.
pub fn call_id(text: &str) -> Result<CallId, Problem> {
    CallId::parse(text).ok_or_else(|| Problem::not_found(format!("there is no call {text:?} in this run")))
}

fn no_run(run: RunId) -> Problem {
    Problem::not_found(format!("there is no run {run}"))
}

impl App {
    /// The run of an id, if `asker` may do something to it: one's own, or by a right on `sessions`.
    pub async fn run_for(&self, asker: &Asker, id: &str, verb: &'static str) -> Result<RunId, Problem> {
        let run = run_id(id)?;
        if self.rights.is_open() {
            return Ok(run);
        }
        let missing = || no_run(run);
        let (owner, session) = match self.store.run(run).await? {
            Some(row) => (row.owner, row.session),
            None => (self.living_user(run).await?, None),
        };
        self.may_reach(asker, &owner, (verb, session.as_deref()), missing).await?;
        Ok(run)
    }

    /// Whose a run is that lives in memory only.
    async fn living_user(&self, run: RunId) -> Result<String, Problem> {
        let mut subscription = self.engine.subscribe(run, None).await?.ok_or_else(|| no_run(run))?;
        let Some(Item::Event(first)) = subscription.ready() else { return Err(no_run(run)) };
        match &first.event {
            Event::RunAccepted(accepted) => Ok(accepted.user.clone()),
            _ => Err(no_run(run)),
        }
    }

    /// Whose runs `asker` is listed; `None` = everyone's.
    pub async fn whose_runs(&self, asker: &Asker) -> Result<Option<String>, Problem> {
        // Over folders the store need not look at whose they are.
        if self.rights.is_open() { Ok(None) } else { self.whose(asker).await }
    }

    /// Dispatches a run of `asker`, who may still run its target.
    pub async fn dispatch_run(&self, asker: &Asker, id: &str) -> Result<Run, Problem> {
        let run = self.run_for(asker, id, "update").await?;
        if let Some(row) = self.store.run(run).await?.filter(|row| row.kind == "agent") {
            self.may_invoke(asker, Kind::Agent, &row.target).await?;
        }
        self.tell_run(run, Command::Dispatch).await
    }

    /// A run with its events and state.
    pub async fn known_run(&self, run: RunId) -> Result<Known, Problem> {
        // The journal first: the row is then at least as new.
        let journal: Option<Journal> = self.store.journal(run).await?;
        let events = match journal {
            Some(journal) => journal.events,
            None => self.living(run).await?,
        };
        let row = self.store.run(run).await?;
        let mut tree = Tree::new(run, false);
        for hash in events.iter().filter_map(pinned) {
            if let Some(snapshot) = self.snapshot(hash).await? {
                tree.know(hash.clone(), snapshot);
            }
        }
        for recorded in &events {
            troupe_core::run::apply(&mut tree, recorded);
        }
        Ok(Known { row, events, tree })
    }

    /// The events of a run that lives in memory only.
    async fn living(&self, run: RunId) -> Result<Vec<Recorded>, Problem> {
        let mut subscription = self.engine.subscribe(run, None).await?.ok_or_else(|| no_run(run))?;
        let mut events = Vec::new();
        while let Some(item) = subscription.ready() {
            if let Item::Event(recorded) = item {
                events.push(Recorded::clone(&recorded));
            }
        }
        Ok(events)
    }

    /// A stored snapshot, or the one of a composition that was made lately.
    async fn snapshot(&self, hash: &ContentHash) -> Result<Option<Arc<Snapshot>>, Problem> {
        let stored = RunStore::snapshot(&self.store, hash).await?;
        Ok(stored.map(|pinned| pinned.snapshot).or_else(|| self.compositions.find(hash)))
    }

    /// Reads a run's stream from its beginning, with what it pins; a stateless one as long as it lives.
    pub async fn follow(&self, run: RunId) -> Result<(Subscription, Arc<Snapshot>), Problem> {
        let subscription = self.engine.subscribe(run, None).await?.ok_or_else(|| no_run(run))?;
        let mut peek = self.engine.subscribe(run, None).await?.ok_or_else(|| no_run(run))?;
        let mut snapshot = None;
        if let Some(Item::Event(first)) = peek.ready() {
            if let Some(hash) = pinned(&first) {
                snapshot = self.snapshot(hash).await?;
            }
            if let (None, Event::RunAccepted(accepted)) = (&snapshot, &first.event) {
                // A stateless run of an agent is in no store; as long as the agent is what it was, it is what serves.
                let serving = self.resolve_agent(&accepted.agent, None).await.ok();
                let same = serving.filter(|serving| serving.hash == accepted.snapshot);
                snapshot = same.map(|serving| serving.snapshot);
            }
        }
        let nothing = || Arc::new(Snapshot { target: String::new(), agents: std::collections::BTreeMap::new() });
        Ok((subscription, snapshot.unwrap_or_else(nothing)))
    }

    /// A run as it is shown.
    pub async fn run_view(&self, run: RunId) -> Result<Run, Problem> {
        Ok(view::run(&self.known_run(run).await?))
    }

    /// Says something to a run; it as it is then.
    pub async fn tell_run(&self, run: RunId, command: Command) -> Result<Run, Problem> {
        let forced = matches!(command, Command::Cancel { forced: true, .. });
        self.engine.command(run, command).await?;
        if forced {
            self.tools.kill(run);
        }
        self.run_view(run).await
    }

    /// The title of the session that a run belongs to.
    pub async fn title_of(&self, run: RunId) -> Result<Option<String>, Problem> {
        let Some(session) = self.store.run(run).await?.and_then(|row| row.session) else { return Ok(None) };
        Ok(self.store.session_row(&session).await?.map(|row| row.title))
    }

    /// What is kept of results that were cut.
    pub async fn artifacts_of(&self, run: RunId) -> Result<Vec<Artifact>, Problem> {
        let known = self.known_run(run).await?;
        Ok(view::artifacts(&known.events))
    }

    /// One of them. The hash alone opens nothing: it must be of this run.
    pub async fn artifact_of(&self, run: RunId, hash: &str) -> Result<(Artifact, Bytes), Problem> {
        let gone = || Problem::not_found(format!("run {run} has no artifact {hash:?}"));
        let artifact = self.artifacts_of(run).await?.into_iter().find(|artifact| artifact.hash == hash);
        let artifact = artifact.ok_or_else(gone)?;
        let content = RunStore::blob(&self.store, &ContentHash(hash.to_owned())).await?;
        Ok((artifact, content.ok_or_else(gone)?))
    }
}

fn pinned(recorded: &Recorded) -> Option<&ContentHash> {
    match &recorded.event {
        Event::RunAccepted(accepted) => Some(&accepted.snapshot),
        _ => None,
    }
}

/// The result that an event brings, if it brings one.
pub(crate) fn result_of(event: &Event) -> Option<(CallId, &ToolResult)> {
    match event {
        Event::ToolCallFinished { call, result, .. }
        | Event::ChildFinished { call, result }
        | Event::InputReceived { call, result } => Some((*call, result)),
        _ => None,
    }
}
