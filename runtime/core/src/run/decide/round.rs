//! What the calls of a round need next.

use super::{child_finished, finish_call, interrupted, record};
use crate::event::{ApprovalReason, Event, Limit};
use crate::id::Timestamp;
use crate::run::budget::micros;
use crate::run::call::{Call, CallState};
use crate::run::effect::Effect;
use crate::run::state::{Run, Tree};
use crate::tool::{OnInterrupted, ToolKind, ToolResult};

/// What the calls of a round need next.
pub(super) fn decide_round(tree: &Tree, run: &Run, effects: &mut Vec<Effect>) {
    if let Some(limit) = round_limit(run) {
        effects.push(record(run, Event::LimitReached { limit }));
        return;
    }
    let mut free = run.free_places();
    for call in &run.calls {
        match &call.state {
            CallState::Started => {
                effects.push(Effect::Call { run: run.id, call: call.id, attempt: call.attempts });
            }
            CallState::Child { run: child } => {
                match tree.runs.get(child) {
                    Some(child) if child.outcome.is_some() => effects.push(child_finished(run, call, child)),
                    Some(_) => {}
                    // Nothing was recorded of it but that it was begun.
                    None => effects.push(Effect::Spawn { run: run.id, call: call.id }),
                }
            }
            CallState::Asked { at, .. } => ask_person(run, call, *at, effects),
            CallState::Refused { by, reason } => effects.push(finish_call(run, call, refused(call, by, *reason))),
            CallState::Interrupted => effects.push(after_interruption(run, call)),
            CallState::Pending if call.is_the_callers() => await_caller(run, call, effects),
            CallState::Pending if free > 0 => {
                free -= 1;
                effects.push(begin(tree, run, call));
            }
            CallState::Pending | CallState::Finished { .. } => {}
        }
    }
}

/// A round that may not be made: no call of it was begun yet.
pub(in crate::run) fn round_limit(run: &Run) -> Option<Limit> {
    let fresh = run.calls.iter().all(|call| call.state == CallState::Pending && call.attempts == 0 && !call.approved);
    if !fresh {
        return None;
    }
    let opens_skill =
        run.calls.iter().any(|call| call.tool.as_ref().is_some_and(|tool| matches!(tool.kind, ToolKind::Skill(_))));
    let most = run.limits().max_tool_rounds;
    // Opening a skill is no round (S1-105), but one that cannot be opened is: it is tried once beyond the limit.
    if run.rounds > most || (run.rounds == most && !opens_skill) {
        Some(Limit::ToolRounds)
    } else if run.limits().max_tool_calls.is_some_and(|most| run.calls_made > most) {
        Some(Limit::ToolCalls)
    } else {
        None
    }
}

fn ask_person(run: &Run, call: &Call, since: Timestamp, effects: &mut Vec<Effect>) {
    let decided = Event::ApprovalDecided {
        call: call.id,
        approved: false,
        arguments: None,
        by: "nobody answered in time".to_owned(),
    };
    await_until(run, call, since, decided, effects);
}

/// A call that is handed back to the caller waits for its result as long as one waits for a person.
fn await_caller(run: &Run, call: &Call, effects: &mut Vec<Effect>) {
    let result = ToolResult::error(format!("the caller gave no result of '{}' in time", call.call.name));
    let finished = Event::ToolCallFinished { call: call.id, result, duration_us: 0 };
    await_until(run, call, call.at, finished, effects);
}

/// Waits; `otherwise` happens if nobody says anything in time.
fn await_until(run: &Run, call: &Call, since: Timestamp, otherwise: Event, effects: &mut Vec<Effect>) {
    effects.push(Effect::Await { run: run.id, call: call.id });
    let not_before = Some(since.saturating_add(micros(run.limits().approval_timeout_ms)));
    effects.push(Effect::Record { run: run.id, event: otherwise, not_before });
}

fn refused(call: &Call, by: &str, reason: ApprovalReason) -> ToolResult {
    match reason {
        ApprovalReason::Policy => ToolResult::error(format!("the call of '{}' was refused ({by})", call.call.name)),
        ApprovalReason::Interrupted => interrupted(),
    }
}

fn after_interruption(run: &Run, call: &Call) -> Effect {
    let policy = call.tool.as_ref().map_or(OnInterrupted::Report, |tool| tool.after_interruption());
    match policy {
        OnInterrupted::Repeat => record(run, Event::ToolCallStarted { call: call.id, attempt: call.attempts + 1 }),
        OnInterrupted::Ask => {
            record(run, Event::ApprovalRequested { call: call.id, reason: ApprovalReason::Interrupted })
        }
        OnInterrupted::Report | OnInterrupted::Auto => finish_call(run, call, interrupted()),
    }
}

/// What a call needs first.
fn begin(tree: &Tree, run: &Run, call: &Call) -> Effect {
    let Some(tool) = &call.tool else {
        let names: Vec<_> = run.tools().iter().map(|tool| tool.spec.name.clone()).collect();
        let known = if names.is_empty() { "there are no tools".to_owned() } else { names.join(", ") };
        let text = format!("unknown tool '{}'; available: {known}", call.call.name);
        return finish_call(run, call, ToolResult::error(text));
    };
    if tool.needs_approval() && !call.approved {
        if tree.ephemeral {
            let text = format!(
                "the tool '{}' needs a person's approval, and a stateless call cannot wait for one; use a session",
                call.call.name
            );
            return finish_call(run, call, ToolResult::error(text));
        }
        return record(run, Event::ApprovalRequested { call: call.id, reason: ApprovalReason::Policy });
    }
    match tool.kind {
        ToolKind::Agent { .. } | ToolKind::Delegate => begin_child(run, call),
        _ => record(run, Event::ToolCallStarted { call: call.id, attempt: call.attempts + 1 }),
    }
}

fn begin_child(run: &Run, call: &Call) -> Effect {
    let deepest = run.agent.as_ref().map_or(0, |agent| agent.max_depth);
    if run.accepted.depth >= deepest {
        let text = format!("sub-agents may nest {deepest} deep, and this one is there; do the task without one");
        return finish_call(run, call, ToolResult::error(text));
    }
    Effect::Spawn { run: run.id, call: call.id }
}
