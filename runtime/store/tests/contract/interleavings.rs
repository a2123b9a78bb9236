//! Whatever order callers come in, journals stay gapless and in order, and leases exclude.

use std::collections::BTreeMap;

use futures::future::join_all;
use proptest::prelude::*;
use troupe_core::id::RunId;
use troupe_core::port::{Append, Created, RunState, RunStore, StoreError};
use troupe_store::Store;

use crate::fixture::*;

/// What a caller does; runs and sessions are named by small numbers.
#[derive(Clone, Debug)]
enum Step {
    Create { session: u8, queued: bool },
    Append { run: u8, epoch: i64, skew: i64, events: u64 },
    Finish { run: u8 },
    Claim { most: usize },
    Release,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0..4_u8, any::<bool>()).prop_map(|(session, queued)| Step::Create { session, queued }),
        6 => (any::<u8>(), 0..2_i64, prop_oneof![4 => Just(0), 1 => -1..2_i64], 1..4_u64)
            .prop_map(|(run, epoch, skew, events)| Step::Append { run, epoch, skew, events }),
        2 => any::<u8>().prop_map(|run| Step::Finish { run }),
        2 => (1..4_usize).prop_map(|most| Step::Claim { most }),
        1 => Just(Step::Release),
    ]
}

/// What the store must hold.
#[derive(Clone, Debug)]
struct Expected {
    session: u8,
    state: RunState,
    epoch: i64,
    leased: bool,
    last: u64,
}

#[derive(Default)]
struct Model {
    order: Vec<RunId>,
    runs: BTreeMap<RunId, Expected>,
    now: i64,
}

impl Model {
    fn pick(&self, run: u8) -> Option<RunId> {
        (!self.order.is_empty()).then(|| self.order[usize::from(run) % self.order.len()])
    }

    fn busy(&self, session: u8) -> bool {
        self.runs.values().any(|run| run.session == session && run.state == RunState::Running)
    }

    async fn step(&mut self, store: &Store, step: Step) {
        self.now += 10;
        let now = START + self.now;
        match step {
            Step::Create { session, queued } => self.create(store, session, queued, now).await,
            Step::Append { run, epoch, skew, events } => {
                let Some(root) = self.pick(run) else { return };
                let run = &self.runs[&root];
                let from = run.last.saturating_add_signed(skew) + 1;
                let epoch = run.epoch - epoch;
                let fits = run.leased && epoch == run.epoch && from == run.last + 1;
                let fenced = !run.leased || epoch != run.epoch;
                let result = store.append(Append { epoch, ..append(root, from, from + events - 1) }).await;
                assert_eq!(result.is_ok(), fits, "{run:?} {from} {epoch}: {result:?}");
                assert_eq!(matches!(result, Err(StoreError::Fenced(_))), fenced);
                if fits {
                    self.runs.get_mut(&root).unwrap().last += events;
                }
            }
            Step::Finish { run } => {
                let Some(root) = self.pick(run) else { return };
                let run = self.runs.get_mut(&root).unwrap();
                let last = finish(root, run.last + 1, Some(&format!("session-{}", run.session)), now);
                let result = store.append(Append { epoch: run.epoch, ..last }).await;
                assert_eq!(result.is_ok(), run.leased, "{run:?}: {result:?}");
                if run.leased {
                    *run = Expected { state: RunState::Completed, leased: false, last: run.last + 1, ..run.clone() };
                }
            }
            Step::Claim { most } => self.claim(store, most, now).await,
            Step::Release => {
                store.release(OWNER).await.unwrap();
                self.runs.values_mut().for_each(|run| run.leased = false);
            }
        }
    }

    async fn create(&mut self, store: &Store, session: u8, queued: bool, now: i64) {
        let name = format!("session-{session}");
        let new = if queued { queued_in(&name, now) } else { run_in(&name, now) };
        let (root, state) = (new.root, new.state);
        let fits = queued || !self.busy(session);
        let result = store.create(new).await;
        assert_eq!(matches!(result, Ok(Created::New)), fits, "{result:?}");
        if fits {
            let epoch = i64::from(!queued);
            self.order.push(root);
            self.runs.insert(root, Expected { session, state, epoch, leased: !queued, last: 1 });
        }
    }

    async fn claim(&mut self, store: &Store, most: usize, now: i64) {
        let mut may: Vec<RunId> = Vec::new();
        for session in 0..4 {
            let of = |state| {
                self.order.iter().find(|root| self.runs[*root].session == session && self.runs[*root].state == state)
            };
            let running = of(RunState::Running);
            let next =
                if running.is_some() { running.filter(|root| !self.runs[*root].leased) } else { of(RunState::Queued) };
            may.extend(next);
        }
        let claims = store.claim(OWNER, now + 60_000_000, now, most).await.unwrap();
        assert_eq!(claims.len(), may.len().min(most));
        for claim in claims {
            let root = claim.journal.root;
            assert!(may.contains(&root), "{root} was not to be claimed");
            let run = self.runs.get_mut(&root).unwrap();
            assert_eq!((claim.journal.state, claim.lease.epoch), (run.state, run.epoch + 1));
            *run = Expected { state: RunState::Running, epoch: run.epoch + 1, leased: true, ..run.clone() };
        }
    }

    async fn check(&self, store: &Store) {
        for (root, run) in &self.runs {
            let journal = store.journal(*root).await.unwrap().unwrap();
            let numbers: Vec<u64> = journal.events.iter().map(|event| event.seq).collect();
            assert_eq!(numbers, (1..=run.last).collect::<Vec<_>>());
            assert_eq!((journal.state, journal.epoch), (run.state, run.epoch));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn any_interleaving_keeps_journals_gapless_and_leases_exclusive(steps in prop::collection::vec(step(), 1..60)) {
        tokio::runtime::Runtime::new().unwrap().block_on(async {
            let fixture = Fixture::new().await;
            let mut model = Model::default();
            for step in steps {
                model.step(&fixture.store, step).await;
            }
            model.check(&fixture.store).await;
            model.check(&fixture.reopened().await.store).await;
        });
    }
}

/// Appends of one run that race for the same place: one of them gets it, and its followers go on from there.
#[tokio::test(flavor = "multi_thread")]
async fn racing_appends_never_tear_a_journal() {
    let fixture = Fixture::new().await;
    let store = &fixture.store;
    let runs: Vec<_> = (0..8).map(|n| run(START + n)).collect();
    let roots: Vec<RunId> = runs.iter().map(|run| run.root).collect();
    for run in runs {
        store.create(run).await.unwrap();
    }
    for seq in 2..12 {
        let racers = roots.iter().flat_map(|root| (0..3).map(move |_| store.append(append(*root, seq, seq))));
        let won = join_all(racers).await.into_iter().flatten().count();
        assert_eq!(won, roots.len());
    }
    for root in roots {
        let journal = store.journal(root).await.unwrap().unwrap();
        let numbers: Vec<u64> = journal.events.iter().map(|event| event.seq).collect();
        assert_eq!(numbers, (1..12).collect::<Vec<_>>());
    }
}
