//! The jail's contract where commands are children of this process.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "jail/contract.rs"]
mod contract;

use troupe_tools::budget::Budget;
use troupe_tools::jail::{Jail, JailSettings};

fn jail(settings: JailSettings) -> Jail {
    Jail::new(settings, Budget::default())
}

/// A number that tells the processes of this suite from those of the others.
fn mark(number: &str) -> String {
    format!("{number}1")
}
