//! OpenAI's chunks of a run: the root's words, the calls that the caller is to make, usage, `[DONE]`.
//!
//! An agent's own tools never show. A run may be answered in several pieces: it hands calls over and waits, and goes on
//! in the next answer when their results came. One framer makes one answer at a time.

pub mod collect;
pub mod handover;
pub mod shape;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde_json::json;
use troupe_core::agent::Snapshot;
use troupe_core::event::{AttemptFailure, Event, Finished, Outcome, Recorded};
use troupe_core::id::{CallId, RunId};
use troupe_core::model::{FinishReason, ToolCallDelta, Usage};
use troupe_core::stream::{Delta, Item, Piece};
use troupe_core::tool::ToolKind;

use self::handover::HandedOver;
use self::shape::{CallDelta, ChatCompletionChunk, ChoiceDelta, ChunkChoice, FunctionDelta, finish_reason};
use super::{Frame, Framer};

/// What is sent.
#[derive(Clone, Debug, PartialEq)]
pub enum Out {
    /// A chunk.
    Chunk(Box<ChatCompletionChunk>),
    /// The answer broke off; nothing follows.
    Failure(Failure),
    /// The answer is whole.
    Done,
}

/// Why an answer broke off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The run's error code: an HTTP status of the provider, or a word.
    pub code: String,
    /// What happened.
    pub message: String,
}

/// How an answer is written.
#[derive(Clone, Debug, Default)]
pub struct Style {
    /// The model as the request named it.
    pub model: String,
    /// Whether the last chunk brings the usage.
    pub include_usage: bool,
    /// Every call goes to the caller as the model made it, with the provider's id, and the answer ends with it: what a
    /// plain model does. Else only calls of the caller's own tools do, under ids that lead back to the run.
    pub pass_through: bool,
}

/// Makes the chunks of one run, one answer after another.
pub struct OpenAiFramer {
    root: RunId,
    snapshot: Arc<Snapshot>,
    style: Style,
    created: i64,
    /// The run is winding down: what is still pending will not be handed over.
    winding_down: bool,
    answer: Answer,
    round: Round,
    /// The calls that the last answer handed over.
    handed_over: Vec<HandedOver>,
    over: bool,
}

/// The answer that is being made.
#[derive(Default)]
struct Answer {
    begun: bool,
    /// The step of the words that went out last.
    said: Option<u32>,
    usage: Usage,
    finish: Option<FinishReason>,
}

/// The round of calls that is being streamed or made.
#[derive(Default)]
struct Round {
    /// By its place in the model's message: the call's place among those of the caller.
    places: HashMap<usize, usize>,
    /// A call opened a skill: those after it are not made (S1-105).
    cut: bool,
    shown: bool,
    callers: Vec<HandedOver>,
    /// Calls of our own tools that have no result yet.
    ours: HashSet<CallId>,
}

impl OpenAiFramer {
    /// The chunks of the run `root`, which pins `snapshot`.
    pub fn new(root: RunId, snapshot: Arc<Snapshot>, style: Style) -> Self {
        Self {
            root,
            snapshot,
            style,
            created: 0,
            winding_down: false,
            answer: Answer::default(),
            round: Round::default(),
            handed_over: Vec::new(),
            over: false,
        }
    }

    /// The calls that the answer which just ended handed over; empty if it ended otherwise.
    pub fn handed_over(&self) -> &[HandedOver] {
        &self.handed_over
    }

    /// Begins the answer after the one that handed calls over.
    pub fn next_answer(&mut self) {
        self.answer = Answer::default();
        self.handed_over.clear();
        self.over = false;
    }

    /// Adds what an item says. After the end of an answer nothing, until [`OpenAiFramer::next_answer`].
    pub fn take(&mut self, item: &Item, out: &mut Vec<Out>) {
        match item {
            _ if self.over => {}
            Item::Delta(delta) => self.piece(delta, out),
            Item::Event(recorded) => self.event(recorded, out),
        }
    }

