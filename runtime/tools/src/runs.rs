//! The calls that are under way, by the root of their run: what `forced` ends (S1-62).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio_util::sync::CancellationToken;
use troupe_core::id::RunId;

/// Calls under way.
#[derive(Clone, Debug, Default)]
pub(crate) struct Runs {
    roots: Arc<Mutex<HashMap<RunId, (CancellationToken, usize)>>>,
}

/// One call under way; it is over when this is dropped.
#[derive(Debug)]
pub(crate) struct UnderWay {
    runs: Runs,
    root: RunId,
    /// Cancelled when the run is killed.
    pub(crate) killed: CancellationToken,
}

impl Runs {
    /// Notes that a call of `root` begins.
    pub(crate) fn begin(&self, root: RunId) -> UnderWay {
        let mut roots = self.roots.lock().unwrap_or_else(PoisonError::into_inner);
        let (token, calls) = roots.entry(root).or_default();
        *calls += 1;
        UnderWay { runs: self.clone(), root, killed: token.clone() }
    }

    /// Ends every call of `root`; says how many there were.
    pub(crate) fn kill(&self, root: RunId) -> usize {
        let removed = self.roots.lock().unwrap_or_else(PoisonError::into_inner).remove(&root);
        removed.map_or(0, |(token, calls)| {
            token.cancel();
            calls
        })
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut roots = self.runs.roots.lock().unwrap_or_else(PoisonError::into_inner);
        // After a kill another entry may stand under the same root; it counts calls that began later.
        if let Some((_, calls)) = roots.get_mut(&self.root).filter(|_| !self.killed.is_cancelled()) {
            *calls -= 1;
            if *calls == 0 {
                roots.remove(&self.root);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kill_ends_the_calls_of_one_root_and_nothing_is_kept_of_finished_ones() {
        let runs = Runs::default();
        let (one, other) = (RunId::new(1), RunId::new(2));
        let (first, second) = (runs.begin(one), runs.begin(other));
        assert_eq!(runs.kill(one), 1);
        assert!(first.killed.is_cancelled() && !second.killed.is_cancelled());
        let later = runs.begin(one);
        drop(first);
        assert!(!later.killed.is_cancelled());
        drop((later, second));
        assert!(runs.roots.lock().unwrap().is_empty());
    }
}
