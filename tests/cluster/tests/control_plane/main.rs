//! The control plane itself, and Troupe's kinds as a real API server takes them: `cargo test -p troupe-test-cluster`.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test's own files and objects are as it expects, or it fails"
)]

mod admission;
mod definitions;
mod killed;
#[path = "../owner.rs"]
mod owner;
mod schema;
mod server;
