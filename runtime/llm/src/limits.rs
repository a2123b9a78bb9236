//! Keeps this runtime's own limits towards each model: calls and tokens per minute, calls at one time.
//!
//! Waiting is in order of arrival, and a caller that goes away leaves no trace. Minutes slide: in no 60 seconds are more
//! calls or tokens begun than allowed. Limits come with each call, so an edited one holds from the next call on.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};
use troupe_core::model::ModelLimits;

/// The window of `requestsPerMinute` and `tokensPerMinute`.
const MINUTE: Duration = Duration::from_mins(1);

/// Above so many names, idle models are forgotten: inline models may come with any name.
const MANY: usize = 1000;

/// The limits of all models, by name.
#[derive(Debug, Default)]
pub(crate) struct Limits {
    models: Mutex<HashMap<String, Arc<Limiter>>>,
}

impl Limits {
    /// Waits until a call of `model` that reads about `tokens` may begin. Nothing waits, nor costs, without limits.
    pub(crate) async fn admit(&self, model: &str, limits: &ModelLimits, tokens: u64) -> Option<Permit> {
        if *limits == ModelLimits::default() {
            return None;
        }
        let limiter = self.limiter(model);
        limiter.wait(limits, tokens).await;
        Some(Permit { limiter, estimated: tokens })
    }

    fn limiter(&self, model: &str) -> Arc<Limiter> {
        let mut models = locked(&self.models);
        if let Some(limiter) = models.get(model) {
            return Arc::clone(limiter);
        }
        if models.len() >= MANY {
            models.retain(|_, limiter| Arc::strong_count(limiter) > 1 || !locked(&limiter.state).is_idle());
        }
        Arc::clone(models.entry(model.to_owned()).or_default())
    }
}

/// A call that may run. Dropping it lets the next one begin.
#[derive(Debug)]
pub(crate) struct Permit {
    limiter: Arc<Limiter>,
    estimated: u64,
}

impl Permit {
    /// Says how many tokens it really was.
    pub(crate) fn settle(&mut self, tokens: u64) {
        let more = tokens.saturating_sub(self.estimated);
        self.estimated = self.estimated.max(tokens);
        if more > 0 {
            locked(&self.limiter.state).tokens.spend(Instant::now(), more);
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        locked(&self.limiter.state).running -= 1;
        self.limiter.freed.notify_one();
    }
}

/// One model's limits.
#[derive(Debug, Default)]
struct Limiter {
    /// Held by the first in line; the others queue for it, in order.
    turn: tokio::sync::Mutex<()>,
    state: Mutex<State>,
    freed: Notify,
}

/// What a call waits for.
enum Wait {
    /// A time when the window has slid on.
    Until(Instant),
    /// The end of another call.
    Freed,
}

impl Limiter {
    async fn wait(&self, limits: &ModelLimits, tokens: u64) {
        let _turn = self.turn.lock().await;
        loop {
            // A notice that comes before it is waited for is kept, so none is lost between these lines.
            let admitted = locked(&self.state).admit(limits, tokens, Instant::now());
            match admitted {
                Ok(()) => return,
                Err(Wait::Until(at)) => sleep_until(at).await,
                Err(Wait::Freed) => self.freed.notified().await,
            }
        }
    }
}

#[derive(Debug, Default)]
struct State {
    running: u32,
    requests: Window,
    tokens: Window,
}

impl State {
    fn admit(&mut self, limits: &ModelLimits, tokens: u64, now: Instant) -> Result<(), Wait> {
        if limits.max_concurrent.is_some_and(|most| self.running >= most.max(1)) {
            return Err(Wait::Freed);
        }
        let requests = self.requests.free_at(now, limits.requests_per_minute, 1);
        let spent = self.tokens.free_at(now, limits.tokens_per_minute, tokens);
        if let Some(at) = requests.into_iter().chain(spent).max() {
            return Err(Wait::Until(at));
        }
        self.running += 1;
        self.requests.spend(now, 1);
        self.tokens.spend(now, tokens);
        Ok(())
    }

    fn is_idle(&mut self) -> bool {
        let now = Instant::now();
        self.requests.slide(now);
        self.tokens.slide(now);
        self.running == 0 && self.requests.sum + self.tokens.sum == 0
    }
}

/// What was spent in the last minute.
#[derive(Debug, Default)]
struct Window {
    spent: VecDeque<(Instant, u64)>,
    sum: u64,
}

impl Window {
    fn slide(&mut self, now: Instant) {
        while let Some((at, amount)) = self.spent.front() {
            if *at + MINUTE > now {
                break;
            }
            self.sum -= amount;
            self.spent.pop_front();
        }
    }

