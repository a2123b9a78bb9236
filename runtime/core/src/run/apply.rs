//! Records what happened. Decides nothing.

mod attempt;
mod round;

use std::sync::Arc;

use crate::event::{Accepted, Event, Limit, Outcome, Recorded};
use crate::id::{RunId, Timestamp};
use crate::message::Message;
use crate::model::Usage;
use crate::run::budget::is_awake;
use crate::run::call::CallState;
use crate::run::state::{Attempt, Cancel, Run, Tree};
use crate::session::Turn;

use attempt::{attempt_failed, message};
use round::{decide, finish_call, on_call};

/// Folds one event into the state.
pub fn apply(tree: &mut Tree, recorded: &Recorded) {
    let Recorded { seq, run, at, event } = recorded;
    count_time(tree, *at, event);
    tree.seq = *seq;
    match event {
        Event::RunAccepted(accepted) => {
            let run = accept(tree, *run, accepted);
            tree.runs.insert(run.id, run);
        }
        Event::Resumed { .. } => tree.runs.values_mut().for_each(interrupt),
        Event::AttemptFailed { usage, cost, .. } => {
            spend(tree, *run, usage, *cost);
            with_run(tree, *run, |run| apply_to_run(run, *at, event));
        }
        Event::MessageFinished(finished) => {
            spend(tree, *run, &finished.usage, finished.cost);
            with_run(tree, *run, |run| message(run, *at, finished));
        }
        _ => with_run(tree, *run, |run| apply_to_run(run, *at, event)),
    }
}

/// The time between two events is running time of the runs that were at work between them: of those that did not wait
/// for a person or the caller; of none if there was no process.
fn count_time(tree: &mut Tree, at: Timestamp, event: &Event) {
    let passed = (at - tree.last_at).max(0);
    if tree.last_at != 0 && passed != 0 && !matches!(event, Event::Resumed { .. }) {
        let counts = |run: &&Run| run.started_at.is_some() && is_awake(tree, run);
        let awake: Vec<RunId> = tree.runs.values().filter(counts).map(|run| run.id).collect();
        for id in awake {
            with_run(tree, id, |run| run.ran_us += passed);
        }
    }
    tree.last_at = at;
}

/// Tokens and money count for the tree, for the run that spent them, and for all above it.
fn spend(tree: &mut Tree, id: RunId, usage: &Usage, cost: i64) {
    tree.usage.add(usage);
    tree.cost += cost;
    if let Some(run) = tree.runs.get_mut(&id) {
        run.usage.add(usage);
        run.cost += cost;
    }
    let mut next = Some(id);
    while let Some(run) = next.and_then(|id| tree.runs.get_mut(&id)) {
        run.spent.add(usage);
        run.spent_cost += cost;
        next = run.accepted.parent.map(|parent| parent.run);
    }
}

fn with_run(tree: &mut Tree, id: RunId, change: impl FnOnce(&mut Run)) {
    if let Some(run) = tree.runs.get_mut(&id) {
        change(run);
    }
}

fn accept(tree: &Tree, id: RunId, accepted: &Accepted) -> Run {
    let agent = tree.snapshot(&accepted.snapshot).and_then(|snapshot| snapshot.agents.get(&accepted.agent)).cloned();
    Run {
        id,
        accepted: Arc::new(accepted.clone()),
        agent,
        started_at: None,
        high_water: 0,
        input: accepted.input.clone(),
        transcript: Vec::new(),
        last_turn_at: 0,
        steps: 0,
        attempt: None,
        attempts: 0,
        failures: 0,
        model: 0,
        retry_at: None,
        error: None,
        calls: Vec::new(),
        rounds: 0,
        calls_made: 0,
        skills: Vec::new(),
        skill_directory: None,
        repairs: 0,
        answered: false,
        invalid: None,
        ran_us: 0,
        usage: Usage::default(),
        spent: Usage::default(),
        spent_cost: 0,
        last_usage: Usage::default(),
        cost: 0,
        limit: None,
        cancel: None,
        outcome: None,
        finished_at: None,
    }
}

