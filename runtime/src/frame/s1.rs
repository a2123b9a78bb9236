//! S1's frames: message deltas, tool results, a usage frame a round, delegates' deltas, `[DONE]` (S1-56 to S1-58, S1-121).

mod order;

use std::collections::HashMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use troupe_core::agent::Snapshot;
use troupe_core::event::{AttemptFailure, Event, Finished, Outcome, Recorded};
use troupe_core::id::{CallId, RunId, Timestamp};
use troupe_core::session::TokenStat;
use troupe_core::stream::{Delta, Item, ItemId, Piece};
use troupe_core::tool::ToolResult;

use self::order::Order;
use super::{Frame, Framer};
use crate::wire::{Stat, timestamp};

/// What the frames of a run need besides its items.
#[derive(Clone, Debug, Default)]
pub struct About {
    /// The session's title.
    pub title: Option<String>,
    /// Whether the conversation has a system prompt.
    pub has_system_prompt: bool,
}

/// S1's frames of one run's tree.
#[expect(clippy::struct_excessive_bools, reason = "each says one thing about the run, and none of them is a state")]
pub struct S1Framer {
    root: RunId,
    about: About,
    snapshot: Arc<Snapshot>,
    started_at: Timestamp,
    session: Option<String>,
    user_at: Option<Timestamp>,
    input_has_system: bool,
    assistant: Assistant,
    totals: TokenStat,
    /// By call: what it is called and which tool it is of.
    calls: HashMap<CallId, Called>,
    /// Which results of the round wait for those of earlier calls.
    order: Order,
    /// Sub-agents by run.
    children: HashMap<RunId, Child>,
    /// Pieces of the open step went out.
    step_shown: bool,
    /// There were words among them.
    content_shown: bool,
    /// Pieces of a step that is no more went out before the reader resumed.
    missed: bool,
    /// The run is over, whatever came of it: the stream's end is no surprise.
    finished: bool,
    over: bool,
}

struct Called {
    id: String,
    name: String,
    tool_id: Option<String>,
}

struct Child {
    call: CallId,
    depth: u32,
    parent: RunId,
    step: u32,
    said: bool,
}

/// Who speaks: on every assistant frame of a saved agent (S1-156).
#[derive(Clone, Debug, Default)]
struct Assistant {
    id: Option<String>,
    name: Option<String>,
}

/// A message as S1's frames carry it: role and content always, the rest where there is some.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct S1Delta {
    /// `assistant`, `tool` or `usage`.
    pub role: String,
    /// The text.
    pub content: String,
    /// The speaker's or the tool's name; `round` on usage frames.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// A piece of reasoning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thinking: Option<String>,
    /// Pieces of calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_calls: Option<Vec<S1Call>>,
    /// The tool's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_id: Option<String>,
    /// The id of the call that a tool frame answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_use_id: Option<String>,
    /// The agent's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assistant_id: Option<String>,
    /// On delegates' frames: the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_call_id: Option<String>,
    /// On delegates' frames: more follows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub streaming: Option<bool>,
    /// On delegates' frames: the piece.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delta: Option<String>,
    /// On delegates' frames: how deep the sub-agent is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub depth: Option<u32>,
    /// Beside an error that is told in the text: its code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_code: Option<String>,
}

/// A piece of a call (S1-19, S1-57).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct S1Call {
    /// The call's place in the message.
    #[serde(rename = "_index", default, skip_serializing_if = "Option::is_none")]
    pub index: Option<usize>,
    /// The call's id, in the first piece.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The tool's name, in the first piece; empty in the others.
    #[serde(default)]
    pub name: String,
    /// The next piece of the arguments' JSON text.
    #[serde(default)]
    pub arguments: String,
}

impl S1Framer {
    /// The frames of the tree of `root`, whose run pins `snapshot`.
    pub fn new(root: RunId, snapshot: Arc<Snapshot>, about: About) -> Self {
        let agent = snapshot.agent();
        let some = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        let assistant = Assistant {
            id: agent.and_then(|agent| some(&agent.id)),
            name: agent.filter(|agent| !agent.id.is_empty()).map(|agent| agent.nickname().to_owned()),
        };
        Self {
            root,
            about,
            snapshot,
            started_at: 0,
            session: None,
            user_at: None,
            input_has_system: false,
            assistant,
            totals: TokenStat::default(),
            calls: HashMap::new(),
            order: Order::default(),
            children: HashMap::new(),
            step_shown: false,
            content_shown: false,
            missed: false,
            finished: false,
            over: false,
        }
    }

