//! One memory budget for all large results, so that many of them at once cannot exhaust the process.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Results up to this many bytes need no share: they are many, short-lived and small (256 KiB, what a model sees at most).
pub const FREE: usize = 256 * 1024;

/// The largest result of one call, in bytes (100 MiB, as of MCP servers: S1-96).
pub const MOST: usize = 100 * 1024 * 1024;

/// Permits are counted in these, as a semaphore's number of permits is 32 bits wide at an acquisition.
const UNIT: usize = 1024;

/// Memory that large results share.
#[derive(Clone, Debug)]
pub struct Budget {
    semaphore: Arc<Semaphore>,
    units: usize,
}

/// A part of the budget; given back when dropped.
#[derive(Debug)]
pub struct Share {
    _permit: Option<OwnedSemaphorePermit>,
}

impl Budget {
    /// A budget of `bytes`.
    pub fn new(bytes: usize) -> Self {
        let units = bytes.div_ceil(UNIT).clamp(1, Semaphore::MAX_PERMITS.min(u32::MAX as usize));
        Self { semaphore: Arc::new(Semaphore::new(units)), units }
    }

    /// Waits for a share of `bytes`, or of the whole budget where that is less. A call takes one share, once: who would
    /// take a second could wait for someone who waits for them.
    pub async fn share(&self, bytes: usize) -> Share {
        let units = bytes.div_ceil(UNIT).min(self.units);
        let permit = self.semaphore.clone().acquire_many_owned(u32::try_from(units).unwrap_or(u32::MAX)).await;
        // The semaphore is never closed, so there always is a permit.
        Share { _permit: permit.ok() }
    }
}

impl Default for Budget {
    /// 256 MiB: two of the largest results and many smaller ones.
    fn default() -> Self {
        Self::new(256 * 1024 * 1024)
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[tokio::test]
    async fn a_share_that_does_not_fit_waits_until_another_is_given_back() {
        let budget = Budget::new(10 * UNIT);
        let first = budget.share(6 * UNIT).await;
        let mut second = Box::pin(budget.share(6 * UNIT));
        assert!((&mut second).now_or_never().is_none());
        drop(first);
        assert!(second.now_or_never().is_some());
    }

    #[tokio::test]
    async fn more_than_the_whole_budget_is_the_whole_budget() {
        let budget = Budget::new(10 * UNIT);
        let _all = budget.share(usize::MAX / 2).await;
        assert!(budget.share(1).now_or_never().is_none());
    }
}
