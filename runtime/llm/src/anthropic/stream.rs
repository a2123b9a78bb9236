//! Decodes Anthropic's stream of message events, and a whole message where a provider did not stream (S1-48).

use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::{self, StrDeserializer};
use serde_json::value::RawValue;
use troupe_core::model::{FinishReason, Usage};

use crate::anthropic::signature::{Proof, Signatures};
use crate::calls::Piece;
use crate::decode::{Answer, Decoder, Fault, parse};
use crate::error::provider::ProviderError;
use crate::frame::Frame;
use crate::wire::{Count, Text, arguments};

/// An event; or a whole message, whose fields are those of `message` and `delta` at the top.
#[derive(Deserialize)]
struct Event<'a> {
    #[serde(rename = "type", default)]
    kind: Kind,
    #[serde(default)]
    index: Count,
    #[serde(borrow, default)]
    message: Option<&'a RawValue>,
    #[serde(borrow, default)]
    content_block: Option<Block<'a>>,
    #[serde(default)]
    delta: Option<Delta>,
    #[serde(default)]
    usage: Option<UsageWire>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
    #[serde(borrow, default)]
    content: Option<Vec<Block<'a>>>,
    #[serde(default)]
    stop_reason: Option<String>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    MessageStart,
    ContentBlockStart,
    ContentBlockDelta,
    ContentBlockStop,
    MessageDelta,
    MessageStop,
    /// A whole message.
    Message,
    Error,
    /// A ping, or what comes to exist later.
    #[default]
    #[serde(other)]
    Other,
}

impl Kind {
    /// The kind by the event's name, for servers that leave `type` out of the data.
    fn named(event: &[u8]) -> Self {
        let name: StrDeserializer<'_, value::Error> =
            std::str::from_utf8(event).unwrap_or_default().into_deserializer();
        Self::deserialize(name).unwrap_or_default()
    }
}

/// What the start of a message tells that matters.
#[derive(Deserialize)]
struct Start {
    #[serde(default)]
    usage: Option<UsageWire>,
}

#[derive(Deserialize)]
struct Block<'a> {
    #[serde(rename = "type", default)]
    kind: BlockKind,
    #[serde(default)]
    text: Text,
    #[serde(default)]
    thinking: Text,
    #[serde(default)]
    signature: Option<String>,
    #[serde(default)]
    data: Option<String>,
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    name: Option<String>,
    #[serde(borrow, default)]
    input: Option<&'a RawValue>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum BlockKind {
    Text,
    Thinking,
    RedactedThinking,
    ToolUse,
    /// The provider's own tools and their results: they are its business.
    #[default]
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Delta {
    #[serde(default)]
    text: Text,
    #[serde(default)]
    thinking: Text,
    #[serde(default)]
    signature: Option<String>,
    #[serde(default)]
    partial_json: Option<String>,
    #[serde(default)]
    stop_reason: Option<String>,
}

/// Cumulative counts; a later event repeats some of them.
#[derive(Clone, Copy, Default, Deserialize)]
struct UsageWire {
    #[serde(rename = "input_tokens", default)]
    input: Count,
    #[serde(rename = "output_tokens", default)]
    output: Count,
    #[serde(rename = "cache_read_input_tokens", default)]
    cache_read: Count,
    #[serde(rename = "cache_creation_input_tokens", default)]
    cache_write: Count,
}

/// The decoder: the block that is open, and the counts so far.
#[derive(Default)]
pub(crate) struct Stream {
    block: BlockKind,
    /// The number of the open block.
    index: u64,
    /// Arguments that came with a block's start; they count unless pieces follow.
    input: String,
    /// Characters of thinking in the open block.
    thought: usize,
    signature: String,
    signatures: Signatures,
    usage: UsageWire,
}

impl Decoder for Stream {
    fn frame(&mut self, frame: Frame<'_>, answer: &mut Answer) -> Result<(), Fault> {
        if frame.data.trim_ascii() == b"[DONE]" {
            self.stop(None, answer);
            answer.done = true;
            return Ok(());
        }
        let mut event: Event<'_> = match parse(frame.data, "message event") {
            // An error need not be JSON.
            Err(_) if frame.event == b"error" => return Err(Fault::Provider(ProviderError::of_body(frame.data))),
            parsed => parsed?,
        };
        if event.kind == Kind::Other {
            event.kind = Kind::named(frame.event);
        }
        if event.kind == Kind::Error || event.error.is_some_and(|error| error.get() != "null") {
            return Err(Fault::Provider(ProviderError::of_body(frame.data)));
        }
        answer.recognised |= event.kind != Kind::Other;
        match event.kind {
            Kind::MessageStart => {
                let start: Option<Start> = event.message.and_then(|start| serde_json::from_str(start.get()).ok());
                self.count(start.and_then(|start| start.usage), answer);
            }
            Kind::ContentBlockStart => {
                self.close(answer);
                self.index = event.index.0.unwrap_or(self.index + 1);
                if let Some(block) = event.content_block {
                    self.open(block, answer);
                }
            }
            Kind::ContentBlockDelta => self.delta(event.index.0, event.delta, answer),
            Kind::ContentBlockStop => self.close(answer),
            Kind::MessageDelta => {
                self.count(event.usage, answer);
                self.stop(event.delta.and_then(|delta| delta.stop_reason), answer);
            }
            Kind::MessageStop => {
                self.stop(None, answer);
                answer.done = true;
            }
            Kind::Message => self.whole(event, answer),
            Kind::Error | Kind::Other => {}
        }
        Ok(())
    }
}