    fn assistant(&self, content: impl Into<String>) -> S1Delta {
        S1Delta {
            role: "assistant".to_owned(),
            content: content.into(),
            name: self.assistant.name.clone(),
            assistant_id: self.assistant.id.clone(),
            ..S1Delta::default()
        }
    }

    fn piece(&mut self, delta: &Delta, frames: &mut Vec<Frame>) {
        if delta.run != self.root {
            self.child_piece(delta, frames);
            return;
        }
        self.step_shown = true;
        self.content_shown |= matches!(delta.piece, Piece::Content(_));
        let message = match &delta.piece {
            Piece::Content(text) => self.assistant(text.clone()),
            Piece::Thinking(text) => S1Delta { thinking: Some(text.clone()), ..self.assistant("") },
            Piece::ToolCall(call) => {
                let call = S1Call {
                    index: Some(call.index),
                    id: call.id.clone(),
                    name: call.name.clone().unwrap_or_default(),
                    arguments: call.arguments.clone(),
                };
                S1Delta { tool_calls: Some(vec![call]), ..self.assistant("") }
            }
        };
        push(frames, &message, delta.id);
    }

    /// A sub-agent's words, as they come (S1-121). Its steps are kept apart by an empty line, as in its answer.
    fn child_piece(&mut self, delta: &Delta, frames: &mut Vec<Frame>) {
        let Piece::Content(text) = &delta.piece else { return };
        let Some(child) = self.children.get_mut(&delta.run) else { return };
        let new_step = child.said && child.step != delta.step;
        child.step = delta.step;
        child.said = true;
        let text = if new_step { format!("\n\n{text}") } else { text.clone() };
        let (call, depth) = (child.call, child.depth);
        let Some(frame) = self.delegate_frame(call, depth, Some(text)) else { return };
        push(frames, &frame, delta.id);
    }

    /// A delegate's frame: a piece, or the end where there is none.
    fn delegate_frame(&self, call: CallId, depth: u32, delta: Option<String>) -> Option<S1Delta> {
        let called = self.calls.get(&call)?;
        Some(S1Delta {
            role: "tool".to_owned(),
            name: Some(called.name.clone()),
            tool_call_id: Some(called.id.clone()),
            streaming: Some(delta.is_some()),
            delta,
            depth: Some(depth),
            ..S1Delta::default()
        })
    }

    fn event(&mut self, recorded: &Recorded, frames: &mut Vec<Frame>) {
        let first = frames.len();
        self.event_frames(recorded, frames);
        // Of several frames of one item the last has the id, so that resuming repeats all of them or none.
        if let Some((_, others)) = frames.get_mut(first..).and_then(<[Frame]>::split_last_mut) {
            for frame in others {
                frame.id = None;
            }
        }
    }

    fn event_frames(&mut self, recorded: &Recorded, frames: &mut Vec<Frame>) {
        let id = ItemId { seq: recorded.seq, n: 0 };
        match &recorded.event {
            Event::RunAccepted(accepted) => self.accepted(recorded.run, accepted),
            Event::RunStarted { high_water, .. } if recorded.run == self.root => {
                self.started(recorded.at, *high_water, id, frames);
            }
            Event::ModelAttemptStarted { .. } if recorded.run == self.root => {
                (self.step_shown, self.content_shown) = (false, false);
            }
            Event::AttemptFailed { reason: AttemptFailure::Lost, .. } => self.lost(recorded.run, id, frames),
            Event::MessageFinished(finished) => self.message(recorded, finished, id, frames),
            Event::ChildStarted { call, child } => {
                let depth = self.depth(recorded.run) + 1;
                let child_of = Child { call: *call, depth, parent: recorded.run, step: 0, said: false };
                self.children.insert(*child, child_of);
                // What a sub-agent says is shown as it comes.
                self.order.pass(*call).iter().for_each(|message| push(frames, message, id));
            }
            Event::ChildFinished { call, result } => self.child_finished(recorded.run, *call, result, id, frames),
            Event::ToolCallFinished { call, result, .. } | Event::InputReceived { call, result }
                if recorded.run == self.root =>
            {
                self.tool(*call, result, id, frames);
            }
            Event::ApprovalRequested { call, .. } => self.approval(recorded.run, *call, id, frames),
            Event::RunFinished { outcome } if recorded.run == self.root => self.finished(outcome, id, frames),
            _ => {}
        }
    }

