//! The catalog on a real API server, with the rights of a runtime as the chart renders them and no others.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test ends with what went wrong")]

mod objects;
mod outage;
mod place;
mod secrets;
mod statuses;
#[path = "../catalog/store.rs"]
#[expect(dead_code, reason = "the folders' tests ask for more")]
mod store;
mod writes;
