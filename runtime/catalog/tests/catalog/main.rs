//! The catalog on real folders: what loads, what is said about what does not, what an edit does, what a write leaves.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test ends with what went wrong")]

mod edits;
mod folder;
mod loading;
mod reload;
mod resolution;
mod revisions;
mod secrets;
mod store;
mod writes;
