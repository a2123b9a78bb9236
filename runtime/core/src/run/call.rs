//! A tool call of the current round, and how far it has come.

use std::sync::Arc;

use crate::event::ApprovalReason;
use crate::id::{CallId, RunId, Timestamp};
use crate::tool::{ToolCall, ToolKind, ToolResult, ToolSnapshot};

/// One call.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// Its id.
    pub id: CallId,
    /// When the model asked for it.
    pub at: Timestamp,
    /// What the model asked for.
    pub call: ToolCall,
    /// The tool; `None` if the model named one that it does not have.
    pub tool: Option<Arc<ToolSnapshot>>,
    /// How far it has come.
    pub state: CallState,
    /// How often it was started.
    pub attempts: u32,
    /// A person agreed to it; it is not asked for again, even when it is repeated.
    pub approved: bool,
    /// The arguments as a person edited them.
    pub edited: Option<String>,
}

impl Call {
    /// The call with the arguments that hold: the person's, where one edited them.
    pub fn effective(&self) -> ToolCall {
        match &self.edited {
            Some(arguments) => ToolCall { arguments: arguments.clone(), ..self.call.clone() },
            None => self.call.clone(),
        }
    }

    /// The result, once there is one.
    pub fn result(&self) -> Option<&ToolResult> {
        match &self.state {
            CallState::Finished { result } => Some(result),
            _ => None,
        }
    }

    /// Whether the caller itself runs its tool: it is handed back and waits for its result.
    pub fn is_the_callers(&self) -> bool {
        self.tool.as_ref().is_some_and(|tool| tool.kind == ToolKind::Client)
    }

    /// Whether it takes one of the places of calls at one time; an interrupted one keeps its place until it is decided
    /// whether it is made again.
    pub fn occupies(&self) -> bool {
        matches!(self.state, CallState::Started | CallState::Interrupted | CallState::Child { .. })
    }
}

/// How far a call has come.
#[derive(Clone, Debug, PartialEq)]
pub enum CallState {
    /// Nothing was done yet.
    Pending,
    /// A person is asked.
    Asked {
        /// Why.
        reason: ApprovalReason,
        /// Since when.
        at: Timestamp,
    },
    /// A person refused.
    Refused {
        /// Who, or that time ran out.
        by: String,
        /// Why the person was asked.
        reason: ApprovalReason,
    },
    /// It was dispatched.
    Started,
    /// It was dispatched by a process that died before the result was recorded.
    Interrupted,
    /// A sub-agent works on it.
    Child {
        /// The sub-agent's run.
        run: RunId,
    },
    /// It has a result.
    Finished {
        /// The result.
        result: ToolResult,
    },
}
