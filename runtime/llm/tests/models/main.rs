//! Whole calls over loopback: against the scripted model server, and against servers that we did not write.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking, in its own functions too")]
#![expect(clippy::print_stdout, reason = "a test that is skipped says so")]

mod answers;
mod faults;
mod limits;
mod peers;
mod setup;
