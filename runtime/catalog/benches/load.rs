//! Prints how long 10,000 Agents take to load and to change, and what they weigh. Run with
//! `cargo bench -p troupe-catalog`; `AGENTS` and `FILES` in the environment change the numbers.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark prints, and ends with what went wrong")]

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use troupe_catalog::{Catalog, CatalogOptions, DiscoveredTool, McpDirectory, process_environment};
use troupe_core::port::{Clock, Revision, RevisionStore, StoreError};
use troupe_core::tool::McpServerSnapshot;
use troupe_crds::Kind;
use troupe_rules::Served;

struct Ticks(AtomicI64);

impl Clock for Ticks {
    fn now(&self) -> i64 {
        self.0.fetch_add(1, Ordering::Relaxed)
    }
}

/// Keeps nothing: the database is not what is measured.
struct Nothing;

#[async_trait]
impl RevisionStore for Nothing {
    async fn save(&self, _: &[Revision]) -> Result<(), StoreError> {
        Ok(())
    }
    async fn revisions(&self, _: &str, _: &str) -> Result<Vec<Revision>, StoreError> {
        Ok(Vec::new())
    }
    async fn revision(&self, _: &str, _: &str, _: &str) -> Result<Option<Revision>, StoreError> {
        Ok(None)
    }
    async fn last_good(&self, _: &str) -> Result<Vec<Revision>, StoreError> {
        Ok(Vec::new())
    }
    async fn prune(&self, _: &str, _: &str, _: usize, _: &[String]) -> Result<(), StoreError> {
        Ok(())
    }
}

struct NoServers;

#[async_trait]
impl McpDirectory for NoServers {
    fn generation(&self) -> u64 {
        0
    }
    async fn tools(&self, _: &McpServerSnapshot) -> Result<Vec<DiscoveredTool>, String> {
        Ok(Vec::new())
    }
}

fn number(name: &str, default: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn agent(number: usize, prompt: &str) -> String {
    format!(
        "---\napiVersion: troupe.dev/v1alpha1\nkind: Agent\nmetadata:\n  name: agent-{number}\n  labels: {{team: t{}}}\nspec:\n  \
         displayName: Agent {number}\n  description: Answers questions about topic {number}.\n  modelRef: {{name: small}}\n  \
         parameters: {{temperature: 0.2}}\n  systemPrompt:\n    text: |\n      You are agent {number}. {prompt}\n      \
         Answer briefly, cite your sources, and say so when you do not know.\n  tools:\n    - builtin: Bash\n      \
         approval: Always\n    - tool: {{name: weather}}\n  limits: {{maxToolRounds: 5, timeout: 2m}}\n",
        number % 10
    )
}

fn write(folder: &Path, agents: usize, files: usize) {
    fs::write(
        folder.join("shared.yaml"),
        "apiVersion: troupe.dev/v1alpha1\nkind: Model\nmetadata: {name: small}\nspec: {protocol: OpenAI, baseUrl: 'http://localhost:1/v1', model: m}\n---\n\
         apiVersion: troupe.dev/v1alpha1\nkind: Tool\nmetadata: {name: weather}\nspec:\n  description: Tells the weather.\n  parameters: {type: object, properties: {city: {type: string}}}\n  http: {url: 'https://example.com/{{city}}'}\n",
    )
    .unwrap();
    let per_file = agents.div_ceil(files);
    for file in 0..files {
        let text: String =
            (file * per_file..((file + 1) * per_file).min(agents)).map(|n| agent(n, "Be kind.")).collect();
        fs::write(folder.join(format!("agents-{file}.yaml")), text).unwrap();
    }
}

fn resident() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
}

async fn measure(agents: usize, files: usize) {
    let folder = tempfile::tempdir().unwrap();
    let data = tempfile::tempdir().unwrap();
    write(folder.path(), agents, files);
    let before = resident();
    let shutdown = CancellationToken::new();
    let start = Instant::now();
    let catalog = Catalog::open(CatalogOptions {
        directories: vec![folder.path().to_owned()],
        data: data.path().to_owned(),
        workspace: None,
        revisions: Arc::new(Nothing),
        clock: Arc::new(Ticks(AtomicI64::new(0))),
        tasks: TaskTracker::new(),
        shutdown: shutdown.clone(),
        environment: process_environment(),
        served: Served::everything(),
        watch: true,
    })
    .await;
    let loaded = start.elapsed();
    let ready = catalog.view().list(Kind::Agent).filter(|entry| entry.is_ready()).count();
    catalog.flush().await;
    let weight = resident();
    println!(
        "{agents} agents in {files} files: {ready} ready in {loaded:.0?}; RSS {weight:.0} MiB, before {before:.0} MiB"
    );
    for diagnostic in catalog.view().diagnostics().iter().take(3) {
        println!("  {diagnostic}");
    }

    let mut generation = catalog.subscribe();
    let path = folder.path().join("agents-0.yaml");
    let text = fs::read_to_string(&path).unwrap();
    let mut edits = Vec::new();
    for edit in 0..10 {
        tokio::time::sleep(Duration::from_millis(150)).await;
        generation.mark_unchanged();
        let start = Instant::now();
        fs::write(&path, text.replacen("Be kind.", &format!("Be kind {edit}."), 1)).unwrap();
        generation.changed().await.unwrap();
        edits.push(start.elapsed());
    }
    edits.sort();
    println!(
        "  an edit is live after {:.0?} (median of 10, the wait for quiet included), at most {:.0?}",
        edits[5], edits[9]
    );

    let start = Instant::now();
    catalog.reload().await;
    println!("  looking at folders in which nothing changed takes {:.1?}", start.elapsed());

    let view = catalog.view();
    let start = Instant::now();
    for n in 0..agents.min(1000) {
        view.resolve_agent(&format!("agent-{n}"), None, &NoServers).await.unwrap();
    }
    let first = start.elapsed() / u32::try_from(agents.min(1000)).unwrap();
    let start = Instant::now();
    for n in 0..agents.min(1000) {
        view.resolve_agent(&format!("agent-{n}"), None, &NoServers).await.unwrap();
    }
    let again = start.elapsed() / u32::try_from(agents.min(1000)).unwrap();
    println!("  resolving an agent takes {first:.1?} the first time, {again:.1?} after");
    shutdown.cancel();
}

#[tokio::main]
async fn main() {
    let agents = number("AGENTS", 10_000);
    if std::env::var_os("FILES").is_some() {
        return measure(agents, number("FILES", 100)).await;
    }
    for files in [100, agents, 1] {
        measure(agents, files).await;
    }
}
