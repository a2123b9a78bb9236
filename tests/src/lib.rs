//! The harness of the end-to-end suites: the real `troupe` in a process of its own, on folders of its own, and a small HTTP service
//! that counts what tools ask of it. The models are `troupe-model-server`'s.

mod binary;
mod ledger;
mod peers;
mod place;
mod service;
mod within;

pub use binary::troupe;
pub use ledger::Ledger;
pub use peers::{Peer, peer, run};
pub use place::Place;
pub use service::{Answer, Frame, Frames, Service};
pub use within::within;
