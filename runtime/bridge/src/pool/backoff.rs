//! How long a server that dies at once is left alone before it is started again.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::StdioError;

/// The pause after the second failure in a row; it doubles with each further one. The first costs nothing, since a
/// single crash says little.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// Half a minute is short enough to notice a repaired server and long enough to cost nothing.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// A pause up to this is simply waited for by the caller.
const SILENT_PAUSE: Duration = Duration::from_secs(2);

/// Counts failures in a row.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    failures: u32,
    not_before: Option<Instant>,
    last: Option<Arc<str>>,
}

impl Backoff {
    /// The server died soon after its start.
    pub(super) fn failed(&mut self, reason: Arc<str>) {
        self.failures = self.failures.saturating_add(1);
        self.last = Some(reason);
        self.not_before = Some(Instant::now() + pause_after(self.failures));
    }

    /// The server did something useful.
    pub(super) fn succeeded(&mut self) {
        *self = Self::default();
    }

    /// The time until the next start.
    pub(super) fn remaining(&self) -> Duration {
        self.not_before.map_or(Duration::ZERO, |at| at.saturating_duration_since(Instant::now()))
    }

    /// The time that a caller waits, or the error that it gets instead.
    pub(super) fn wait(&self) -> Result<Duration, StdioError> {
        let remaining = self.remaining();
        match &self.last {
            Some(last) if remaining > SILENT_PAUSE => {
                Err(StdioError::BackingOff { failures: self.failures, retry_in: remaining, last: Arc::clone(last) })
            }
            _ => Ok(remaining),
        }
    }
}

fn pause_after(failures: u32) -> Duration {
    match failures.checked_sub(2) {
        None => Duration::ZERO,
        Some(doublings) => FIRST_PAUSE.saturating_mul(1 << doublings.min(16)).min(LONGEST_PAUSE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_starts_at_the_second_failure_and_doubles_to_its_limit() {
        let millis: Vec<u128> = (1..=10).map(|failures| pause_after(failures).as_millis()).collect();
        assert_eq!(millis, [0, 250, 500, 1000, 2000, 4000, 8000, 16000, 30000, 30000]);
        assert_eq!(pause_after(u32::MAX), LONGEST_PAUSE);
    }

    #[test]
    fn a_long_pause_is_an_error_until_something_succeeds() {
        let mut backoff = Backoff::default();
        backoff.failed("exited".into());
        assert_eq!(backoff.wait().unwrap(), Duration::ZERO);
        for _ in 0..8 {
            backoff.failed("exited again".into());
        }
        let Err(StdioError::BackingOff { failures: 9, last, .. }) = backoff.wait() else { panic!("{backoff:?}") };
        assert_eq!(&*last, "exited again");
        backoff.succeeded();
        assert_eq!(backoff.wait().unwrap(), Duration::ZERO);
    }
}
