//! Shows the results of a round in the order of its calls, as S1 ran them one after the other (S1-65), though they run at once.

use std::collections::{HashMap, VecDeque};

use troupe_core::id::CallId;

use super::S1Delta;

/// The open calls of a round, and the results that wait for earlier ones.
#[derive(Debug, Default)]
pub(super) struct Order {
    open: VecDeque<CallId>,
    held: HashMap<CallId, S1Delta>,
}

impl Order {
    /// Begins a round; gives what an interrupted one still held, in its order.
    pub(super) fn begin(&mut self, calls: Vec<CallId>) -> Vec<S1Delta> {
        let held = self.open.drain(..).filter_map(|call| self.held.remove(&call)).collect();
        self.open = calls.into();
        held
    }

    /// Takes in a result; gives those that are to be shown now.
    pub(super) fn take(&mut self, call: CallId, result: S1Delta) -> Vec<S1Delta> {
        if !self.open.contains(&call) {
            return vec![result];
        }
        self.held.insert(call, result);
        self.ready()
    }

    /// Lets the other calls' results pass this one.
    pub(super) fn pass(&mut self, call: CallId) -> Vec<S1Delta> {
        self.open.retain(|open| *open != call);
        self.ready()
    }

    fn ready(&mut self) -> Vec<S1Delta> {
        let mut ready = Vec::new();
        while let Some(result) = self.open.front().and_then(|call| self.held.remove(call)) {
            self.open.pop_front();
            ready.push(result);
        }
        ready
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use troupe_core::id::RunId;

    fn calls() -> [CallId; 3] {
        let run = RunId::new(0);
        [0, 1, 2].map(|index| CallId::derive(run, 0, index))
    }

    fn result(content: &str) -> S1Delta {
        S1Delta { content: content.to_owned(), ..S1Delta::default() }
    }

    fn contents(shown: &[S1Delta]) -> Vec<&str> {
        shown.iter().map(|message| message.content.as_str()).collect()
    }

    #[test]
    fn results_wait_for_those_of_earlier_calls() {
        let ([a, b, c], mut order) = (calls(), Order::default());
        order.begin(vec![a, b, c]);
        assert!(order.take(c, result("c")).is_empty());
        assert_eq!(contents(&order.take(a, result("a"))), ["a"]);
        assert_eq!(contents(&order.take(b, result("b"))), ["b", "c"]);
        assert!(order.begin(Vec::new()).is_empty());
    }

    #[test]
    fn a_call_that_takes_its_time_is_passed() {
        let ([a, b, c], mut order) = (calls(), Order::default());
        order.begin(vec![a, b, c]);
        assert!(order.take(b, result("b")).is_empty());
        assert_eq!(contents(&order.pass(a)), ["b"]);
        assert_eq!(contents(&order.take(a, result("a"))), ["a"]);
    }

    #[test]
    fn an_interrupted_round_loses_no_result() {
        let ([a, b, c], mut order) = (calls(), Order::default());
        order.begin(vec![a, b, c]);
        order.take(c, result("c"));
        order.take(b, result("b"));
        assert_eq!(contents(&order.begin(vec![])), ["b", "c"]);
    }
}
