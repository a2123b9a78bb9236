//! A run's public events out of its items: one for most, two where a message hands calls to the caller.

use std::collections::HashMap;
use std::sync::Arc;

use troupe_core::agent::Snapshot;
use troupe_core::event::{Accepted, ApprovalReason, AttemptFailure, Event, Finished, Limit, Outcome, Recorded};
use troupe_core::id::{CallId, RunId};
use troupe_core::message::Role;
use troupe_core::model::{FinishReason, Usage};
use troupe_core::session::Turn;
use troupe_core::stream::{Delta, Item, ItemId, Piece};
use troupe_core::tool::{ToolKind, ToolResult};

use super::event::{
    ApprovalDecided, ApprovalRequested, ArtifactRef, AttemptFailed, CallEvent, CancelRequested, ChildFinished,
    ChildStarted, DeltaEvent, DeltaOf, Ending, InputMessage, InputRequired, LimitReached, MessageEvent, Place,
    RunAccepted, RunEvent, RunFinished, RunStarted, StepRestarted, StepStarted, ToolFinished, ToolStarted,
};
use super::{Frame, Framer};
use crate::wire::{data_uri, instant, milliseconds};

/// Makes the public events of one tree.
pub struct TypedFramer {
    root: RunId,
    /// What the runs of the tree pin, as far as it is known: models' names and the caller's tools come from it.
    snapshot: Arc<Snapshot>,
    /// By run: the agent's name.
    agents: HashMap<RunId, String>,
    calls: HashMap<CallId, CallEvent>,
    /// By call: the sub-agent that works on it.
    children: HashMap<CallId, RunId>,
    spent: HashMap<RunId, (Usage, i64)>,
    total: (Usage, i64),
}

impl TypedFramer {
    /// The events of the tree of `root`, which pins `snapshot`.
    pub fn new(root: RunId, snapshot: Arc<Snapshot>) -> Self {
        Self {
            root,
            snapshot,
            agents: HashMap::new(),
            calls: HashMap::new(),
            children: HashMap::new(),
            spent: HashMap::new(),
            total: (Usage::default(), 0),
        }
    }

    /// Adds the public events of an item.
    pub fn take(&mut self, item: &Item, events: &mut Vec<RunEvent>) {
        match item {
            Item::Delta(delta) => events.push(RunEvent::Delta(piece(delta))),
            Item::Event(recorded) => self.event(recorded, events),
        }
    }

    fn event(&mut self, recorded: &Recorded, events: &mut Vec<RunEvent>) {
        let place = Place {
            id: ItemId { seq: recorded.seq, n: 0 }.to_string(),
            run_id: recorded.run.to_string(),
            at: Some(instant(recorded.at)),
        };
        let run = recorded.run;
        let event = match &recorded.event {
            Event::RunAccepted(accepted) => self.accepted(run, place, accepted),
            Event::RunStarted { .. } => RunEvent::RunStarted(RunStarted { place }),
            Event::ModelAttemptStarted { step, attempt, model } => {
                let model = self.model(run, *model);
                RunEvent::StepStarted(StepStarted { place, step: *step, attempt: *attempt, model })
            }
            Event::AttemptFailed { step, attempt, reason, usage, cost, .. } => {
                self.spend(run, usage, *cost);
                attempt_failed(place, [*step, *attempt], reason, (usage, *cost))
            }
            Event::MessageFinished(finished) => return self.message(run, place, finished, events),
            Event::ToolCallStarted { call, attempt } => {
                RunEvent::ToolStarted(ToolStarted { place, call: self.call(*call), attempt: *attempt })
            }
            Event::ToolCallFinished { call, result, duration_us } => {
                self.tool_finished(place, *call, result, Some(*duration_us))
            }
            Event::InputReceived { call, result } => self.tool_finished(place, *call, result, None),
            Event::ApprovalRequested { call, reason } => {
                let reason = approval_reason(*reason).to_owned();
                RunEvent::ApprovalRequested(ApprovalRequested { place, call: self.call(*call), reason })
            }
            Event::ApprovalDecided { call, approved, arguments, by } => {
                self.decided(place, *call, (*approved, arguments.as_ref()), by)
            }
            Event::ChildStarted { call, child } => {
                self.children.insert(*call, *child);
                let call = self.call(*call);
                RunEvent::ChildStarted(ChildStarted { place, call, child_run_id: child.to_string() })
            }
            Event::ChildFinished { call, result } => self.child_finished(place, *call, result),
            Event::LimitReached { limit } => limit_reached(place, *limit),
            Event::DeadlineReached => limit_reached(place, Limit::Time),
            Event::CancelRequested { by, forced } => {
                RunEvent::CancelRequested(CancelRequested { place, by: by.clone(), forced: *forced })
            }
            Event::RunFinished { outcome } => self.finished(run, place, outcome),
            // Which replica works on a run is nobody's business.
            Event::Resumed { .. } => return,
        };
        events.push(event);
    }