    fn depth(&self, run: RunId) -> u32 {
        self.children.get(&run).map_or(0, |child| child.depth)
    }

    fn accepted(&mut self, run: RunId, accepted: &troupe_core::event::Accepted) {
        if run == self.root {
            self.session.clone_from(&accepted.session);
            self.input_has_system = accepted.input.iter().any(|turn| turn.role == troupe_core::message::Role::System);
            let before = accepted.input.iter().position(|turn| turn.role == troupe_core::message::Role::User);
            // Turns are numbered from the start of the run on; which of them is the user's decides its timestamp.
            self.user_at = before.map(|place| i64::try_from(place).unwrap_or(0));
        }
    }

    fn started(&mut self, at: Timestamp, high_water: Timestamp, id: ItemId, frames: &mut Vec<Frame>) {
        self.started_at = at;
        let first = at.max(high_water + 1);
        let agent = self.snapshot.agent();
        let agents_system = agent.is_some_and(|agent| !agent.system.is_empty());
        let data = json!({
            "session_id": self.session,
            "type": "init",
            "run_id": self.root.to_string(),
            "user_message_timestamp": self.user_at.map(|place| timestamp(first + place)),
            "has_system_prompt": self.about.has_system_prompt || self.input_has_system || agents_system,
            "agent_id": self.assistant.id,
            "agent_nickname": self.assistant.name,
            "title": self.about.title,
        });
        frames.push(Frame { event: Some("init"), data: data.to_string(), id: Some(id) });
    }

    /// A step that was lost with its process is asked again. Words that went out cannot be taken back: the stream ends.
    fn lost(&mut self, run: RunId, id: ItemId, frames: &mut Vec<Frame>) {
        let shown =
            if run == self.root { self.step_shown } else { self.children.get(&run).is_some_and(|child| child.said) };
        if shown || std::mem::take(&mut self.missed) {
            let error = "the service was interrupted in the middle of this answer; the run goes on, read it again";
            let data = json!({"error": error, "error_code": "STEP_RESTARTED", "run_id": self.root.to_string()});
            frames.push(Frame::data(data.to_string(), id));
            self.over = true;
        }
    }

    fn message(&mut self, recorded: &Recorded, finished: &Finished, id: ItemId, frames: &mut Vec<Frame>) {
        for (index, call) in finished.calls.iter().enumerate() {
            let tool = self.tool_of(recorded.run, &call.name);
            self.calls.insert(
                CallId::derive(recorded.run, finished.step, index),
                Called { id: call.id.clone(), name: call.name.clone(), tool_id: tool },
            );
        }
        if recorded.run != self.root {
            return;
        }
        let calls = 0..finished.calls.len();
        let calls = calls.map(|index| CallId::derive(recorded.run, finished.step, index)).collect();
        self.order.begin(calls).iter().for_each(|message| push(frames, message, id));
        let stat = self.stat(recorded.at, finished);
        let message = S1Delta {
            role: "usage".to_owned(),
            name: Some("round".to_owned()),
            content: serde_json::to_string(&Stat::from(&stat)).unwrap_or_default(),
            ..S1Delta::default()
        };
        push(frames, &message, id);
    }

    fn tool_of(&self, run: RunId, name: &str) -> Option<String> {
        // Sub-agents' own calls are not shown; only the root's tools need their ids.
        let agent = self.snapshot.agent().filter(|_| run == self.root)?;
        let tool = agent.tools.iter().find(|tool| tool.spec.name == name)?;
        Some(tool.id.clone())
    }

