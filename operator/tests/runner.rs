//! The runner: an object whose reconcile panics or fails stops no other, and comes back by itself.

#![expect(clippy::expect_used, clippy::panic, reason = "tests panic")]

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use clap::Parser;
use kube::{Client, Config};
use tokio_util::sync::CancellationToken;
use troupe_crds::Kind;
use troupe_operator::{
    apply::Writer,
    context::{Context, system_clock},
    controller::{self, Controller, ReconcileError},
    event::Events,
    key::Key,
    metrics::{Metrics, Outcome},
    reviewers::Reviewers,
    settings::Settings,
    world::World,
};

/// Panics over one object, fails over another, and counts how often it saw each.
struct Treacherous {
    seen: Arc<Mutex<BTreeMap<String, u32>>>,
    enough: CancellationToken,
}

impl Controller for Treacherous {
    fn kind(&self) -> Kind {
        Kind::Agent
    }

    async fn reconcile(&self, _: &Context, key: &Key) -> Result<(), ReconcileError> {
        tokio::task::yield_now().await;
        let times = {
            let mut seen = self.seen.lock().expect("nobody panicked with it");
            let times = seen.entry(key.name.to_string()).or_default();
            *times += 1;
            let times = *times;
            let twice = |name: &str| seen.get(name).is_some_and(|times| *times >= 2);
            if twice("panics") && twice("fails") && seen.len() == 22 {
                self.enough.cancel();
            }
            times
        };
        match &*key.name {
            "panics" if times < 2 => panic!("as it should"),
            "fails" if times < 2 => Err(ReconcileError::Timeout),
            _ => Ok(()),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_panics_or_fails_stops_no_other_and_comes_back() {
    // Nothing is asked of it.
    let client = Client::try_from(Config::new("http://127.0.0.1:1".parse().expect("an address"))).expect("a client");
    let metrics = Metrics::new();
    let world = Arc::new(World::new([]));
    let context = Arc::new(Context {
        writer: Writer::new(client.clone(), metrics.clone()),
        events: Events::new(client.clone(), "test", metrics.clone()),
        reviewers: Reviewers::new(client),
        world: Arc::clone(&world),
        settings: Settings::parse_from(["troupe-operator", "--concurrency=2"]),
        metrics: metrics.clone(),
        clock: system_clock,
    });
    let queue = world.queue(Kind::Agent);
    queue.add(Key::new(Kind::Agent, "n", "panics"));
    queue.add(Key::new(Kind::Agent, "n", "fails"));
    for number in 0..20 {
        queue.add(Key::new(Kind::Agent, "n", format!("good-{number}")));
    }
    let (seen, enough) = (Arc::default(), CancellationToken::new());
    let controller = Treacherous { seen: Arc::clone(&seen), enough: enough.clone() };
    let run = controller::run(controller, context, enough);
    tokio::time::timeout(Duration::from_mins(1), run).await.expect("all were seen");
    let seen = seen.lock().expect("nobody panicked with it").clone();
    assert!(seen.iter().all(|(name, times)| name == "panics" || name == "fails" || *times == 1), "{seen:?}");
    assert_eq!(metrics.reconciles(Kind::Agent, Outcome::Panic), 1);
    assert_eq!(metrics.reconciles(Kind::Agent, Outcome::Error), 1);
    assert_eq!(metrics.reconciles(Kind::Agent, Outcome::Success), 22);
}
