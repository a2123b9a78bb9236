//! What is said to a run: whether it fits its state, and what it records.

use super::{Command, CommandError};
use crate::event::Event;
use crate::id::{CallId, RunId};
use crate::run::{Call, CallState, Tree};

/// What a command records, if it fits the run's state; `None` if there is nothing to record.
pub(super) fn event_of(tree: &Tree, command: Command) -> Result<Option<(RunId, Event)>, CommandError> {
    let owner = |call: CallId| tree.runs.values().find(|run| run.call(call).is_some());
    match command {
        Command::Cancel { by, forced } => {
            let already =
                tree.root_run().and_then(|run| run.cancel.as_ref()).is_some_and(|cancel| cancel.forced || !forced);
            Ok((!already).then(|| (tree.root, Event::CancelRequested { by, forced })))
        }
        Command::Decide { call, approved, arguments, by } => {
            let run = owner(call)
                .filter(|run| run.call(call).is_some_and(|call| matches!(call.state, CallState::Asked { .. })));
            let run = run.ok_or_else(|| CommandError::Conflict(format!("call {call} does not wait for approval")))?;
            Ok(Some((run.id, Event::ApprovalDecided { call, approved, arguments, by })))
        }
        Command::Input { call, result } => {
            let run = owner(call).filter(|run| run.call(call).is_some_and(awaits_caller));
            let run = run.ok_or_else(|| CommandError::Conflict(format!("call {call} does not wait for a result")))?;
            Ok(Some((run.id, Event::InputReceived { call, result })))
        }
        Command::Dispatch => Ok(None),
    }
}

fn awaits_caller(call: &Call) -> bool {
    call.state == CallState::Pending && call.is_the_callers()
}