    fn stat(&mut self, at: Timestamp, finished: &Finished) -> TokenStat {
        let usage = &finished.usage;
        self.totals.total_prompt_tokens += usage.input_tokens;
        self.totals.total_completion_tokens += usage.output_tokens;
        self.totals.total_all_tokens += usage.total();
        TokenStat {
            prompt_tokens: usage.input_tokens,
            completion_tokens: usage.output_tokens,
            total_tokens: usage.total(),
            ttft_us: finished.first_token_us,
            net_us: finished.first_token_us.map(|first| finished.duration_us - first),
            total_us: Some(finished.duration_us),
            overall_us: finished.calls.is_empty().then(|| at - self.started_at),
            completed_at: at,
            ..self.totals.clone()
        }
    }

    fn tool(&mut self, call: CallId, result: &ToolResult, id: ItemId, frames: &mut Vec<Frame>) {
        let Some(called) = self.calls.get(&call) else { return };
        let message = S1Delta {
            role: "tool".to_owned(),
            content: result.content.clone(),
            name: Some(called.name.clone()),
            tool_id: called.tool_id.clone(),
            tool_use_id: Some(called.id.clone()),
            ..S1Delta::default()
        };
        self.order.take(call, message).iter().for_each(|message| push(frames, message, id));
    }

    /// The end of a delegate's stream; what was not streamed (an error, a note) comes as its last piece.
    fn child_finished(&mut self, run: RunId, call: CallId, result: &ToolResult, id: ItemId, frames: &mut Vec<Frame>) {
        let child = self.children.values().find(|child| child.call == call && child.parent == run);
        let (depth, said) = child.map_or((1, false), |child| (child.depth, child.said));
        if result.is_error || !said {
            let text = if said { format!("\n\n{}", result.content) } else { result.content.clone() };
            if let Some(frame) = self.delegate_frame(call, depth, Some(text)) {
                push(frames, &frame, id);
            }
        }
        if let Some(frame) = self.delegate_frame(call, depth, None) {
            push(frames, &frame, id);
        }
    }

    fn approval(&mut self, run: RunId, call: CallId, id: ItemId, frames: &mut Vec<Frame>) {
        // A person may take days: the results of other calls do not wait for that.
        self.order.pass(call).iter().for_each(|message| push(frames, message, id));
        let called = self.calls.get(&call);
        let data = json!({
            "type": "approval_requested",
            "run_id": run.to_string(),
            "call_id": call.to_string(),
            "tool_call_id": called.map(|called| called.id.as_str()),
            "name": called.map(|called| called.name.as_str()),
        });
        frames.push(Frame { event: Some("approval"), data: data.to_string(), id: Some(id) });
    }

    fn finished(&mut self, outcome: &Outcome, id: ItemId, frames: &mut Vec<Frame>) {
        self.finished = true;
        self.order.begin(Vec::new()).iter().for_each(|message| push(frames, message, id));
        match outcome {
            Outcome::Completed { note: Some(note), .. } => push(frames, &self.assistant(note.clone()), id),
            Outcome::Failed { code, message } => {
                // S1-64: after what was said already.
                let gap = if self.content_shown { "\n\n" } else { "" };
                let text = format!("{gap}Error: {message}");
                let frame = S1Delta { error_code: Some(code.clone()), ..self.assistant(text) };
                push(frames, &frame, id);
            }
            Outcome::Completed { note: None, .. } | Outcome::Cancelled { .. } => {}
        }
    }
}

impl Framer for S1Framer {
    fn frames(&mut self, item: &Item, frames: &mut Vec<Frame>) {
        match item {
            Item::Delta(delta) => self.piece(delta, frames),
            Item::Event(recorded) => self.event(recorded, frames),
        }
    }

    fn end(&mut self, frames: &mut Vec<Frame>) {
        if !self.finished && !self.over {
            let error = "the service broke off this answer; the run goes on when it can, read it again then";
            let data = json!({"error": error, "error_code": "INTERRUPTED", "run_id": self.root.to_string()});
            frames.push(Frame { event: None, data: data.to_string(), id: None });
        }
        frames.push(Frame { event: None, data: "[DONE]".to_owned(), id: None });
    }

