//! One attempt's answer, put together from its pieces.

use serde_json::Value;

use crate::context::{estimate_tokens, output_problem};
use crate::event::{AttemptFailure, DeltaMark, Event, Finished, Partial};
use crate::id::Timestamp;
use crate::model::{FinishReason, ModelError, ModelEvent, Pricing, ToolCallDelta, Usage};
use crate::run::Attempt;
use crate::stream::{ItemId, Piece};
use crate::tool::ToolCall;

/// An answer on its way.
pub(super) struct Assembly {
    attempt: Attempt,
    /// The schema that the answer must satisfy: its text is held back until it does.
    schema: Option<Value>,
    pricing: Option<Pricing>,
    /// Characters of the request, for an estimate where the provider does not count.
    asked: usize,
    first_at: Option<Timestamp>,
    content: String,
    thinking: String,
    signature: Option<String>,
    calls: Vec<ToolCall>,
    held: Vec<Piece>,
    marks: Vec<DeltaMark>,
    usage: Option<Usage>,
    finish: Option<FinishReason>,
}

impl Assembly {
    pub(super) fn new(attempt: Attempt, schema: Option<Value>, pricing: Option<Pricing>, asked: usize) -> Self {
        Self {
            attempt,
            schema,
            pricing,
            asked,
            first_at: None,
            content: String::new(),
            thinking: String::new(),
            signature: None,
            calls: Vec::new(),
            held: Vec::new(),
            marks: Vec::new(),
            usage: None,
            finish: None,
        }
    }

    /// Takes in what the model sent; the piece that is to be shown at once, if there is one.
    pub(super) fn take(&mut self, event: ModelEvent, now: Timestamp) -> Option<Piece> {
        let piece = match event {
            ModelEvent::Content(text) if text.is_empty() => return None,
            ModelEvent::Thinking(text) if text.is_empty() => return None,
            ModelEvent::Content(text) => {
                self.content.push_str(&text);
                Piece::Content(text)
            }
            ModelEvent::Thinking(text) => {
                self.thinking.push_str(&text);
                Piece::Thinking(text)
            }
            ModelEvent::ToolCall(delta) => Piece::ToolCall(self.take_call(delta)?),
            ModelEvent::ThinkingSignature(signature) => {
                self.signature.get_or_insert_default().push_str(&signature);
                return None;
            }
            ModelEvent::Usage(usage) => {
                self.usage = Some(usage);
                return None;
            }
            ModelEvent::Finished(reason) => {
                self.finish = Some(reason);
                return None;
            }
        };
        self.first_at.get_or_insert(now);
        if self.schema.is_some() && matches!(piece, Piece::Content(_)) {
            self.held.push(piece);
            return None;
        }
        Some(piece)
    }

    /// Joins a piece of a call. Every call's first piece brings its id and name, whatever the provider sent, so that a
    /// replayed stream equals this one.
    fn take_call(&mut self, delta: ToolCallDelta) -> Option<ToolCallDelta> {
        let index = delta.index.min(self.calls.len());
        if let Some(call) = self.calls.get_mut(index) {
            call.arguments.push_str(&delta.arguments);
            return (!delta.arguments.is_empty()).then_some(ToolCallDelta {
                index,
                id: None,
                name: None,
                arguments: delta.arguments,
            });
        }
        let place = format!("call_{}_{index}", self.attempt.step);
        let call = ToolCall {
            id: delta.id.filter(|id| !id.is_empty()).unwrap_or(place),
            name: delta.name.unwrap_or_default(),
            arguments: delta.arguments,
        };
        self.calls.push(call.clone());
        Some(ToolCallDelta { index, id: Some(call.id), name: Some(call.name), arguments: call.arguments })
    }

    /// Remembers where a shown piece was cut.
    pub(super) fn shown(&mut self, piece: &Piece, id: ItemId) {
        self.marks.push(piece.mark(id));
    }

    /// The answer is whole: why it does not satisfy the schema, if it must and does not; and what was held back, or is
    /// still wanted, and may be shown now.
    pub(super) fn check(&mut self) -> (Option<String>, Vec<Piece>) {
        let problem = self.schema.as_ref().filter(|_| self.calls.is_empty());
        let problem = problem.and_then(|schema| output_problem(schema, &self.content));
        // What is not valid is never shown; it is kept in the journal.
        let held = std::mem::take(&mut self.held);
        let mut show = if problem.is_none() { held } else { Vec::new() };
        show.extend(self.fill_arguments());
        (problem, show)
    }

    /// Some providers send nothing for a call without arguments; whoever reads the call wants an object.
    fn fill_arguments(&mut self) -> Vec<Piece> {
        let nothing = self.calls.iter_mut().enumerate().filter(|(_, call)| call.arguments.trim().is_empty());
        let filled = nothing.map(|(index, call)| {
            "{}".clone_into(&mut call.arguments);
            Piece::ToolCall(ToolCallDelta { index, id: None, name: None, arguments: call.arguments.clone() })
        });
        filled.collect()
    }

    /// Whether the model said why it stopped.
    pub(super) fn is_finished(&self) -> bool {
        self.finish.is_some()
    }

    /// The event of a whole message.
    pub(super) fn finished(self, invalid: Option<String>, now: Timestamp) -> Event {
        let (usage, cost) = self.spent();
        Event::MessageFinished(Box::new(Finished {
            step: self.attempt.step,
            attempt: self.attempt.attempt,
            content: self.content,
            thinking: self.thinking,
            thinking_signature: self.signature,
            calls: self.calls,
            finish: self.finish.unwrap_or(FinishReason::Stop),
            usage,
            cost,
            first_token_us: self.first_at.map(|first| first - self.attempt.at),
            duration_us: now - self.attempt.at,
            invalid,
            deltas: self.marks,
        }))
    }

    /// The event of an attempt that the model did not bring to its end.
    pub(super) fn failed(self, error: ModelError) -> Event {
        let streamed = self.first_at.is_some();
        self.ended(AttemptFailure::Model { error, streamed })
    }

    /// The event of an attempt that we ended.
    pub(super) fn stopped(self) -> Event {
        self.ended(AttemptFailure::Stopped)
    }

    fn ended(self, reason: AttemptFailure) -> Event {
        // A call that was refused before it said anything cost nothing, unless the provider says so.
        let nothing = self.first_at.is_none() && self.usage.is_none();
        let (usage, cost) = if nothing { (Usage::default(), 0) } else { self.spent() };
        Event::AttemptFailed {
            step: self.attempt.step,
            attempt: self.attempt.attempt,
            reason,
            partial: Partial {
                content: if self.schema.is_some() { String::new() } else { self.content },
                thinking: self.thinking,
                calls: self.calls,
                deltas: self.marks,
            },
            usage,
            cost,
        }
    }

    fn spent(&self) -> (Usage, i64) {
        let usage = self.usage.unwrap_or_else(|| {
            let arguments: usize = self.calls.iter().map(|call| call.arguments.len()).sum();
            let said = self.content.chars().count() + self.thinking.chars().count() + arguments;
            Usage {
                input_tokens: estimate_tokens(self.asked),
                output_tokens: estimate_tokens(said),
                estimated: true,
                ..Usage::default()
            }
        });
        (usage, self.pricing.as_ref().map_or(0, |pricing| pricing.cost(&usage)))
    }
}
