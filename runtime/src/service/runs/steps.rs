//! The timeline of a run: model steps with their attempts, and the calls that each asked for.

use serde::Serialize;
use troupe_core::event::{AttemptFailure, Event, Finished, Recorded};
use troupe_core::id::{CallId, RunId, Timestamp};
use troupe_core::model::Usage;
use utoipa::ToSchema;

use super::result_of;
use crate::frame::event::Tokens;
use crate::wire::{instant, milliseconds};

/// A model step of one run of the tree.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Step {
    /// The run that it is of.
    pub run_id: String,
    /// Its number in the run, from 1.
    pub step: u32,
    /// The attempts, in order; the last one gave the message, if one did.
    pub attempts: Vec<Attempt>,
    /// The calls that its message asked for, in order.
    pub calls: Vec<StepCall>,
}

/// An attempt to ask a model.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Attempt {
    /// Its number at the step, from 1.
    pub attempt: u32,
    /// The index in the agent's models: 0 the model, then its fallbacks.
    pub model: usize,
    /// `running`, `completed`, `failed`, `lost` or `stopped`.
    pub status: &'static str,
    /// When it began (RFC 3339, UTC).
    pub started_at: String,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<String>,
    /// Milliseconds that it took.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<f64>,
    /// Milliseconds to its first piece.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_token_ms: Option<f64>,
    /// The error, where it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Tokens.
    pub usage: Tokens,
    /// What they cost, in micro-units.
    pub cost: i64,
    #[serde(skip)]
    began: Timestamp,
}

/// A call of a step.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct StepCall {
    /// Its id.
    pub call_id: String,
    /// The tool's name.
    pub name: String,
    /// The arguments as JSON text; as a person edited them, where one did.
    pub arguments: String,
    /// `pending`, `asked`, `running`, `completed` or `failed`.
    pub status: &'static str,
    /// How often it was started.
    pub attempts: u32,
    /// When it was first started (RFC 3339, UTC).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<String>,
    /// When it had its result.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<String>,
    /// Milliseconds from its start to its result.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<f64>,
    /// The sub-agent's run, for a call that one works on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub child_run_id: Option<String>,
    /// The answer of a person, where one was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approved: Option<bool>,
    #[serde(skip)]
    id: CallId,
    #[serde(skip)]
    began: Option<Timestamp>,
}

/// The steps of a journal, sub-agents' included, in the order in which they began.
pub fn steps(events: &[Recorded]) -> Vec<Step> {
    let mut steps = Vec::new();
    for recorded in events {
        take(&mut steps, recorded);
    }
    steps
}

fn take(steps: &mut Vec<Step>, recorded: &Recorded) {
    let at = recorded.at;
    if let Some((call, result)) = result_of(&recorded.event) {
        on_call(steps, call, |call| finish(call, at, result.is_error));
        return;
    }
    match &recorded.event {
        Event::ModelAttemptStarted { step, attempt, model } => {
            let begun = attempt_at(*attempt, *model, at);
            of(steps, recorded.run, *step).attempts.push(begun);
        }
        Event::AttemptFailed { step, reason, usage, cost, .. } => {
            let (status, error) = match reason {
                AttemptFailure::Lost => ("lost", None),
                AttemptFailure::Stopped => ("stopped", None),
                AttemptFailure::Model { error, .. } => ("failed", Some(error.message.clone())),
            };
            if let Some(last) = of(steps, recorded.run, *step).attempts.last_mut() {
                last.error = error;
                end(last, status, at, (usage, *cost));
            }
        }
        Event::MessageFinished(finished) => message(of(steps, recorded.run, finished.step), finished, recorded),
        Event::ToolCallStarted { call, attempt } => on_call(steps, *call, |call| {
            call.attempts = *attempt;
            begin(call, at);
        }),
        Event::ChildStarted { call, child } => on_call(steps, *call, |call| {
            call.attempts = 1;
            call.child_run_id = Some(child.to_string());
            begin(call, at);
        }),
        Event::ApprovalRequested { call, .. } => on_call(steps, *call, |call| call.status = "asked"),
        Event::ApprovalDecided { call, approved, arguments, .. } => on_call(steps, *call, |call| {
            call.status = "pending";
            call.approved = Some(*approved);
            if let Some(arguments) = arguments {
                call.arguments.clone_from(arguments);
            }
        }),
        _ => {}
    }
}

fn of(steps: &mut Vec<Step>, run: RunId, step: u32) -> &mut Step {
    let run_id = run.to_string();
    let place = steps.iter().rposition(|known| known.run_id == run_id && known.step == step);
    let place = place.unwrap_or_else(|| {
        steps.push(Step { run_id, step, attempts: Vec::new(), calls: Vec::new() });
        steps.len() - 1
    });
    &mut steps[place]
}

fn attempt_at(attempt: u32, model: usize, at: Timestamp) -> Attempt {
    Attempt {
        attempt,
        model,
        status: "running",
        started_at: instant(at),
        finished_at: None,
        duration_ms: None,
        first_token_ms: None,
        error: None,
        usage: Tokens::default(),
        cost: 0,
        began: at,
    }
}

fn end(attempt: &mut Attempt, status: &'static str, at: Timestamp, (usage, cost): (&Usage, i64)) {
    attempt.status = status;
    attempt.finished_at = Some(instant(at));
    attempt.duration_ms = Some(milliseconds(at - attempt.began));
    attempt.usage = usage.into();
    attempt.cost = cost;
}

fn message(step: &mut Step, finished: &Finished, recorded: &Recorded) {
    if let Some(last) = step.attempts.last_mut() {
        last.first_token_ms = finished.first_token_us.map(milliseconds);
        end(last, "completed", recorded.at, (&finished.usage, finished.cost));
    }
    for (index, call) in finished.calls.iter().enumerate() {
        let id = CallId::derive(recorded.run, finished.step, index);
        step.calls.push(StepCall {
            call_id: id.to_string(),
            name: call.name.clone(),
            arguments: call.arguments.clone(),
            status: "pending",
            attempts: 0,
            started_at: None,
            finished_at: None,
            duration_ms: None,
            child_run_id: None,
            approved: None,
            id,
            began: None,
        });
    }
}

fn on_call(steps: &mut [Step], id: CallId, change: impl FnOnce(&mut StepCall)) {
    let calls = steps.iter_mut().rev().flat_map(|step| &mut step.calls);
    if let Some(call) = calls.into_iter().find(|call| call.id == id) {
        change(call);
    }
}

fn begin(call: &mut StepCall, at: Timestamp) {
    call.status = "running";
    if call.began.is_none() {
        call.began = Some(at);
        call.started_at = Some(instant(at));
    }
}

fn finish(call: &mut StepCall, at: Timestamp, is_error: bool) {
    call.status = if is_error { "failed" } else { "completed" };
    call.finished_at = Some(instant(at));
    call.duration_ms = call.began.map(|began| milliseconds(at - began));
}
