//! Says what is outstanding: everything decided and not yet recorded, each with a key that is the same whenever it is asked.

mod ending;
mod round;

use crate::event::{AttemptFailure, Event, Outcome, Partial};
use crate::model::Usage;
use crate::run::budget;
use crate::run::call::Call;
use crate::run::effect::Effect;
use crate::run::state::{Run, Tree};
use crate::tool::ToolResult;

use ending::wind_down;
use round::decide_round;
pub(super) use round::round_limit;

/// Everything that is decided and not yet recorded, of every run of the tree.
pub fn outstanding(tree: &Tree) -> Vec<Effect> {
    let mut effects = Vec::new();
    for run in tree.runs.values().filter(|run| run.outcome.is_none()) {
        decide_run(tree, run, &mut effects);
    }
    budget::add_deadlines(tree, &mut effects);
    effects
}

fn record(run: &Run, event: Event) -> Effect {
    Effect::Record { run: run.id, event, not_before: None }
}

fn decide_run(tree: &Tree, run: &Run, effects: &mut Vec<Effect>) {
    if run.cancel.is_some() || run.limit.is_some() {
        wind_down(tree, run, effects);
    } else if run.started_at.is_none() {
        // The root is started by whoever knows its session's high-water mark; a child has the parent's call for a start.
        if run.accepted.parent.is_some() {
            effects.push(record(run, Event::RunStarted { high_water: 0, summary_version: 0 }));
        }
    } else if run.calls.is_empty() {
        decide_model_step(tree, run, effects);
    } else {
        decide_round(tree, run, effects);
    }
}

fn decide_model_step(tree: &Tree, run: &Run, effects: &mut Vec<Effect>) {
    if let Some(attempt) = &run.attempt {
        effects.push(if attempt.lost {
            record(run, lost(attempt.step, attempt.attempt))
        } else {
            Effect::Ask { run: run.id, step: attempt.step, attempt: attempt.attempt, model: attempt.model }
        });
    } else if let Some(end) = answer_or_error(run) {
        effects.push(record(run, Event::RunFinished { outcome: end }));
    } else if let Some(limit) = budget::spent(tree, run) {
        effects.push(record(run, Event::LimitReached { limit }));
    } else {
        let event = Event::ModelAttemptStarted { step: run.steps + 1, attempt: run.attempts + 1, model: run.model };
        effects.push(Effect::Record { run: run.id, event, not_before: run.retry_at });
    }
}

fn lost(step: u32, attempt: u32) -> Event {
    let (partial, usage) = (Partial::default(), Usage::default());
    Event::AttemptFailed { step, attempt, reason: AttemptFailure::Lost, partial, usage, cost: 0 }
}

/// How the run ends if it has an answer, or an error that no model is left to mend.
fn answer_or_error(run: &Run) -> Option<Outcome> {
    let Some(agent) = &run.agent else {
        let message = format!("the agent {:?} is not in the run's snapshot", run.accepted.agent);
        return Some(Outcome::Failed { code: "SNAPSHOT_LOST".to_owned(), message });
    };
    if let Some(error) = &run.error {
        return Some(Outcome::Failed { code: error.code.clone(), message: error.message.clone() });
    }
    if run.answered {
        let text = run.transcript.last().map_or("", |turn| turn.content.as_str());
        let output = agent.output.as_ref().and_then(|_| crate::context::parse_output(text));
        return Some(Outcome::Completed { limit: None, note: None, output });
    }
    let most = agent.output.as_ref().map_or(0, |output| output.max_repairs);
    let problem = run.invalid.as_ref().filter(|_| run.repairs > most)?;
    let message = format!("the answer does not satisfy the output schema after {most} repairs: {problem}");
    Some(Outcome::Failed { code: "OUTPUT_INVALID".to_owned(), message })
}

fn finish_call(run: &Run, call: &Call, result: ToolResult) -> Effect {
    record(run, Event::ToolCallFinished { call: call.id, result, duration_us: 0 })
}

fn interrupted() -> ToolResult {
    ToolResult::error("the call was interrupted when the service stopped; whether it took effect is unknown")
}

fn child_finished(run: &Run, call: &Call, child: &Run) -> Effect {
    let result = match &child.outcome {
        Some(Outcome::Completed { .. }) => ToolResult::text(child.answer()),
        // S1-125.
        Some(Outcome::Failed { message, .. }) => ToolResult::error(format!("{} failed: {message}", call.call.name)),
        Some(Outcome::Cancelled { by }) => ToolResult::error(format!("{} was cancelled ({by})", call.call.name)),
        None => ToolResult::error("the sub-agent was lost"),
    };
    record(run, Event::ChildFinished { call: call.id, result })
}