    fn piece(&mut self, delta: &Delta, out: &mut Vec<Out>) {
        if delta.run != self.root {
            return;
        }
        self.round.shown = true;
        match &delta.piece {
            Piece::Content(text) => self.say(delta.step, text.clone(), out),
            Piece::Thinking(text) => {
                let delta = ChoiceDelta { reasoning_content: Some(text.clone()), ..ChoiceDelta::default() };
                self.push(delta, None, out);
            }
            Piece::ToolCall(call) => self.call_piece(delta.step, call, out),
        }
    }

    /// Words. Those of different steps are kept apart by an empty line, as in the run's answer (S1-117).
    fn say(&mut self, step: u32, text: String, out: &mut Vec<Out>) {
        let apart = self.answer.said.is_some_and(|said| said != step);
        self.answer.said = Some(step);
        let text = if apart { format!("\n\n{text}") } else { text };
        self.push(ChoiceDelta { content: Some(text), ..ChoiceDelta::default() }, None, out);
    }

    fn call_piece(&mut self, step: u32, piece: &ToolCallDelta, out: &mut Vec<Out>) {
        if let Some(name) = piece.name.as_deref() {
            self.announce(piece.index, name);
        }
        let Some(place) = self.round.places.get(&piece.index).copied() else { return };
        let ours = HandedOver { run: self.root, step, index: piece.index };
        let id = piece.id.as_ref().map(|id| if self.style.pass_through { id.clone() } else { ours.id() });
        let call = CallDelta {
            index: place,
            kind: id.is_some().then_some("function"),
            id,
            function: FunctionDelta { name: piece.name.clone(), arguments: piece.arguments.clone() },
        };
        self.push(ChoiceDelta { tool_calls: Some(vec![call]), ..ChoiceDelta::default() }, None, out);
    }

    /// Decides whether a call goes to the caller.
    fn announce(&mut self, index: usize, name: &str) {
        let next = self.round.places.len();
        if self.style.pass_through || (self.is_callers(name) && !self.round.cut) {
            self.round.places.entry(index).or_insert(next);
        }
        self.round.cut |= self.opens_skill(name);
    }

    fn kind(&self, name: &str) -> Option<&ToolKind> {
        let tool = self.snapshot.agent()?.tools.iter().find(|tool| tool.spec.name == name)?;
        Some(&tool.kind)
    }

    fn is_callers(&self, name: &str) -> bool {
        matches!(self.kind(name), Some(ToolKind::Client))
    }

    fn opens_skill(&self, name: &str) -> bool {
        !self.style.pass_through && matches!(self.kind(name), Some(ToolKind::Skill(_)))
    }

    fn event(&mut self, recorded: &Recorded, out: &mut Vec<Out>) {
        let root = recorded.run == self.root;
        match &recorded.event {
            Event::RunAccepted(_) if root => self.created = recorded.at.div_euclid(1_000_000),
            Event::ModelAttemptStarted { .. } if root => self.round = Round::default(),
            Event::AttemptFailed { reason, usage, .. } => {
                self.answer.usage.add(usage);
                if root && *reason == AttemptFailure::Lost && self.round.shown {
                    self.lost(out);
                }
            }
            Event::MessageFinished(finished) => {
                self.answer.usage.add(&finished.usage);
                if root {
                    self.message(finished, out);
                }
            }
            Event::ToolCallFinished { call, .. }
            | Event::ChildFinished { call, .. }
            | Event::InputReceived { call, .. }
                if root =>
            {
                self.round.callers.retain(|handed| handed.call() != *call);
                if self.round.ours.remove(call) {
                    self.hand_over(out);
                }
            }
            Event::CancelRequested { .. } | Event::LimitReached { .. } | Event::DeadlineReached if root => {
                self.winding_down = true;
            }
            Event::RunFinished { outcome } if root => self.finished(outcome, out),
            _ => {}
        }
    }

    fn message(&mut self, finished: &Finished, out: &mut Vec<Out>) {
        self.answer.finish = Some(finished.finish);
        for (index, call) in finished.calls.iter().enumerate() {
            let handed = HandedOver { run: self.root, step: finished.step, index };
            if self.style.pass_through || self.is_callers(&call.name) {
                self.round.callers.push(handed);
            } else {
                self.round.ours.insert(handed.call());
            }
            if self.opens_skill(&call.name) {
                break;
            }
        }
        self.hand_over(out);
    }

