//! What a store promises, told against the ports: the same tests hold for every database.

#![expect(clippy::unwrap_used, reason = "tests stop at the first thing that is not as it must be")]

mod blobs;
mod claims;
mod crash;
mod fixture;
mod interleavings;
mod journals;
mod payloads;
mod retention;
mod revisions;
mod sessions;
