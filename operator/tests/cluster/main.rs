//! The operator against a real API server, with its own rights: `cargo test -p troupe-operator --test cluster`.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test's own files and objects are as it expects, or it fails"
)]

mod conditions;
mod hardened;
mod program;
mod rights;
mod support;
mod watches;
mod whole_cluster;
mod workloads;