    /// Ends the answer with the caller's calls, when all of ours have results.
    fn hand_over(&mut self, out: &mut Vec<Out>) {
        if self.winding_down || self.round.callers.is_empty() || !self.round.ours.is_empty() {
            return;
        }
        self.handed_over.clone_from(&self.round.callers);
        self.close("tool_calls", out);
    }

    fn finished(&mut self, outcome: &Outcome, out: &mut Vec<Out>) {
        let reason = finish_reason(self.answer.finish.unwrap_or(FinishReason::Stop));
        match outcome {
            Outcome::Failed { code, message } => {
                self.fail(Failure { code: code.clone(), message: message.clone() }, out);
            }
            Outcome::Completed { limit: Some(_), note, .. } => {
                if let Some(note) = note {
                    // A step of its own: the empty line before it is wanted.
                    self.say(u32::MAX, note.clone(), out);
                }
                self.close("length", out);
            }
            Outcome::Completed { .. } | Outcome::Cancelled { .. } => self.close(reason, out),
        }
    }

    /// Words that went out cannot be taken back.
    fn lost(&mut self, out: &mut Vec<Out>) {
        let message = "the service was interrupted in the middle of this answer; send the request again".to_owned();
        self.fail(Failure { code: "STEP_RESTARTED".to_owned(), message }, out);
    }

    fn fail(&mut self, failure: Failure, out: &mut Vec<Out>) {
        out.push(Out::Failure(failure));
        self.over = true;
    }

    fn close(&mut self, reason: &'static str, out: &mut Vec<Out>) {
        self.push(ChoiceDelta::default(), Some(reason), out);
        if self.style.include_usage {
            let usage = Some((&self.answer.usage).into());
            out.push(Out::Chunk(Box::new(ChatCompletionChunk { usage, ..self.chunk(Vec::new()) })));
        }
        out.push(Out::Done);
        self.over = true;
    }

    fn push(&mut self, mut delta: ChoiceDelta, finish_reason: Option<&'static str>, out: &mut Vec<Out>) {
        if !self.answer.begun {
            self.answer.begun = true;
            let first = ChoiceDelta {
                role: Some("assistant"),
                content: delta.tool_calls.is_none().then(String::new),
                ..ChoiceDelta::default()
            };
            let choice = ChunkChoice { delta: first, ..ChunkChoice::default() };
            out.push(Out::Chunk(Box::new(self.chunk(vec![choice]))));
        }
        let choice = ChunkChoice { delta: std::mem::take(&mut delta), finish_reason, ..ChunkChoice::default() };
        out.push(Out::Chunk(Box::new(self.chunk(vec![choice]))));
    }

    fn chunk(&self, choices: Vec<ChunkChoice>) -> ChatCompletionChunk {
        ChatCompletionChunk {
            id: format!("chatcmpl-{}", self.root.0.simple()),
            object: "chat.completion.chunk",
            created: self.created,
            model: self.style.model.clone(),
            choices,
            usage: None,
        }
    }

    /// What is sent when the stream ends without the run's end: the service stops.
    pub fn broken_off(&mut self, out: &mut Vec<Out>) {
        if !self.over {
            let message = "the service is stopping; send the request again".to_owned();
            self.fail(Failure { code: "STOPPING".to_owned(), message }, out);
        }
    }
}

/// The frame of something that is sent. OpenAI's streams have no ids: they cannot be resumed.
pub fn frame(out: &Out) -> Frame {
    let data = match out {
        Out::Chunk(chunk) => serde_json::to_string(chunk).unwrap_or_default(),
        Out::Failure(Failure { code, message }) => {
            json!({"error": {"message": message, "type": "server_error", "param": null, "code": code}}).to_string()
        }
        Out::Done => "[DONE]".to_owned(),
    };
    Frame { event: None, data, id: None }
}

impl Framer for OpenAiFramer {
    fn frames(&mut self, item: &Item, frames: &mut Vec<Frame>) {
        let mut out = Vec::new();
        self.take(item, &mut out);
        frames.extend(out.iter().map(frame));
    }

    fn end(&mut self, frames: &mut Vec<Frame>) {
        let mut out = Vec::new();
        self.broken_off(&mut out);
        frames.extend(out.iter().map(frame));
    }

    fn is_over(&self) -> bool {
        self.over
    }
}
