//! Limits of tools that a service changes while it runs (S1-159: a variable counts at once).

use std::fmt::Debug;
use std::time::Duration;

/// Where limits are looked up anew at each call; `None` = what the service was started with.
pub trait LiveLimits: Debug + Send + Sync {
    /// The longest that a command, a function or a closure takes (`BASH_EXEC_TIMEOUT`).
    fn bash_timeout(&self) -> Option<Duration> {
        None
    }

    /// The most characters that `fetch` gives (`FETCH_MAX_SIZE`).
    fn fetch_max_size(&self) -> Option<usize> {
        None
    }
}

/// Nothing changes.
#[derive(Clone, Copy, Debug)]
pub struct NoLiveLimits;

impl LiveLimits for NoLiveLimits {}
