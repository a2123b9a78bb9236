//! Load against a model server and against Troupe, measured the same way, so that what Troupe adds is their difference.
//!
//! Every answer is checked: it must hold exactly the deltas that were scripted (each carries one [`MARK`]), and a stream must end with
//! `[DONE]`. What does not is counted as incomplete and never as fast.

pub mod client;
pub mod load;
pub mod observe;
pub mod process;
pub mod report;
pub mod series;
pub mod stage;
pub mod suite;
pub mod target;

/// The character that each scripted delta carries once, and nothing else: counting it counts deltas, however they are framed.
pub const MARK: u8 = b'~';
