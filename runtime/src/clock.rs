//! The system's clock, the only one in shipped code.

use troupe_core::id::Timestamp;
use troupe_core::port::Clock;

/// Tells the system's time.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that the others take the time from")]
    fn now(&self) -> Timestamp {
        jiff::Timestamp::now().as_microsecond()
    }
}
