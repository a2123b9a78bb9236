//! The whole on a real node: the chart installed by helm, an example applied by kubectl, and what people and programs then get. As
//! root, after the images are made: `make e2e` does both.
//!
//! Tests share one node and one release, and have a namespace each; the one that takes the release away is alone while it does.

#![expect(clippy::unwrap_used, reason = "what our own services answer is as expected, or the test fails")]

mod asking;
mod command_line;
mod edits;
mod examples;
mod interrupted;
mod keys;
mod latency;
mod quickstart;
mod release;
mod servers;
mod team;
mod upgrade;