    fn accepted(&mut self, run: RunId, place: Place, accepted: &Accepted) -> RunEvent {
        self.agents.insert(run, accepted.agent.clone());
        RunEvent::RunAccepted(RunAccepted {
            place,
            agent: accepted.agent.clone(),
            session_id: accepted.session.clone(),
            parent_run_id: accepted.parent.map(|parent| parent.run.to_string()),
            parent_call_id: accepted.parent.map(|parent| parent.call.to_string()),
            depth: accepted.depth,
            input: accepted.input.iter().map(input_message).collect(),
        })
    }

    fn model(&self, run: RunId, index: usize) -> Option<String> {
        let agent = self.snapshot.agents.get(self.agents.get(&run)?)?;
        agent.models.get(index).map(|model| model.name.clone())
    }

    fn spend(&mut self, run: RunId, usage: &Usage, cost: i64) {
        for (tokens, money) in [self.spent.entry(run).or_default(), &mut self.total] {
            tokens.add(usage);
            *money += cost;
        }
    }

    fn message(&mut self, run: RunId, place: Place, finished: &Finished, events: &mut Vec<RunEvent>) {
        self.spend(run, &finished.usage, finished.cost);
        let mut calls = Vec::with_capacity(finished.calls.len());
        for (index, call) in finished.calls.iter().enumerate() {
            let id = CallId::derive(run, finished.step, index);
            let call = CallEvent {
                call_id: id.to_string(),
                provider_call_id: call.id.clone(),
                name: call.name.clone(),
                arguments: call.arguments.clone(),
            };
            self.calls.insert(id, call.clone());
            calls.push(call);
        }
        let callers = self.callers(run, &calls);
        events.push(RunEvent::Message(MessageEvent {
            place: place.clone(),
            step: finished.step,
            attempt: finished.attempt,
            content: finished.content.clone(),
            thinking: finished.thinking.clone(),
            tool_calls: calls,
            finish_reason: finish_name(finished.finish).to_owned(),
            invalid: finished.invalid.clone(),
            usage: (&finished.usage).into(),
            cost: finished.cost,
            first_token_ms: finished.first_token_us.map(milliseconds),
            duration_ms: milliseconds(finished.duration_us),
        }));
        if !callers.is_empty() {
            events.push(RunEvent::InputRequired(InputRequired { place, calls: callers }));
        }
    }

    /// The calls that the caller is to make: those of its own tools, up to the first that opens a skill (S1-105).
    fn callers(&self, run: RunId, calls: &[CallEvent]) -> Vec<CallEvent> {
        let agent = self.agents.get(&run).and_then(|agent| self.snapshot.agents.get(agent));
        let Some(agent) = agent else { return Vec::new() };
        let kind =
            |call: &CallEvent| agent.tools.iter().find(|tool| tool.spec.name == call.name).map(|tool| &tool.kind);
        let made = calls.iter().take_while(|call| !matches!(kind(call), Some(ToolKind::Skill(_))));
        made.filter(|call| matches!(kind(call), Some(ToolKind::Client))).cloned().collect()
    }

    fn call(&self, id: CallId) -> CallEvent {
        self.calls.get(&id).cloned().unwrap_or_else(|| CallEvent { call_id: id.to_string(), ..CallEvent::default() })
    }

    /// Edited arguments are those of the call from here on.
    fn decided(&mut self, place: Place, id: CallId, decision: (bool, Option<&String>), by: &str) -> RunEvent {
        let (approved, arguments) = decision;
        if let (Some(arguments), Some(call)) = (arguments, self.calls.get_mut(&id)) {
            call.arguments.clone_from(arguments);
        }
        let called = self.call(id);
        RunEvent::ApprovalDecided(ApprovalDecided {
            place,
            call_id: called.call_id,
            name: called.name,
            approved,
            arguments: arguments.cloned(),
            by: by.to_owned(),
        })
    }

    fn tool_finished(&self, place: Place, id: CallId, result: &ToolResult, duration_us: Option<i64>) -> RunEvent {
        let call = self.call(id);
        let artifact = result.artifact.as_ref();
        RunEvent::ToolFinished(ToolFinished {
            place,
            call_id: call.call_id,
            name: call.name,
            content: result.content.clone(),
            is_error: result.is_error,
            structured: result.structured.clone(),
            images: result.images.iter().map(data_uri).collect(),
            artifact: artifact.map(|kept| ArtifactRef { hash: kept.hash.to_string(), bytes: kept.bytes }),
            duration_ms: duration_us.map(milliseconds),
        })
    }

    fn child_finished(&self, place: Place, id: CallId, result: &ToolResult) -> RunEvent {
        let call = self.call(id);
        RunEvent::ChildFinished(ChildFinished {
            place,
            call_id: call.call_id,
            name: call.name,
            child_run_id: self.children.get(&id).map(ToString::to_string),
            content: result.content.clone(),
            is_error: result.is_error,
        })
    }

