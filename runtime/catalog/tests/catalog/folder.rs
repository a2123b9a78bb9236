//! A folder of manifests and a catalog over it.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use troupe_catalog::{Catalog, CatalogOptions, DiscoveredTool, Entry, McpDirectory};
use troupe_core::port::Clock;
use troupe_core::tool::McpServerSnapshot;
use troupe_crds::Kind;
use troupe_rules::Served;

use crate::store::Memory;

/// Long enough for a machine that does other things; nothing waits this long when all is well.
const PATIENCE: Duration = Duration::from_secs(20);

/// A clock that never stands still.
#[derive(Default)]
struct Ticks(AtomicI64);

impl Clock for Ticks {
    fn now(&self) -> i64 {
        self.0.fetch_add(1, Ordering::Relaxed)
    }
}

/// Two folders, a data folder and a revision store, which outlive the catalogs opened over them.
pub(crate) struct Setting {
    root: TempDir,
    pub(crate) revisions: Memory,
    pub(crate) environment: HashMap<String, String>,
    pub(crate) served: Served,
    clock: Arc<Ticks>,
    shutdown: CancellationToken,
}

impl Setting {
    /// A first folder with one file.
    pub(crate) fn with(yaml: &str) -> Self {
        let setting = Self {
            root: tempfile::tempdir().unwrap(),
            revisions: Memory::default(),
            environment: HashMap::new(),
            served: Served::everything(),
            clock: Arc::default(),
            shutdown: CancellationToken::new(),
        };
        for folder in ["first", "second", "data", "workspace"] {
            fs::create_dir(setting.root.path().join(folder)).unwrap();
        }
        if !yaml.is_empty() {
            setting.write("first/all.yaml", yaml);
        }
        setting
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.root.path().join(path)
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap()
    }

    /// A catalog over the folders that looks only when it is told to.
    pub(crate) async fn open(&self, folders: &[&str]) -> Catalog {
        Catalog::open(self.options(folders, false)).await
    }

    /// A catalog over the first folder.
    pub(crate) async fn open_first(&self) -> Catalog {
        self.open(&["first"]).await
    }

    /// A catalog that watches the first folder.
    pub(crate) async fn watch(&self) -> Catalog {
        Catalog::open(self.options(&["first"], true)).await
    }

    fn options(&self, folders: &[&str], watch: bool) -> CatalogOptions {
        let environment = self.environment.clone();
        CatalogOptions {
            directories: folders.iter().map(|folder| self.path(folder)).collect(),
            data: self.path("data"),
            workspace: Some(self.path("workspace")),
            revisions: Arc::new(self.revisions.clone()),
            clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
            tasks: TaskTracker::new(),
            shutdown: self.shutdown.clone(),
            environment: Arc::new(move |name| environment.get(name).cloned()),
            served: self.served.clone(),
            watch,
        }
    }

    /// The diagnostics, one line each, with paths below the setting's root.
    pub(crate) fn diagnostics(&self, catalog: &Catalog) -> Vec<String> {
        let root = format!("{}/", self.root.path().display());
        catalog.view().diagnostics().iter().map(|diagnostic| diagnostic.to_string().replace(&root, "")).collect()
    }
}

impl Drop for Setting {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

/// Waits until the catalog's view is as wanted.
pub(crate) async fn until(catalog: &Catalog, wanted: impl Fn(&Catalog) -> bool) {
    let mut generation = catalog.subscribe();
    let reached = async {
        while !wanted(catalog) {
            generation.changed().await.unwrap();
        }
    };
    tokio::time::timeout(PATIENCE, reached).await.expect("the catalog never got there");
}

/// The object of a name.
pub(crate) fn entry(catalog: &Catalog, kind: Kind, name: &str) -> Arc<Entry> {
    catalog.view().get(kind, name).cloned().unwrap_or_else(|| panic!("there is no {kind} {name:?}"))
}

/// Reason and message of an object's `Ready` condition.
pub(crate) fn ready(catalog: &Catalog, kind: Kind, name: &str) -> (String, String) {
    let entry = entry(catalog, kind, name);
    let ready = entry.ready().unwrap();
    assert_eq!(ready.status, ready.reason == troupe_crds::condition::Reason::Valid);
    (ready.reason.to_string(), ready.message.clone())
}

/// The description of an Agent that serves.
pub(crate) fn description(catalog: &Catalog, name: &str) -> Option<String> {
    catalog.view().agent(name)?.description.clone()
}

pub(crate) const MODEL: &str = "\
apiVersion: troupe.dev/v1alpha1
kind: Model
metadata: {name: small}
spec: {protocol: OpenAI, baseUrl: http://localhost:9/v1, model: tiny}
";

/// An Agent in a document of its own.
pub(crate) fn agent(name: &str, description: &str) -> String {
    format!(
        "---\napiVersion: troupe.dev/v1alpha1\nkind: Agent\nmetadata:\n  name: {name}\nspec:\n  \
         description: {description}\n  modelRef: {{name: small}}\n"
    )
}

/// Servers by name, and the number of their last change.
#[derive(Default)]
pub(crate) struct Servers {
    pub(crate) tools: std::sync::Mutex<HashMap<String, Vec<DiscoveredTool>>>,
    pub(crate) generation: AtomicU64,
    pub(crate) asked: AtomicU64,
}

impl Servers {
    pub(crate) fn with(server: &str, tools: &[&str]) -> Self {
        let servers = Self::default();
        servers.set(server, tools);
        servers
    }

    pub(crate) fn set(&self, server: &str, tools: &[&str]) {
        let tool = |name: &&str| DiscoveredTool {
            name: (*name).to_owned(),
            description: format!("Does {name}."),
            input_schema: serde_json::json!({"type": "object", "properties": {"a": {}, "b": {}}, "required": ["a", "b"]}),
            ..DiscoveredTool::default()
        };
        self.tools.lock().unwrap().insert(server.to_owned(), tools.iter().map(tool).collect());
        self.generation.fetch_add(1, Ordering::SeqCst);
    }
}

#[async_trait]
impl McpDirectory for Servers {
    fn generation(&self) -> u64 {
        self.generation.load(Ordering::SeqCst)
    }

    async fn tools(&self, server: &McpServerSnapshot) -> Result<Vec<DiscoveredTool>, String> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let tools = self.tools.lock().unwrap();
        tools.get(&server.name).cloned().ok_or_else(|| "connection refused".to_owned())
    }
}

/// Whether a file of the folder is a leftover of an unfinished write.
pub(crate) fn leftovers(folder: &Path) -> usize {
    fs::read_dir(folder).unwrap().flatten().filter(|entry| entry.file_name().to_string_lossy().starts_with('.')).count()
}