impl Stream {
    fn whole(&mut self, event: Event<'_>, answer: &mut Answer) {
        for (index, block) in (0..).zip(event.content.into_iter().flatten()) {
            self.index = index;
            self.open(block, answer);
            self.close(answer);
        }
        self.count(event.usage, answer);
        self.stop(event.stop_reason, answer);
        answer.done = true;
    }

    fn open(&mut self, block: Block<'_>, answer: &mut Answer) {
        self.block = block.kind;
        match block.kind {
            BlockKind::Text => answer.content(block.text.text),
            BlockKind::Thinking => {
                self.signature = block.signature.unwrap_or_default();
                self.think(block.thinking.text, answer);
            }
            BlockKind::RedactedThinking => self.signatures.add(Proof::Redacted(block.data.unwrap_or_default())),
            BlockKind::ToolUse => {
                self.input = Some(arguments(block.input)).filter(|input| input != "{}").unwrap_or_default();
                let index = Some(self.index);
                answer.begin_call(Piece { index, id: block.id, name: block.name, arguments: String::new() });
            }
            BlockKind::Other => {}
        }
    }

    fn delta(&mut self, index: Option<u64>, delta: Option<Delta>, answer: &mut Answer) {
        let Some(delta) = delta else { return };
        answer.content(delta.text.text);
        self.think(delta.thinking.text, answer);
        self.signature.push_str(&delta.signature.unwrap_or_default());
        let arguments = delta.partial_json.unwrap_or_default();
        // The provider's own tools stream their arguments, too; those are no calls of ours.
        if self.block == BlockKind::ToolUse && !arguments.is_empty() {
            self.input.clear();
            answer.call(Piece { index: index.or(Some(self.index)), arguments, ..Piece::default() });
        }
    }

    fn think(&mut self, thinking: String, answer: &mut Answer) {
        self.thought += thinking.len();
        answer.thinking(thinking);
    }

    /// Ends the open block, if any: what waited for its end is said.
    fn close(&mut self, answer: &mut Answer) {
        match std::mem::take(&mut self.block) {
            BlockKind::ToolUse if !self.input.is_empty() => {
                let arguments = std::mem::take(&mut self.input);
                answer.call(Piece { index: Some(self.index), arguments, ..Piece::default() });
            }
            BlockKind::Thinking => {
                let (length, signature) = (std::mem::take(&mut self.thought), std::mem::take(&mut self.signature));
                self.signatures.add(Proof::Signed { length, signature });
            }
            _ => {}
        }
    }

    /// Ends the answer: says why, and proves its reasoning, in one piece since whoever listens joins pieces.
    fn stop(&mut self, reason: Option<String>, answer: &mut Answer) {
        self.close(answer);
        if let Some(signature) = self.signatures.take() {
            answer.signature(signature);
        }
        let Some(reason) = reason.filter(|reason| !reason.is_empty()) else { return };
        answer.finish = Some(match reason.as_str() {
            "max_tokens" | "model_context_window_exceeded" => FinishReason::Length,
            "refusal" => FinishReason::ContentFilter,
            _ => FinishReason::Stop,
        });
    }

    /// Takes counts over the earlier ones. `input_tokens` of the wire leaves out what the cache served.
    fn count(&mut self, wire: Option<UsageWire>, answer: &mut Answer) {
        let Some(wire) = wire else { return };
        let newer = |new: Count, old: Count| if new.get() > 0 { new } else { old };
        self.usage = UsageWire {
            input: newer(wire.input, self.usage.input),
            output: newer(wire.output, self.usage.output),
            cache_read: newer(wire.cache_read, self.usage.cache_read),
            cache_write: newer(wire.cache_write, self.usage.cache_write),
        };
        let (read, written) = (self.usage.cache_read.get(), self.usage.cache_write.get());
        answer.usage = Some(Usage {
            input_tokens: self.usage.input.get() + read + written,
            output_tokens: self.usage.output.get(),
            cached_tokens: read,
            cache_write_tokens: written,
            ..Usage::default()
        });
    }
}
