//! Says what is outstanding: everything decided and not yet recorded, each with a key that is the same whenever it is asked.

use crate::event::{ApprovalReason, AttemptFailure, Event, Limit, Outcome, Partial};
use crate::id::{CallId, RunId, Timestamp};
use crate::model::Usage;
use crate::run::call::{Call, CallState};
use crate::run::state::{Run, Tree};
use crate::tool::{OnInterrupted, ToolKind, ToolResult};

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
        matches!(
            self,
            Self::Await { .. } | Self::Record { event: Event::ApprovalDecided { .. }, not_before: Some(_), .. }
        )
    }
}

/// Everything that is decided and not yet recorded, of every run of the tree.
pub fn outstanding(tree: &Tree) -> Vec<Effect> {
    let mut effects = Vec::new();
    for run in tree.runs.values().filter(|run| run.outcome.is_none()) {
        decide_run(tree, run, &mut effects);
    }
    add_deadlines(tree, &mut effects);
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

/// The run is to end: what is under way is stopped, what is pending gets an error for a result, then it finishes.
fn wind_down(tree: &Tree, run: &Run, effects: &mut Vec<Effect>) {
    let before = effects.len();
    if let Some(attempt) = &run.attempt {
        effects.push(Effect::StopAsking { run: run.id, step: attempt.step, attempt: attempt.attempt });
    }
    let forced = run.cancel.as_ref().is_some_and(|cancel| cancel.forced);
    for call in &run.calls {
        let refusal = || ToolResult::error(not_executed(run, call));
        match &call.state {
            CallState::Finished { .. } => {}
            CallState::Started => {
                effects.push(Effect::StopCall { run: run.id, call: call.id, reason: ended_because(run), forced });
            }
            CallState::Interrupted => effects.push(finish_call(run, call, interrupted())),
            CallState::Child { run: child } => end_child(tree, run, call, *child, effects),
            _ => effects.push(finish_call(run, call, refusal())),
        }
    }
    if effects.len() == before {
        effects.push(record(run, Event::RunFinished { outcome: wound_down(run) }));
    }
}

fn end_child(tree: &Tree, run: &Run, call: &Call, child: RunId, effects: &mut Vec<Effect>) {
    match tree.runs.get(&child) {
        Some(child) if child.outcome.is_some() => effects.push(child_finished(run, call, child)),
        Some(child) if child.cancel.is_none() => {
            let forced = run.cancel.as_ref().is_some_and(|cancel| cancel.forced);
            effects.push(record(child, Event::CancelRequested { by: ended_because(run), forced }));
        }
        // The child is winding down; its end brings this run on.
        Some(_) => effects.push(Effect::Await { run: run.id, call: call.id }),
        None => effects.push(finish_call(run, call, ToolResult::error("the sub-agent was lost"))),
    }
}

fn finish_call(run: &Run, call: &Call, result: ToolResult) -> Effect {
    record(run, Event::ToolCallFinished { call: call.id, result, duration_us: 0 })
}

fn interrupted() -> ToolResult {
    ToolResult::error("the call was interrupted when the service stopped; whether it took effect is unknown")
}

fn not_executed(run: &Run, call: &Call) -> String {
    let name = &call.call.name;
    match run.limit {
        // S1-66, to the letter.
        Some(Limit::ToolRounds) if run.cancel.is_none() => {
            let most = run.limits().max_tool_rounds;
            format!("maximum tool-call rounds ({most}) reached. Tool '{name}' was not executed.")
        }
        _ => format!("{}. Tool '{name}' was not executed.", ended_because(run)),
    }
}

fn ended_because(run: &Run) -> String {
    match (&run.cancel, run.limit) {
        (Some(cancel), _) => format!("the run was cancelled ({})", cancel.by),
        (None, Some(limit)) => limit_words(run, limit),
        (None, None) => "the run ended".to_owned(),
    }
}

fn limit_words(run: &Run, limit: Limit) -> String {
    let limits = run.limits();
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

fn wound_down(run: &Run) -> Outcome {
    match (&run.cancel, run.limit) {
        (Some(cancel), _) => Outcome::Cancelled { by: cancel.by.clone() },
        (None, Some(limit)) => Outcome::Completed {
            limit: Some(limit),
            note: Some(format!("Stopped: {}. Send another message to continue.", limit_words(run, limit))),
            output: None,
        },
        (None, None) => Outcome::Cancelled { by: String::new() },
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
    } else if let Some(limit) = spent(tree, run) {
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

/// The limit that is used up, checked before each attempt.
fn spent(tree: &Tree, run: &Run) -> Option<Limit> {
    let root = tree.root_run().map_or_else(|| run.limits(), Run::limits);
    let over = |limit: Option<u64>| limit.is_some_and(|most| tree.usage.total() >= most);
    let too_dear = |limit: Option<i64>| limit.is_some_and(|most| tree.cost >= most);
    if over(root.max_tokens) || run.limits().max_tokens.is_some_and(|most| run.usage.total() >= most) {
        Some(Limit::Tokens)
    } else if too_dear(root.max_cost) || run.limits().max_cost.is_some_and(|most| run.cost >= most) {
        Some(Limit::Cost)
    } else {
        None
    }
}

fn decide_round(tree: &Tree, run: &Run, effects: &mut Vec<Effect>) {
    if let Some(limit) = round_limit(run) {
        effects.push(record(run, Event::LimitReached { limit }));
        return;
    }
    let most = usize::try_from(run.limits().parallel_tool_calls.max(1)).unwrap_or(usize::MAX);
    let mut free = most.saturating_sub(run.calls.iter().filter(|call| call.occupies()).count());
    for call in &run.calls {
        match &call.state {
            CallState::Started => {
                effects.push(Effect::Call { run: run.id, call: call.id, attempt: call.attempts });
            }
            CallState::Child { run: child } => {
                if let Some(child) = tree.runs.get(child).filter(|child| child.outcome.is_some()) {
                    effects.push(child_finished(run, call, child));
                }
            }
            CallState::Asked { at, .. } => ask_person(run, call, *at, effects),
            CallState::Refused { by, reason } => effects.push(finish_call(run, call, refused(call, by, *reason))),
            CallState::Interrupted => effects.push(after_interruption(run, call)),
            CallState::Pending if free > 0 => {
                let effect = begin(tree, run, call);
                free -= usize::from(!matches!(effect, Effect::Await { .. }));
                effects.push(effect);
            }
            CallState::Pending | CallState::Finished { .. } => {}
        }
    }
}

/// A round that may not be made: no call of it was begun yet.
fn round_limit(run: &Run) -> Option<Limit> {
    let fresh = run.calls.iter().all(|call| call.state == CallState::Pending && call.attempts == 0 && !call.approved);
    if !fresh {
        return None;
    }
    let opens_skill =
        run.calls.iter().any(|call| call.tool.as_ref().is_some_and(|tool| matches!(tool.kind, ToolKind::Skill(_))));
    if run.rounds >= run.limits().max_tool_rounds && !opens_skill {
        Some(Limit::ToolRounds)
    } else if run.limits().max_tool_calls.is_some_and(|most| run.calls_made > most) {
        Some(Limit::ToolCalls)
    } else {
        None
    }
}

fn ask_person(run: &Run, call: &Call, since: Timestamp, effects: &mut Vec<Effect>) {
    effects.push(Effect::Await { run: run.id, call: call.id });
    let patience = i64::try_from(run.limits().approval_timeout_ms).unwrap_or(i64::MAX / 1_000) * 1_000;
    effects.push(Effect::Record {
        run: run.id,
        event: Event::ApprovalDecided {
            call: call.id,
            approved: false,
            arguments: None,
            by: "nobody answered in time".to_owned(),
        },
        not_before: Some(since.saturating_add(patience)),
    });
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
    if tool.kind == ToolKind::Client {
        return Effect::Await { run: run.id, call: call.id };
    }
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

/// A run's time counts only while something of its tree runs.
fn add_deadlines(tree: &Tree, effects: &mut Vec<Effect>) {
    if effects.is_empty() || effects.iter().all(Effect::is_waiting) {
        return;
    }
    let Some(root) = tree.root_run().filter(|run| run.outcome.is_none() && run.started_at.is_some()) else { return };
    if root.limit.is_some() || root.cancel.is_some() {
        return;
    }
    if let Some(most) = root.limits().timeout_ms {
        let left = i64::try_from(most).unwrap_or(i64::MAX / 1_000).saturating_mul(1_000) - tree.ran_us;
        let not_before = Some(tree.last_at.saturating_add(left));
        effects.push(Effect::Record { run: root.id, event: Event::DeadlineReached, not_before });
    }
}