    fn finished(&self, run: RunId, place: Place, outcome: &Outcome) -> RunEvent {
        let own = self.spent.get(&run).copied().unwrap_or_default();
        let (usage, cost) = if run == self.root { self.total } else { own };
        RunEvent::RunFinished(RunFinished { place, ending: ending(outcome), usage: (&usage).into(), cost })
    }
}

/// A message as it is shown of a run: without its media.
pub fn input_message(turn: &Turn) -> InputMessage {
    InputMessage {
        role: role(turn.role).to_owned(),
        content: turn.content.clone(),
        images: turn.images.len(),
        audio: turn.audio.is_some(),
    }
}

fn piece(delta: &Delta) -> DeltaEvent {
    let place = Place { id: delta.id.to_string(), run_id: delta.run.to_string(), at: None };
    let bare = DeltaEvent { place, step: delta.step, ..DeltaEvent::default() };
    match &delta.piece {
        Piece::Content(text) => DeltaEvent { text: text.clone(), ..bare },
        Piece::Thinking(text) => DeltaEvent { of: DeltaOf::Thinking, text: text.clone(), ..bare },
        Piece::ToolCall(call) => DeltaEvent {
            of: DeltaOf::ToolArguments,
            text: call.arguments.clone(),
            index: Some(call.index),
            call_id: Some(CallId::derive(delta.run, delta.step, call.index).to_string()),
            provider_call_id: call.id.clone(),
            name: call.name.clone(),
            ..bare
        },
    }
}

fn attempt_failed(
    place: Place,
    [step, attempt]: [u32; 2],
    reason: &AttemptFailure,
    (usage, cost): (&Usage, i64),
) -> RunEvent {
    let (code, message, streamed) = match reason {
        AttemptFailure::Lost => return RunEvent::StepRestarted(StepRestarted { place, step }),
        AttemptFailure::Model { error, streamed } => (error.code.clone(), error.message.clone(), *streamed),
        AttemptFailure::Stopped => ("STOPPED".to_owned(), "the run was ended meanwhile".to_owned(), false),
    };
    let usage = usage.into();
    RunEvent::AttemptFailed(AttemptFailed { place, step, attempt, code, message, streamed, usage, cost })
}

fn limit_reached(place: Place, limit: Limit) -> RunEvent {
    RunEvent::LimitReached(LimitReached { place, limit: limit_name(limit).to_owned() })
}

/// How a run ended, in public words.
pub fn ending(outcome: &Outcome) -> Ending {
    match outcome {
        Outcome::Completed { limit, note, output } => Ending {
            status: "completed".to_owned(),
            limit: limit.map(|limit| limit_name(limit).to_owned()),
            note: note.clone(),
            output: output.clone(),
            ..Ending::default()
        },
        Outcome::Failed { code, message } => Ending {
            status: "failed".to_owned(),
            code: Some(code.clone()),
            message: Some(message.clone()),
            ..Ending::default()
        },
        Outcome::Cancelled { by } => {
            Ending { status: "cancelled".to_owned(), by: Some(by.clone()), ..Ending::default() }
        }
    }
}

/// The public word for why a person is asked.
pub fn approval_reason(reason: ApprovalReason) -> &'static str {
    match reason {
        ApprovalReason::Policy => "policy",
        ApprovalReason::Interrupted => "interrupted",
    }
}

fn limit_name(limit: Limit) -> &'static str {
    match limit {
        Limit::ToolRounds => "tool_rounds",
        Limit::ToolCalls => "tool_calls",
        Limit::Tokens => "tokens",
        Limit::Cost => "cost",
        Limit::Time => "time",
    }
}

fn finish_name(reason: FinishReason) -> &'static str {
    match reason {
        FinishReason::Stop => "stop",
        FinishReason::ToolCalls => "tool_calls",
        FinishReason::Length => "length",
        FinishReason::ContentFilter => "content_filter",
    }
}

fn role(role: Role) -> &'static str {
    match role {
        Role::System => "system",
        Role::User => "user",
        Role::Assistant => "assistant",
        Role::Tool => "tool",
    }
}

impl Framer for TypedFramer {
    fn frames(&mut self, item: &Item, frames: &mut Vec<Frame>) {
        let mut events = Vec::new();
        self.take(item, &mut events);
        let last = events.len().saturating_sub(1);
        for (index, event) in events.iter().enumerate() {
            let data = serde_json::to_string(event).unwrap_or_default();
            // The id comes with the last of an item's frames, so that resuming repeats all of them or none.
            frames.push(Frame { event: None, data, id: (index == last).then(|| item.id()) });
        }
    }

    /// The end of the stream is the end of the run; there is nothing to add.
    fn end(&mut self, _frames: &mut Vec<Frame>) {}
}
