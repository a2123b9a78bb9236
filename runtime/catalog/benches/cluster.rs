//! From the API server's acknowledgement of an edit to the view that serves it, printed; among 1,000 Agents.
//!
//! `cargo bench -p troupe-catalog --bench cluster`; `EDITS` and `AGENTS` say how many.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a measurement ends with what went wrong"
)]

#[path = "../tests/cluster/place.rs"]
#[expect(dead_code, reason = "tests ask for more")]
mod place;
#[path = "../tests/catalog/store.rs"]
#[expect(dead_code, reason = "tests ask for more")]
mod store;

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::json;
use troupe_crds::Kind;

use place::{MODEL, Place, agent};

fn number(name: &str, default: usize) -> usize {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

#[tokio::main]
async fn main() {
    let Some(place) = Place::new().await else { return };
    let (edits, agents) = (number("EDITS", 1_000), number("AGENTS", 1_000));
    let all: Vec<String> = (0..agents).map(|n| agent(&format!("agent-{n}"), "First")).collect();
    place.apply(&format!("{MODEL}---{}", all.join("---"))).await;
    let began = Instant::now();
    let running = place.open().await;
    println!("{agents} agents listed and checked in {:?}", began.elapsed());
    let seen: Arc<Mutex<Vec<Option<Instant>>>> = Arc::new(Mutex::new(vec![None; edits]));
    let (catalog, noted) = (running.catalog.clone(), Arc::clone(&seen));
    #[expect(clippy::disallowed_methods, reason = "it ends with the measurement")]
    let watching = tokio::spawn(async move {
        let mut news = catalog.subscribe();
        while news.changed().await.is_ok() {
            let (now, view) = (Instant::now(), catalog.view());
            let number = view.agent("agent-7").and_then(|spec| spec.description.clone()?.parse::<usize>().ok());
            let mut noted = noted.lock().unwrap();
            if let Some(slot) = number.and_then(|n| noted.get_mut(n)) {
                slot.get_or_insert(now);
            }
        }
    });
    let mut latencies = Vec::with_capacity(edits);
    for n in 0..edits {
        place.merge(Kind::Agent, "agent-7", json!({"spec": {"description": n.to_string()}})).await;
        let acknowledged = Instant::now();
        let at = loop {
            if let Some(at) = seen.lock().unwrap()[n] {
                break at;
            }
            tokio::time::sleep(Duration::from_micros(200)).await;
        };
        latencies.push(at.saturating_duration_since(acknowledged));
    }
    watching.abort();
    latencies.sort();
    let at = |part: usize| latencies[(latencies.len() * part / 1_000).min(latencies.len() - 1)];
    println!("edit to view, of {edits}: median {:?}, p99 {:?}, worst {:?}", at(500), at(990), at(1_000));
    running.stop().await;
}
