//! Records what happened. Decides nothing.

use std::sync::Arc;

use crate::event::{Accepted, AttemptFailure, Event, Finished, Limit, Outcome, Partial, Recorded};
use crate::id::{CallId, RunId, Timestamp};
use crate::message::{Message, Role};
use crate::model::{ModelError, Usage};
use crate::run::budget::is_awake;
use crate::run::call::{Call, CallState};
use crate::run::state::{Attempt, Cancel, Run, Tree};
use crate::session::{TokenStat, Turn};
use crate::tool::{ToolKind, ToolResult, ToolSnapshot};

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
        name: named.map(|agent| agent.display_name.clone()).filter(|name| !name.is_empty()),
        ..Turn::from(message)
    }
}

fn attempt_failed(run: &mut Run, at: Timestamp, reason: &AttemptFailure, partial: &Partial) {
    let Some(attempt) = run.attempt.take() else { return };
    if !partial.content.is_empty() || !partial.thinking.is_empty() {
        let thinking = Some(partial.thinking.clone()).filter(|text| !text.is_empty());
        let message = Message { thinking, ..Message::assistant(partial.content.clone()) };
        let turn = assistant(run, message);
        say(run, at, turn);
    }
    if let AttemptFailure::Model { error, streamed } = reason {
        run.failures += 1;
        retry_or_give_up(run, at, &attempt, error, *streamed);
    }
}

/// What the failure means for the next attempt: the same model after a pause, the next fallback, or none.
fn retry_or_give_up(run: &mut Run, at: Timestamp, attempt: &Attempt, error: &ModelError, streamed: bool) {
    let models = run.agent.as_ref().map_or(&[][..], |agent| &agent.models);
    let Some(model) = models.get(attempt.model) else {
        run.error = Some(error.clone());
        return;
    };
    if streamed {
        run.error = Some(error.clone());
    } else if error.retryable && run.failures < model.max_attempts {
        let doubling = run.failures.saturating_sub(1).min(16);
        let backoff = model.initial_backoff_ms.saturating_mul(1 << doubling).min(MAX_BACKOFF_MS);
        let pause = error.retry_after_ms.unwrap_or(0).min(MAX_RETRY_AFTER_MS).max(backoff);
        run.retry_at = Some(at + i64::try_from(pause).unwrap_or(0) * 1_000);
    } else if attempt.model + 1 < models.len() {
        run.model = attempt.model + 1;
        run.failures = 0;
        run.retry_at = None;
    } else {
        run.error = Some(error.clone());
    }
}

/// Doubling stops here: a person waits for the answer.
const MAX_BACKOFF_MS: u64 = 30_000;

/// A provider that asks for more than this is treated as one that asks for this; the run's own limits end it earlier.
const MAX_RETRY_AFTER_MS: u64 = 120_000;

fn message(run: &mut Run, at: Timestamp, finished: &Finished) {
    run.attempt = None;
    run.steps = finished.step;
    run.attempts = 0;
    run.failures = 0;
    run.retry_at = None;
    run.last_usage = finished.usage;
    run.invalid.clone_from(&finished.invalid);
    run.calls = calls(run, at, finished);
    run.calls_made += u32::try_from(run.calls.len()).unwrap_or(u32::MAX);
    let message = Message {
        thinking: Some(finished.thinking.clone()).filter(|text| !text.is_empty()),
        thinking_signature: finished.thinking_signature.clone(),
        tool_calls: run.calls.iter().map(|call| call.call.clone()).collect(),
        ..Message::assistant(finished.content.clone())
    };
    let turn = Turn { stat: Some(statistics(run, at, finished)), ..assistant(run, message) };
    say(run, at, turn);
    run.answered = run.calls.is_empty() && finished.invalid.is_none();
    if let (true, Some(problem)) = (run.calls.is_empty(), &finished.invalid) {
        run.repairs += 1;
        say(run, at, Turn::text(Role::User, repair_request(problem)));
    }
}

/// What the model is told about an answer that does not satisfy the schema.
fn repair_request(problem: &str) -> String {
    format!(
        "The answer does not satisfy the required JSON Schema: {problem}\n\
         Answer again with nothing but JSON that satisfies it."
    )
}

