//! The engine on a world in memory: what is promised about runs, whatever dies when.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod children;
mod generated;
mod kill;
mod memory;
mod program;
mod sessions;
mod waiting;
mod world;

use troupe_core::engine::Started;
use troupe_core::event::{Event, Outcome, Recorded};
use troupe_core::stream::{Item, Subscription};

use crate::world::PATIENCE;

/// Everything of a stream until it is over.
async fn drain(subscription: &mut Subscription) -> Vec<Item> {
    let mut items = Vec::new();
    while let Some(item) = tokio::time::timeout(PATIENCE, subscription.next()).await.expect("the stream goes on") {
        items.push(item);
    }
    items
}

/// The events of a started run until it is over, and how it ended.
async fn finish(mut started: Started) -> (Vec<Recorded>, Outcome) {
    let items = drain(&mut started.subscription).await;
    let events: Vec<Recorded> = items
        .into_iter()
        .filter_map(|item| match item {
            Item::Event(recorded) => Some(Recorded::clone(&recorded)),
            Item::Delta(_) => None,
        })
        .collect();
    let outcome = outcome(&events).expect("the run ended");
    (events, outcome)
}

fn outcome(events: &[Recorded]) -> Option<Outcome> {
    let root = events.first()?.run;
    events.iter().rev().filter(|recorded| recorded.run == root).find_map(|recorded| match &recorded.event {
        Event::RunFinished { outcome } => Some(outcome.clone()),
        _ => None,
    })
}
