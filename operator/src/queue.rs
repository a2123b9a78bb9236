//! Objects that wait to be looked at: each at most once, none by two at one time, failed ones after a while.

use std::{
    collections::{BTreeSet, HashMap, HashSet, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::Notify, time::Instant};

use crate::key::Key;

/// Wait after the first failure; doubled with each further one.
const FIRST_WAIT: Duration = Duration::from_millis(500);

/// The longest wait: the API server and everybody else is back within it, or a person looks anyway.
const LONGEST_WAIT: Duration = Duration::from_mins(5);

/// A queue of objects of one kind.
#[derive(Debug, Default)]
pub struct Queue {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    ready: VecDeque<Key>,
    waiting: HashSet<Key>,
    running: HashSet<Key>,
    /// Running ones that changed meanwhile.
    again: HashSet<Key>,
    later: BTreeSet<(Instant, Key)>,
    failures: HashMap<Key, u32>,
}

impl State {
    fn push(&mut self, key: Key) {
        if self.running.contains(&key) {
            self.again.insert(key);
        } else if self.waiting.insert(key.clone()) {
            self.ready.push_back(key);
        }
    }

    fn wake(&mut self, now: Instant) {
        while self.later.first().is_some_and(|(at, _)| *at <= now) {
            let Some((_, key)) = self.later.pop_first() else { break };
            self.push(key);
        }
    }
}

impl Queue {
    /// Adds an object that changed.
    pub fn add(&self, key: Key) {
        self.lock().push(key);
        self.changed.notify_one();
    }

    /// The next object; it counts as running until [`Self::done`] or [`Self::failed`].
    pub async fn next(&self) -> Key {
        loop {
            let wake = {
                let mut state = self.lock();
                state.wake(Instant::now());
                if let Some(key) = state.ready.pop_front() {
                    state.waiting.remove(&key);
                    state.running.insert(key.clone());
                    return key;
                }
                state.later.first().map(|(at, _)| *at)
            };
            match wake {
                Some(at) => tokio::select! {
                    () = self.changed.notified() => {}
                    () = tokio::time::sleep_until(at) => {}
                },
                None => self.changed.notified().await,
            }
        }
    }

    /// The object was looked at.
    pub fn done(&self, key: &Key) {
        let mut state = self.lock();
        state.failures.remove(key);
        self.finish(state, key);
    }

    /// Looking at it failed: it waits longer each time. `jitter` is from 0 to 1 and spreads those that failed together.
    pub fn failed(&self, key: &Key, jitter: f64) -> Duration {
        let mut state = self.lock();
        let failures = state.failures.entry(key.clone()).or_default();
        *failures = failures.saturating_add(1);
        let wait = wait(*failures, jitter);
        state.later.insert((Instant::now() + wait, key.clone()));
        self.finish(state, key);
        wait
    }

    /// How many wait.
    pub fn length(&self) -> usize {
        let state = self.lock();
        state.ready.len() + state.later.len()
    }

    /// Whether none waits and none is running.
    pub fn is_idle(&self) -> bool {
        let state = self.lock();
        state.ready.is_empty() && state.running.is_empty() && state.later.is_empty()
    }

    fn finish(&self, mut state: MutexGuard<'_, State>, key: &Key) {
        state.running.remove(key);
        if state.again.remove(key) {
            state.push(key.clone());
        }
        drop(state);
        self.changed.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The wait after so many failures: between half and the whole of what doubling gives.
fn wait(failures: u32, jitter: f64) -> Duration {
    let longest = FIRST_WAIT.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(LONGEST_WAIT);
    longest.mul_f64(jitter.clamp(0.0, 1.0).mul_add(0.5, 0.5))
}

#[cfg(test)]
mod tests {
    use troupe_crds::Kind;

    use super::*;

    fn key(name: &str) -> Key {
        Key::new(Kind::Agent, "n", name)
    }

    #[tokio::test]
    async fn an_object_waits_once_and_runs_once_at_a_time() {
        let queue = Queue::default();
        queue.add(key("a"));
        queue.add(key("a"));
        queue.add(key("b"));
        assert_eq!(queue.next().await, key("a"));
        queue.add(key("a"));
        assert_eq!(queue.next().await, key("b"));
        assert_eq!(queue.length(), 0);
        queue.done(&key("a"));
        assert_eq!(queue.next().await, key("a"));
        queue.done(&key("a"));
        queue.done(&key("b"));
        assert!(queue.is_idle());
    }

    #[tokio::test]
    async fn a_failed_object_comes_back_by_itself_and_what_is_new_goes_before_it() {
        let queue = Queue::default();
        queue.add(key("a"));
        let failed = queue.next().await;
        queue.failed(&failed, 0.0);
        assert_eq!(queue.length(), 1);
        queue.add(key("b"));
        assert_eq!(queue.next().await, key("b"));
        assert_eq!(queue.next().await, failed);
    }

    #[test]
    fn waits_grow_to_a_bound_and_are_spread() {
        let waits = [1, 2, 3, 12, u32::MAX].map(|failures| wait(failures, 1.0));
        assert_eq!(waits[..3], [500, 1000, 2000].map(Duration::from_millis));
        assert_eq!(waits[3..], [LONGEST_WAIT, LONGEST_WAIT]);
        assert_eq!(wait(1, 0.0), FIRST_WAIT / 2);
    }
}