/// The calls of a message, up to the first that opens a skill: what the model asks for after that it asked for
/// without knowing the skill (S1-105).
fn calls(run: &Run, at: Timestamp, finished: &Finished) -> Vec<Call> {
    let tools = run.tools();
    let mut calls = Vec::with_capacity(finished.calls.len());
    for (index, call) in finished.calls.iter().enumerate() {
        let tool = tools.iter().find(|tool| tool.spec.name == call.name).cloned();
        let opens_skill = tool.as_ref().is_some_and(|tool| matches!(tool.kind, ToolKind::Skill(_)));
        calls.push(Call {
            id: CallId::derive(run.id, finished.step, index),
            at,
            call: call.clone(),
            tool,
            state: CallState::Pending,
            attempts: 0,
            approved: false,
            edited: None,
        });
        if opens_skill {
            break;
        }
    }
    calls
}

fn statistics(run: &Run, at: Timestamp, finished: &Finished) -> TokenStat {
    TokenStat {
        prompt_tokens: finished.usage.input_tokens,
        completion_tokens: finished.usage.output_tokens,
        total_tokens: finished.usage.total(),
        total_prompt_tokens: run.usage.input_tokens,
        total_completion_tokens: run.usage.output_tokens,
        total_all_tokens: run.usage.total(),
        ttft_us: finished.first_token_us,
        net_us: finished.first_token_us.map(|first| finished.duration_us - first),
        total_us: Some(finished.duration_us),
        overall_us: None,
        completed_at: at,
    }
}

fn on_call(run: &mut Run, id: CallId, change: impl FnOnce(&mut Call)) {
    if let Some(call) = run.calls.iter_mut().find(|call| call.id == id) {
        change(call);
    }
}

fn decide(run: &mut Run, id: CallId, approved: bool, arguments: Option<&str>, by: &str) {
    on_call(run, id, |call| {
        let CallState::Asked { reason, .. } = call.state else { return };
        if approved {
            call.state = CallState::Pending;
            call.approved = true;
            // A person who agrees a second time, after a crash, agrees to what was edited before.
            if let Some(arguments) = arguments {
                call.edited = Some(arguments.to_owned());
            }
        } else {
            call.state = CallState::Refused { by: by.to_owned(), reason };
        }
    });
}

fn finish_call(run: &mut Run, at: Timestamp, id: CallId, result: &ToolResult) {
    on_call(run, id, |call| {
        // The first result stands: the model is told one, and it is the one that was shown.
        if call.result().is_none() {
            call.state = CallState::Finished { result: result.clone() };
        }
    });
    if !run.calls.is_empty() && run.round_is_done() {
        end_round(run, at);
    }
}

/// All calls have results: they become turns, in the order of the calls.
fn end_round(run: &mut Run, at: Timestamp) {
    let calls = std::mem::take(&mut run.calls);
    let mut opened = None;
    for call in calls {
        let CallState::Finished { result } = call.state else { continue };
        let skill = call.tool.as_ref().is_some_and(|tool| matches!(tool.kind, ToolKind::Skill(_)));
        if skill && !result.is_error {
            opened = Some((call.call.name.clone(), skill_directory(call.tool.as_deref(), &result)));
        }
        let message = Message {
            is_error: result.is_error,
            images: result.images,
            ..Message::tool_result(call.call.id, call.call.name, result.content)
        };
        let tool_id = call.tool.map(|tool| tool.id.clone());
        say(run, at, Turn { tool_id, ..Turn::from(message) });
    }
    match opened {
        Some((skill, directory)) => {
            run.skills.push(skill);
            run.skill_directory = directory;
        }
        None => run.rounds += 1,
    }
}

/// Where a skill's files are: a folder of its own, or the one in which they were laid out when it was opened.
fn skill_directory(tool: Option<&ToolSnapshot>, result: &ToolResult) -> Option<String> {
    let own = tool.and_then(|tool| match &tool.kind {
        ToolKind::Skill(skill) => skill.directory.clone(),
        _ => None,
    });
    own.or_else(|| Some(result.structured.as_ref()?.get("directory")?.as_str()?.to_owned()))
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
