//! A run: so many callers, so many calls, of one target or of several in turn.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::{sync::Barrier, task::JoinSet};

use crate::{client::Caller, series::Series, target::Target};

/// How much is called.
#[derive(Debug, Clone, Copy)]
pub struct Load {
    /// Calls that are open at the same time.
    pub concurrency: usize,
    /// Calls of each target in all.
    pub count: usize,
}

/// What a run gave.
#[derive(Debug)]
pub struct Run {
    /// One series for each target, in their order.
    pub series: Vec<Series>,
    /// From the first call to the last answer.
    pub wall: Duration,
}

impl Run {
    /// Complete answers per second, of all targets together.
    pub fn rate(&self) -> f64 {
        let complete: usize = self.series.iter().map(Series::complete).sum();
        let complete = u32::try_from(complete).unwrap_or(u32::MAX);
        f64::from(complete) / self.wall.as_secs_f64().max(f64::EPSILON)
    }
}

/// Runs a load: all callers connect; then, timed, every caller takes a number, calls each target once, and takes the next. Neighbouring callers begin with different
/// targets, so that noise of the machine hits all targets alike.
pub async fn run(load: Load, targets: &[Target]) -> Run {
    let targets: Arc<[Target]> = targets.into();
    let taken = Arc::new(AtomicUsize::new(0));
    let ready = Arc::new(Barrier::new(load.concurrency + 1));
    let mut callers = JoinSet::new();
    for place in 0..load.concurrency {
        let (targets, taken, ready) = (Arc::clone(&targets), Arc::clone(&taken), Arc::clone(&ready));
        callers.spawn(call_in_turn(place, load.count, targets, taken, ready));
    }
    ready.wait().await;
    let started = Instant::now();
    let mut series: Vec<Series> = targets.iter().map(|_| Series::default()).collect();
    while let Some(part) = callers.join_next().await {
        // A caller cannot be cancelled and does not panic; one that did would show as missing answers.
        for (all, part) in series.iter_mut().zip(part.unwrap_or_default()) {
            all.merge(part);
        }
    }
    Run { series, wall: started.elapsed() }
}

async fn call_in_turn(
    place: usize,
    count: usize,
    targets: Arc<[Target]>,
    taken: Arc<AtomicUsize>,
    ready: Arc<Barrier>,
) -> Vec<Series> {
    let mut callers: Vec<Caller> = targets.iter().map(|target| Caller::new(target.address)).collect();
    let mut series: Vec<Series> = targets.iter().map(|_| Series::default()).collect();
    for caller in &mut callers {
        caller.prepare().await;
    }
    ready.wait().await;
    while taken.fetch_add(1, Ordering::Relaxed) < count {
        for turn in 0..targets.len() {
            let index = (place + turn) % targets.len();
            series[index].add(callers[index].call(&targets[index]).await);
        }
    }
    series
}