    fn missed(&mut self) {
        self.missed = true;
    }

    fn is_over(&self) -> bool {
        self.over
    }
}

fn push(frames: &mut Vec<Frame>, message: &S1Delta, id: ItemId) {
    // These types have string keys only; writing them cannot fail.
    frames.push(Frame::data(serde_json::to_string(message).unwrap_or_default(), id));
}

/// Puts S1's answer together from its frames, as S1's own clients do (S1-54, S1-59).
#[derive(Debug, Default)]
pub struct Collector {
    messages: Vec<S1Delta>,
    stat: Option<Value>,
    error: Option<Failure>,
}

/// What a collected answer says went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What happened, for a person.
    pub message: String,
    /// The code that stands for it, where there is one.
    pub code: Option<String>,
}

/// S1's answer to one call.
#[derive(Debug)]
pub struct Collected {
    /// The turns of this call.
    pub messages: Vec<S1Delta>,
    /// The last round's statistics.
    pub stat: Option<Value>,
    /// What went wrong, if anything did.
    pub error: Option<Failure>,
}

impl Collector {
    /// Takes in a frame's data.
    pub fn take(&mut self, frame: &Frame) {
        if frame.event.is_some() || frame.data == "[DONE]" {
            return;
        }
        let Ok(delta) = serde_json::from_str::<S1Delta>(&frame.data) else {
            let error: Value = serde_json::from_str(&frame.data).unwrap_or_default();
            let text = |name: &str| error.get(name).and_then(Value::as_str).map(str::to_owned);
            self.error = text("error").map(|message| Failure { message, code: text("error_code") });
            return;
        };
        match delta.role.as_str() {
            "usage" => self.stat = serde_json::from_str(&delta.content).ok(),
            "tool" if delta.streaming.is_some() => self.take_delegate(delta),
            "tool" => self.messages.push(delta),
            _ => self.take_assistant(delta),
        }
    }

    fn take_delegate(&mut self, delta: S1Delta) {
        let same = |message: &&mut S1Delta| message.role == "tool" && message.tool_use_id == delta.tool_call_id;
        let piece = delta.delta.unwrap_or_default();
        // Deeper sub-agents speak to their own parents, not in this answer.
        if delta.depth.is_some_and(|depth| depth > 1) {
            return;
        }
        // Some models count their calls anew in each round: only those of this round are the same.
        let mut round = self.messages.iter_mut().rev().take_while(|message| message.role != "assistant");
        if let Some(message) = round.find(same) {
            message.content.push_str(&piece);
        } else {
            self.messages.push(S1Delta {
                role: "tool".to_owned(),
                content: piece,
                name: delta.name,
                tool_use_id: delta.tool_call_id,
                tool_id: Some("delegate".to_owned()),
                ..S1Delta::default()
            });
        }
    }

    fn take_assistant(&mut self, delta: S1Delta) {
        if let Some(code) = &delta.error_code {
            let message = delta.content.trim_start().trim_start_matches("Error: ").to_owned();
            self.error = Some(Failure { message, code: Some(code.clone()) });
        }
        let begins = !matches!(self.messages.last(), Some(last) if last.role == "assistant");
        if begins {
            self.messages.push(S1Delta {
                role: delta.role,
                name: delta.name,
                assistant_id: delta.assistant_id,
                ..S1Delta::default()
            });
        }
        let Some(message) = self.messages.last_mut() else { return };
        message.content.push_str(&delta.content);
        if let Some(thinking) = delta.thinking {
            message.thinking.get_or_insert_default().push_str(&thinking);
        }
        for call in delta.tool_calls.into_iter().flatten() {
            take_call(message.tool_calls.get_or_insert_default(), call);
        }
    }

    /// What was collected.
    pub fn finish(self) -> Collected {
        Collected { messages: self.messages, stat: self.stat, error: self.error }
    }
}

fn take_call(calls: &mut Vec<S1Call>, piece: S1Call) {
    let index = piece.index.unwrap_or(0);
    if index >= calls.len() {
        calls.push(S1Call { index: None, ..piece });
    } else if let Some(call) = calls.get_mut(index) {
        call.arguments.push_str(&piece.arguments);
    }
}