fn interrupt(run: &mut Run) {
    if let Some(attempt) = &mut run.attempt {
        attempt.lost = true;
    }
    for call in &mut run.calls {
        if call.state == CallState::Started {
            call.state = CallState::Interrupted;
        }
    }
}

fn apply_to_run(run: &mut Run, at: Timestamp, event: &Event) {
    match event {
        Event::RunStarted { high_water, .. } => start(run, at, *high_water),
        Event::ModelAttemptStarted { step, attempt, model } => {
            run.attempt = Some(Attempt { step: *step, attempt: *attempt, model: *model, at, lost: false });
            run.attempts = *attempt;
            run.retry_at = None;
        }
        Event::AttemptFailed { reason, partial, .. } => attempt_failed(run, at, reason, partial),
        Event::ToolCallStarted { call, attempt } => on_call(run, *call, |call| {
            call.state = CallState::Started;
            call.attempts = *attempt;
        }),
        Event::ToolCallFinished { call, result, .. }
        | Event::ChildFinished { call, result }
        | Event::InputReceived { call, result } => finish_call(run, at, *call, result),
        Event::ApprovalRequested { call, reason } => {
            on_call(run, *call, |call| call.state = CallState::Asked { reason: *reason, at });
        }
        Event::ApprovalDecided { call, approved, arguments, by } => {
            decide(run, *call, *approved, arguments.as_deref(), by);
        }
        Event::ChildStarted { call, child } => {
            on_call(run, *call, |call| call.state = CallState::Child { run: *child });
        }
        Event::LimitReached { limit } => run.limit = Some(*limit),
        Event::DeadlineReached => run.limit = Some(Limit::Time),
        Event::CancelRequested { by, forced } => {
            let forced = *forced || run.cancel.as_ref().is_some_and(|cancel| cancel.forced);
            run.cancel = Some(Cancel { by: by.clone(), forced });
        }
        Event::RunFinished { outcome } => finish(run, at, outcome),
        Event::RunAccepted(_) | Event::Resumed { .. } | Event::MessageFinished(_) => {}
    }
}

fn start(run: &mut Run, at: Timestamp, high_water: Timestamp) {
    run.started_at = Some(at);
    run.high_water = high_water;
    run.last_turn_at = high_water;
    for index in 0..run.input.len() {
        let turn_at = next_turn_at(run, at);
        run.input[index].at = turn_at;
    }
}

/// The next turn's timestamp: turns of a session strictly increase, whatever the clock does.
fn next_turn_at(run: &mut Run, at: Timestamp) -> Timestamp {
    run.last_turn_at = at.max(run.last_turn_at + 1);
    run.last_turn_at
}

fn say(run: &mut Run, at: Timestamp, mut turn: Turn) {
    turn.at = next_turn_at(run, at);
    run.transcript.push(turn);
}

fn assistant(run: &Run, message: Message) -> Turn {
    let named = run.agent.as_ref().filter(|agent| !agent.id.is_empty());
    Turn {
        assistant_id: named.map(|agent| agent.id.clone()),
        name: named.map(|agent| agent.nickname().to_owned()),
        ..Turn::from(message)
    }
}

fn finish(run: &mut Run, at: Timestamp, outcome: &Outcome) {
    let last = match outcome {
        Outcome::Completed { note, .. } => note.clone(),
        // S1-58: a client of a conversation reads errors in it.
        Outcome::Failed { message, .. } => Some(format!("Error: {message}")),
        Outcome::Cancelled { .. } => None,
    };
    if let Some(text) = last {
        let turn = assistant(run, Message::assistant(text));
        say(run, at, turn);
    }
    let started_at = run.started_at.unwrap_or(at);
    if let Some(stat) = run.transcript.iter_mut().rev().find_map(|turn| turn.stat.as_mut()) {
        stat.overall_us = Some(at - started_at);
    }
    run.attempt = None;
    run.outcome = Some(outcome.clone());
    run.finished_at = Some(at);
}
