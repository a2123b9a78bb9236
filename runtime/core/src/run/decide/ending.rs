//! How a run that is to end winds down, and what is said about it.

use super::{child_finished, finish_call, interrupted, record};
use crate::event::{Event, Limit, Outcome};
use crate::id::RunId;
use crate::run::budget;
use crate::run::call::{Call, CallState};
use crate::run::effect::Effect;
use crate::run::state::{Run, Tree};
use crate::tool::ToolResult;

/// The run is to end: what is under way is stopped, what is pending gets an error for a result, then it finishes.
pub(super) fn wind_down(tree: &Tree, run: &Run, effects: &mut Vec<Effect>) {
    let before = effects.len();
    if let Some(attempt) = &run.attempt {
        effects.push(Effect::StopAsking { run: run.id, step: attempt.step, attempt: attempt.attempt });
    }
    let forced = run.cancel.as_ref().is_some_and(|cancel| cancel.forced);
    for call in &run.calls {
        let refusal = || ToolResult::error(not_executed(tree, run, call));
        match &call.state {
            CallState::Finished { .. } => {}
            CallState::Started => {
                effects.push(Effect::StopCall { run: run.id, call: call.id, reason: ended_because(tree, run), forced });
            }
            CallState::Interrupted => effects.push(finish_call(run, call, interrupted())),
            CallState::Child { run: child } => end_child(tree, run, call, *child, effects),
            _ => effects.push(finish_call(run, call, refusal())),
        }
    }
    if effects.len() == before {
        effects.push(record(run, Event::RunFinished { outcome: wound_down(tree, run) }));
    }
}

fn end_child(tree: &Tree, run: &Run, call: &Call, child: RunId, effects: &mut Vec<Effect>) {
    match tree.runs.get(&child) {
        Some(child) if child.outcome.is_some() => effects.push(child_finished(run, call, child)),
        Some(child) if child.cancel.is_none() => {
            let forced = run.cancel.as_ref().is_some_and(|cancel| cancel.forced);
            effects.push(record(child, Event::CancelRequested { by: ended_because(tree, run), forced }));
        }
        // The child is winding down; its end brings this run on.
        Some(_) => effects.push(Effect::Await { run: run.id, call: call.id }),
        None => effects.push(finish_call(run, call, ToolResult::error("the sub-agent was lost"))),
    }
}

fn not_executed(tree: &Tree, run: &Run, call: &Call) -> String {
    let name = &call.call.name;
    match run.limit {
        // S1-66, to the letter.
        Some(Limit::ToolRounds) if run.cancel.is_none() => {
            let most = run.limits().max_tool_rounds;
            format!("maximum tool-call rounds ({most}) reached. Tool '{name}' was not executed.")
        }
        _ => format!("{}. Tool '{name}' was not executed.", ended_because(tree, run)),
    }
}

fn ended_because(tree: &Tree, run: &Run) -> String {
    match (&run.cancel, run.limit) {
        (Some(cancel), _) => format!("the run was cancelled ({})", cancel.by),
        (None, Some(limit)) => limit_words(tree, run, limit),
        (None, None) => "the run ended".to_owned(),
    }
}

fn limit_words(tree: &Tree, run: &Run, limit: Limit) -> String {
    let limits = budget::holder(tree, run, limit).limits();
    match limit {
        Limit::ToolRounds => format!("the limit of {} tool-call rounds was reached", limits.max_tool_rounds),
        Limit::ToolCalls => {
            format!("the limit of {} tool calls was reached", limits.max_tool_calls.unwrap_or_default())
        }
        Limit::Tokens => format!("the limit of {} tokens was reached", limits.max_tokens.unwrap_or_default()),
        Limit::Cost => format!("the cost limit of {} micro-units was reached", limits.max_cost.unwrap_or_default()),
        Limit::Time => format!("the time limit of {} ms was reached", limits.timeout_ms.unwrap_or_default()),
    }
}

fn wound_down(tree: &Tree, run: &Run) -> Outcome {
    match (&run.cancel, run.limit) {
        (Some(cancel), _) => Outcome::Cancelled { by: cancel.by.clone() },
        (None, Some(limit)) => Outcome::Completed {
            limit: Some(limit),
            note: Some(format!("Stopped: {}. Send another message to continue.", limit_words(tree, run, limit))),
            output: None,
        },
        (None, None) => Outcome::Cancelled { by: String::new() },
    }
}
