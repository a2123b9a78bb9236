//! Asks every MCP server of the namespace which tools it has, whether or not an agent needs it yet, and tells its status:
//! outside any request, with the time limits of the directory. A server in pods of its own is asked when it comes to have
//! some, which its condition `Available` tells, and is left alone while it has none.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use troupe_catalog::{Catalog, McpDirectory};
use troupe_core::tool::McpServerSnapshot;
use troupe_crds::Kind;

/// How long a list is taken to hold for people; agents learn of changes by their own use.
const AGAIN: Duration = Duration::from_mins(5);

/// The pause after a first failure; each further one doubles it. Nothing tells when a remote server is better.
const FIRST_PAUSE: Duration = Duration::from_secs(2);

/// The longest pause after failures.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// A server that is asked.
struct Asked {
    server: McpServerSnapshot,
    /// When it is asked next; `None` while it is, and while nobody is there to be asked.
    due: Option<Instant>,
    failures: u32,
    /// It has no pods.
    is_away: bool,
}

/// An answer: the server as it was asked, and whether it listed its tools.
type Answer = (McpServerSnapshot, bool);

/// Asks until it is told to stop.
pub async fn follow(catalog: Catalog, mcp: Arc<dyn McpDirectory>, tasks: TaskTracker, shutdown: CancellationToken) {
    let mut news = catalog.subscribe();
    let Some(mut pods) = catalog.subscribe_pods() else { return };
    let (answers, mut answered) = mpsc::unbounded_channel::<Answer>();
    let mut asked: HashMap<Arc<str>, Asked> = HashMap::new();
    loop {
        news.mark_unchanged();
        pods.mark_unchanged();
        keep_up(&catalog, &mut asked);
        let now = Instant::now();
        for one in asked.values_mut().filter(|one| one.due.is_some_and(|due| due <= now)) {
            one.due = None;
            let ask = ask(catalog.clone(), Arc::clone(&mcp), one.server.clone(), answers.clone());
            let stop = shutdown.clone();
            tasks.spawn(async move {
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = ask => {}
                }
            });
        }
        let next = asked.values().filter_map(|one| one.due).min();
        let timer = async {
            match next {
                Some(at) => tokio::time::sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = shutdown.cancelled() => return,
            changed = news.changed() => if changed.is_err() { return },
            changed = pods.changed() => if changed.is_err() { return },
            Some((server, listed)) = answered.recv() => note(&mut asked, &server, listed),
            () = timer => {}
        }
    }
}

/// Servers that came, changed or went.
fn keep_up(catalog: &Catalog, asked: &mut HashMap<Arc<str>, Asked>) {
    let view = catalog.view();
    asked.retain(|name, _| view.mcp_server(name).is_some());
    for entry in view.list(Kind::McpServer).filter(|entry| entry.resource.is_some()) {
        let Ok(server) = view.server(&entry.name) else { continue };
        let in_pods = view.mcp_server(&entry.name).is_some_and(|spec| spec.stdio.is_some());
        let is_away = in_pods && catalog.has_pods(&entry.name) != Some(true);
        if asked.get(&entry.name).is_none_or(|known| known.server != server || known.is_away != is_away) {
            let due = (!is_away).then(Instant::now);
            asked.insert(Arc::clone(&entry.name), Asked { server, due, failures: 0, is_away });
        }
    }
}

async fn ask(
    catalog: Catalog,
    mcp: Arc<dyn McpDirectory>,
    server: McpServerSnapshot,
    answers: mpsc::UnboundedSender<Answer>,
) {
    let listed = mcp.tools(&server).await;
    let is_listed = listed.is_ok();
    // An answer of a server that was changed meanwhile is no news of the new one.
    if catalog.view().server(&server.name).is_ok_and(|now| now == server) {
        catalog.report_tools(&server.name, listed.as_deref().map_err(String::as_str));
    }
    // After the end nobody listens any more.
    let _ = answers.send((server, is_listed));
}

fn note(asked: &mut HashMap<Arc<str>, Asked>, server: &McpServerSnapshot, listed: bool) {
    let Some(one) = asked.get_mut(server.name.as_str()).filter(|one| one.server == *server && !one.is_away) else {
        return;
    };
    one.failures = if listed { 0 } else { one.failures.saturating_add(1) };
    let pause = match one.failures {
        0 => AGAIN,
        failures => FIRST_PAUSE.saturating_mul(1 << (failures - 1).min(8)).min(LONGEST_PAUSE),
    };
    one.due = Some(Instant::now() + pause);
}