    /// When `amount` fits into `limit`; `None` = now. More than the limit fits into an empty minute.
    fn free_at(&mut self, now: Instant, limit: Option<u32>, amount: u64) -> Option<Instant> {
        self.slide(now);
        let limit = u64::from(limit?).max(1);
        let mut excess = (self.sum + amount.min(limit)).saturating_sub(limit);
        if excess == 0 {
            return None;
        }
        let last = self.spent.back().map(|(at, _)| *at);
        let freeing = self.spent.iter().find(|(_, amount)| {
            excess = excess.saturating_sub(*amount);
            excess == 0
        });
        freeing.map(|(at, _)| *at).or(last).map(|at| at + MINUTE)
    }

    fn spend(&mut self, now: Instant, amount: u64) {
        self.sum += amount;
        self.spent.push_back((now, amount));
    }
}

/// A lock that a panic elsewhere does not close: the counts are whole after every line that changes them.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    fn limits(requests: Option<u32>, tokens: Option<u32>, concurrent: Option<u32>) -> ModelLimits {
        ModelLimits { requests_per_minute: requests, tokens_per_minute: tokens, max_concurrent: concurrent }
    }

    /// When a call may begin that comes at `now`, in seconds after the start: as `wait` does it, with time passing at once.
    fn begin(state: &mut State, limits: &ModelLimits, tokens: u64, start: Instant, seconds: u64) -> u64 {
        let mut now = start + Duration::from_secs(seconds);
        loop {
            match state.admit(limits, tokens, now) {
                Ok(()) => return now.duration_since(start).as_secs(),
                Err(Wait::Until(at)) => now = at,
                Err(Wait::Freed) => panic!("nothing runs"),
            }
        }
    }

    #[test]
    fn a_minute_has_no_more_requests_than_allowed() {
        let (mut state, start) = (State::default(), Instant::now());
        let limit = limits(Some(2), None, None);
        let begun = [0, 10, 10, 61, 200].map(|at| begin(&mut state, &limit, 0, start, at));
        assert_eq!(begun, [0, 10, 60, 70, 200]);
    }

    #[test]
    fn a_minute_has_no_more_tokens_than_allowed() {
        let (mut state, start) = (State::default(), Instant::now());
        let limit = limits(None, Some(100), None);
        assert_eq!(begin(&mut state, &limit, 10, start, 0), 0);
        state.tokens.spend(start + Duration::from_secs(1), 85);
        assert_eq!(begin(&mut state, &limit, 5, start, 2), 2);
        assert_eq!(begin(&mut state, &limit, 10, start, 2), 60);
        assert_eq!(
            begin(&mut state, &limit, 5000, start, 61),
            120,
            "more than a minute's tokens fit into an empty one"
        );
    }

    #[tokio::test]
    async fn a_call_that_took_more_than_it_was_estimated_at_counts_as_it_was() {
        let all = Limits::default();
        let limit = limits(None, Some(100), None);
        all.admit("m", &limit, 10).await.unwrap().settle(95);
        assert!(all.admit("m", &limit, 5).now_or_never().is_some());
        assert!(all.admit("m", &limit, 1).now_or_never().is_none());
    }

    #[tokio::test]
    async fn calls_at_one_time_wait_in_order() {
        let all = Limits::default();
        let limit = limits(None, None, Some(1));
        let first = all.admit("m", &limit, 0).await;
        let mut second = Box::pin(all.admit("m", &limit, 0));
        let mut third = Box::pin(all.admit("m", &limit, 0));
        assert!((&mut second).now_or_never().is_none());
        assert!((&mut third).now_or_never().is_none());
        assert!(all.admit("other", &limit, 0).now_or_never().is_some());
        drop(first);
        assert!((&mut third).now_or_never().is_none());
        let second = second.await;
        assert!((&mut third).now_or_never().is_none());
        drop(second);
        third.await;
    }

    #[tokio::test]
    async fn a_caller_that_goes_away_takes_nothing() {
        let all = Limits::default();
        let limit = limits(None, None, Some(1));
        let first = all.admit("m", &limit, 0).await;
        let mut second = Box::pin(all.admit("m", &limit, 0));
        assert!((&mut second).now_or_never().is_none());
        drop(first);
        drop(second);
        assert!(all.admit("m", &limit, 0).now_or_never().is_some());
    }

    #[tokio::test]
    async fn without_limits_nothing_is_counted() {
        assert!(Limits::default().admit("m", &ModelLimits::default(), 9).await.is_none());
    }
}
