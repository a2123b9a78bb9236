//! A run as a state machine: [`apply`] records what happened, [`outstanding`] says what is decided and not yet recorded.
//!
//! Going on and resuming are one act: perform what is outstanding. Both functions are pure; time is in the events.

mod apply;
mod budget;
mod call;
mod decide;
mod effect;
mod state;

pub use apply::apply;
pub use call::{Call, CallState};
pub use decide::outstanding;
pub use effect::{Effect, EffectKey};
pub use state::{Attempt, Cancel, Run, Tree};
