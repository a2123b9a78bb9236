//! What there is to do: effects, and what makes two of them the same.

use crate::event::Event;
use crate::id::{CallId, RunId, Timestamp};

/// Something to do.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "effects live for a moment, and most of them are events to record")]
pub enum Effect {
    /// An event that follows from the state alone: record it, not before its time.
    Record {
        /// The run that it is of.
        run: RunId,
        /// The event.
        event: Event,
        /// The earliest time; `None` = now.
        not_before: Option<Timestamp>,
    },
    /// Ask the model of the open attempt; what comes of it is `MessageFinished` or `AttemptFailed`.
    Ask {
        /// The run.
        run: RunId,
        /// The step.
        step: u32,
        /// The attempt.
        attempt: u32,
        /// The index of the model.
        model: usize,
    },
    /// End the open attempt: what comes of it is `AttemptFailed` with what had arrived.
    StopAsking {
        /// The run.
        run: RunId,
        /// The step.
        step: u32,
        /// The attempt.
        attempt: u32,
    },
    /// Make a call that was started; what comes of it is `ToolCallFinished`.
    Call {
        /// The run.
        run: RunId,
        /// The call.
        call: CallId,
        /// The attempt.
        attempt: u32,
    },
    /// End a call that was started: what comes of it is `ToolCallFinished` with an error.
    StopCall {
        /// The run.
        run: RunId,
        /// The call.
        call: CallId,
        /// Why, for the model.
        reason: String,
        /// Its processes are killed at once.
        forced: bool,
    },
    /// Begin a sub-agent for a call: what comes of it is `ChildStarted` and the child's `RunAccepted`, or an error result.
    Spawn {
        /// The run.
        run: RunId,
        /// The call.
        call: CallId,
    },
    /// Nothing to do until a person or the caller says something.
    Await {
        /// The run.
        run: RunId,
        /// The call.
        call: CallId,
    },
}

/// What makes an effect the same effect: performing is skipped for what is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EffectKey {
    /// Asking a model.
    Ask(RunId, u32, u32),
    /// Making a call.
    Call(CallId, u32),
    /// Beginning a sub-agent.
    Spawn(CallId),
}

impl Effect {
    /// The key of what is performed over time; `None` for the rest.
    pub fn key(&self) -> Option<EffectKey> {
        match self {
            Self::Ask { run, step, attempt, .. } => Some(EffectKey::Ask(*run, *step, *attempt)),
            Self::Call { call, attempt, .. } => Some(EffectKey::Call(*call, *attempt)),
            Self::Spawn { call, .. } => Some(EffectKey::Spawn(*call)),
            _ => None,
        }
    }

    /// Whether a tree with only such effects sleeps: it gives up lease and slot.
    pub fn is_waiting(&self) -> bool {
        match self {
            Self::Await { .. } => true,
            // What is decided if nobody says anything in time.
            Self::Record { event, not_before: Some(_), .. } => {
                matches!(event, Event::ApprovalDecided { .. } | Event::ToolCallFinished { .. })
            }
            _ => false,
        }
    }
}
