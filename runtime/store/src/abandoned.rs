//! Runs whose append failed because of the disk: whoever worked on them has stopped, and their leases are given back.
//!
//! The engine stops working on a run whose journal cannot be written, and still renews every lease that it has. Without
//! this its row would say `running`, and hold its session, until the process ends. With the next renewal that the
//! database takes, the lease ends instead, and the run is claimed and goes on from its journal.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use troupe_core::id::RunId;
use troupe_core::port::StoreError;

use crate::error::Refusal;

/// How often one run is taken up again in one process: a disk that fails every time must not cost a model call each.
const TRIES: u32 = 3;

/// The runs whose leases end with the next renewal.
#[derive(Debug, Default)]
pub(crate) struct Abandoned {
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    due: HashSet<RunId>,
    tries: HashMap<RunId, u32>,
}

impl Abandoned {
    /// Notes what became of an append. A refusal is no fault: it would be refused again.
    pub(crate) fn note(&self, root: RunId, error: &StoreError) {
        if !matches!(error, StoreError::Database { .. }) || Refusal::of(error).is_some() {
            return;
        }
        let mut held = self.held();
        let tries = held.tries.entry(root).or_default();
        *tries += 1;
        if *tries <= TRIES {
            held.due.insert(root);
        }
    }

    /// The runs whose leases end now.
    pub(crate) fn due(&self) -> Vec<RunId> {
        self.held().due.iter().copied().collect()
    }

    /// Their leases have ended.
    pub(crate) fn ended(&self, roots: &[RunId]) {
        let mut held = self.held();
        for root in roots {
            held.due.remove(root);
        }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
