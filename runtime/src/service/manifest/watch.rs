//! Following a kind's objects: all of them first, then each change (api.md, "Conventions": `watch=true`).

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use serde::Serialize;
use serde_json::Value;
use tokio::sync::watch::Receiver;
use troupe_catalog::{Change, Entry, View};
use troupe_crds::Kind;
use uuid::Uuid;

use crate::app::App;
use crate::mcp::Standing;

/// Numbers of views mean nothing in another process: this says which one gave them.
static PROCESS: LazyLock<String> = LazyLock::new(|| Uuid::new_v4().simple().to_string());

/// What a reader is told.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum ResourceEvent {
    /// Every object of the kind; first of all, but for a reader that is up to date.
    Init {
        /// As manifests with their status, by name.
        #[schema(value_type = Vec<Object>)]
        items: Vec<Value>,
    },
    /// An object came.
    Added {
        /// As a manifest with its status.
        #[schema(value_type = Object)]
        object: Value,
    },
    /// An object's text, what serves of it, or its conditions changed.
    Modified {
        /// As a manifest with its status.
        #[schema(value_type = Object)]
        object: Value,
    },
    /// An object went.
    Deleted {
        /// Its name.
        name: String,
    },
}

/// Events that belong together, and where a reader goes on that has read them all.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// In order.
    pub events: Vec<ResourceEvent>,
    /// What to send as `Last-Event-ID`.
    pub id: String,
}

/// A reader of one kind. Nothing waits for it: one that is slow is told later what differs then.
pub struct ResourceEvents {
    app: Arc<App>,
    kind: Kind,
    view: Arc<View>,
    generations: Receiver<u64>,
    /// Turns of how MCP servers stand; the one that was told of, with its standings. None of that for other kinds.
    turns: Receiver<u64>,
    turn: u64,
    standings: HashMap<String, Standing>,
    /// All objects are to be told next.
    anew: bool,
}

impl ResourceEvents {
    /// Reads from now on, or, where nothing changed since the event `last`, from there.
    pub fn new(app: &Arc<App>, kind: Kind, last: Option<&str>) -> Self {
        let mut generations = app.catalog.subscribe();
        // Marked before the view is taken: a change between the two is looked at again rather than missed.
        generations.mark_unchanged();
        let view = app.catalog.view();
        let (turns, standings) = (app.mcp.subscribe(), HashMap::new());
        let mut events = Self { app: Arc::clone(app), kind, view, generations, turns, turn: 0, standings, anew: false };
        events.turned();
        events.anew = last != Some(events.id().as_str());
        events
    }

    /// What is to be told next; waits for it. `None` when the service stops. Dropping the wait loses nothing.
    pub async fn next(&mut self) -> Option<Told> {
        if std::mem::take(&mut self.anew) {
            let items = self.view.list(self.kind).map(|entry| self.app.shown(entry)).collect();
            return Some(Told { events: vec![ResourceEvent::Init { items }], id: self.id() });
        }
        loop {
            tokio::select! {
                () = self.app.shutdown.cancelled() => return None,
                changed = self.generations.changed() => changed.ok()?,
                changed = self.turns.changed(), if self.kind == Kind::McpServer => changed.ok()?,
            }
            let view = self.app.catalog.view();
            let mut changes = view.changes_since(&self.view, self.kind);
            let before = self.turned();
            let told = |name: &str| changes.iter().any(|change| is_of(change, name));
            let stands_otherwise = |name: &str| self.standings.get(name) != before.get(name) && !told(name);
            let turned = view.list(self.kind).filter(|entry| stands_otherwise(&entry.name));
            let turned: Vec<Change> = turned.cloned().map(Change::Modified).collect();
            changes.extend(turned);
            self.view = view;
            if !changes.is_empty() {
                let events = changes.iter().map(|change| self.event(change)).collect();
                return Some(Told { events, id: self.id() });
            }
        }
    }

    /// Takes how the MCP servers stand now; how they stood before.
    fn turned(&mut self) -> HashMap<String, Standing> {
        if self.kind != Kind::McpServer {
            return HashMap::new();
        }
        // Before the standings: a turn between the two is looked at again rather than missed.
        self.turn = *self.turns.borrow_and_update();
        std::mem::replace(&mut self.standings, self.app.mcp.standings())
    }

    /// Names what was told of among what all processes tell.
    fn id(&self) -> String {
        format!("{}-{}-{}", *PROCESS, self.view.generation(), self.turn)
    }

    fn event(&self, change: &Change) -> ResourceEvent {
        let object = |entry: &Arc<Entry>| self.app.shown(entry);
        match change {
            Change::Added(entry) => ResourceEvent::Added { object: object(entry) },
            Change::Modified(entry) => ResourceEvent::Modified { object: object(entry) },
            Change::Deleted(entry) => ResourceEvent::Deleted { name: entry.name.as_ref().to_owned() },
        }
    }
}

fn is_of(change: &Change, name: &str) -> bool {
    let (Change::Added(entry) | Change::Modified(entry) | Change::Deleted(entry)) = change;
    entry.name.as_ref() == name
}
