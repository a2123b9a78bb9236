//! From a body's bytes to model events: what the three protocols have in common, and when an answer is one.

use std::collections::VecDeque;

use serde::Deserialize;
use serde_json::error::Category;
use troupe_core::model::{FinishReason, ModelEvent, Usage};

use crate::calls::{Calls, Piece};
use crate::error::excerpt;
use crate::error::provider::ProviderError;
use crate::frame::{Frame, FrameError, Framer};
use crate::surrogates::mended;

/// How many of the first bytes are kept for the message about a body that is something else.
const OPENING: usize = 640;

/// Why an answer is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// What came is not of the protocol.
    Malformed {
        /// What is wrong.
        reason: String,
        /// The beginning of it.
        excerpt: String,
        /// Whether it only ends too early.
        cut: bool,
    },
    /// A web page came.
    Page,
    /// The provider reported an error within its answer.
    Provider(ProviderError),
    /// The body ended before the answer did.
    BrokeOff,
    /// The answer ended and says nothing.
    Empty(FinishReason),
}

/// Reads one protocol's frames.
pub(crate) trait Decoder: Send {
    /// Takes one frame into the answer.
    fn frame(&mut self, frame: Frame<'_>, answer: &mut Answer) -> Result<(), Fault>;
}

/// What an answer is so far.
#[derive(Debug)]
pub(crate) struct Answer {
    ready: VecDeque<ModelEvent>,
    /// The calls.
    pub(crate) calls: Calls,
    /// What the provider counted, so far.
    pub(crate) usage: Option<Usage>,
    /// Why the model stopped, once it said so.
    pub(crate) finish: Option<FinishReason>,
    /// The provider said that nothing more comes.
    pub(crate) done: bool,
    /// Something of the protocol was seen, so that an empty answer is not mistaken for another kind of document.
    pub(crate) recognised: bool,
    /// Characters of text, reasoning and arguments.
    characters: u64,
    /// Any text, reasoning or call came.
    said: bool,
}

impl Answer {
    fn new(seed: String) -> Self {
        Self {
            ready: VecDeque::new(),
            calls: Calls::new(seed),
            usage: None,
            finish: None,
            done: false,
            recognised: false,
            characters: 0,
            said: false,
        }
    }

    /// The next piece of the text.
    pub(crate) fn content(&mut self, text: String) {
        if self.says(&text) {
            self.ready.push_back(ModelEvent::Content(text));
        }
    }

    /// The next piece of the reasoning.
    pub(crate) fn thinking(&mut self, text: String) {
        if self.says(&text) {
            self.ready.push_back(ModelEvent::Thinking(text));
        }
    }

    /// The proof of the reasoning so far.
    pub(crate) fn signature(&mut self, signature: String) {
        self.ready.push_back(ModelEvent::ThinkingSignature(signature));
    }

    /// A piece of a call.
    pub(crate) fn call(&mut self, piece: Piece) {
        self.says(&piece.arguments);
        let event = self.calls.piece(piece);
        self.called(event);
    }

    /// The first piece of a call, whatever its number says.
    pub(crate) fn begin_call(&mut self, piece: Piece) {
        self.says(&piece.arguments);
        let event = self.calls.begin(piece);
        self.called(event);
    }

    fn called(&mut self, event: Option<ModelEvent>) {
        self.said |= event.is_some();
        self.ready.extend(event);
    }

    fn says(&mut self, text: &str) -> bool {
        self.characters += text.chars().count() as u64;
        self.said |= !text.is_empty();
        !text.is_empty()
    }
}

/// Decodes one answer.
pub(crate) struct Decoding {
    framer: Framer,
    decoder: Box<dyn Decoder>,
    answer: Answer,
    /// The first bytes, for the message about a body that is something else.
    opening: Vec<u8>,
    /// Characters of the request, for an estimate where the provider does not count.
    asked: u64,
}

impl Decoding {
    /// `lines`: the protocol streams JSON lines. `seed`: what ids of our own begin with. `asked`: the request's characters.
    pub(crate) fn new(decoder: Box<dyn Decoder>, lines: bool, seed: String, asked: u64) -> Self {
        Self { framer: Framer::new(lines), decoder, answer: Answer::new(seed), opening: Vec::new(), asked }
    }

    /// Takes the next bytes. Events from before a fault are ready all the same.
    pub(crate) fn push(&mut self, chunk: &[u8]) -> Result<(), Fault> {
        if !self.answer.recognised {
            let room = OPENING.saturating_sub(self.opening.len());
            self.opening.extend_from_slice(&chunk[..chunk.len().min(room)]);
        }
        self.framer.push(chunk);
        while !self.answer.done {
            let Some(frame) = self.framer.next()? else { break };
            take(&mut *self.decoder, frame, &mut self.answer)?;
        }
        Ok(())
    }

    /// The next event.
    pub(crate) fn pop(&mut self) -> Option<ModelEvent> {
        self.answer.ready.pop_front()
    }

    /// Whether the provider said that nothing more comes.
    pub(crate) fn is_done(&self) -> bool {
        self.answer.done
    }

    /// Whether the model said why it stopped, so that only counts can follow.
    pub(crate) fn is_finished(&self) -> bool {
        self.answer.finish.is_some()
    }

    /// Whether any text, reasoning or call came.
    pub(crate) fn has_begun(&self) -> bool {
        self.answer.said
    }

    /// The body has ended, or nothing more is waited for: makes the last events ready, or says why this is no answer.
    pub(crate) fn end(&mut self) -> Result<(), Fault> {
        self.rest()?;
        let answer = &mut self.answer;
        if !answer.recognised && !self.opening.trim_ascii().is_empty() {
            let reason = "it is no answer of this protocol".to_owned();
            return Err(Fault::Malformed { reason, excerpt: excerpt(&self.opening), cut: false });
        }
        let finish = match answer.finish {
            Some(FinishReason::Stop | FinishReason::ToolCalls) => stopped(&answer.calls),
            Some(other) => other,
            // A terminator without a reason: the provider says that the answer is whole.
            None if answer.done => stopped(&answer.calls),
            None => return Err(Fault::BrokeOff),
        };
        if answer.calls.has_nameless() {
            let reason = "a tool call has no name".to_owned();
            return Err(Fault::Malformed { reason, excerpt: String::new(), cut: false });
        }
        if !answer.said {
            return Err(Fault::Empty(finish));
        }
        // Zeros are what servers send that do not count.
        let usage =
            answer.usage.filter(|usage| usage.total() > 0).unwrap_or_else(|| estimate(self.asked, answer.characters));
        answer.ready.push_back(ModelEvent::Usage(usage));
        answer.ready.push_back(ModelEvent::Finished(finish));
        Ok(())
    }

    /// Frames whose end was the body's end. One that is cut off is no nonsense: the connection broke.
    fn rest(&mut self) -> Result<(), Fault> {
        while !self.answer.done {
            let Some(frame) = self.framer.rest()? else { break };
            match take(&mut *self.decoder, frame, &mut self.answer) {
                Err(Fault::Malformed { cut: true, .. }) => return Err(Fault::BrokeOff),
                other => other?,
            }
        }
        Ok(())
    }

    /// Makes what an answer that broke off has cost the last event.
    pub(crate) fn account(&mut self) {
        let usage = self.usage_so_far();
        self.answer.ready.push_back(ModelEvent::Usage(usage));
    }

    /// The larger of what was counted and what came.
    fn usage_so_far(&self) -> Usage {
        let estimate = estimate(self.asked, self.answer.characters);
        let counted = self.answer.usage.unwrap_or_default();
        Usage {
            input_tokens: if counted.input_tokens > 0 { counted.input_tokens } else { estimate.input_tokens },
            output_tokens: counted.output_tokens.max(estimate.output_tokens),
            estimated: true,
            ..counted
        }
    }
}

/// Takes a frame; once more, mended, where it holds half characters. Decoders change nothing before a frame is parsed.
fn take(decoder: &mut dyn Decoder, frame: Frame<'_>, answer: &mut Answer) -> Result<(), Fault> {
    match decoder.frame(frame, answer) {
        Err(Fault::Malformed { .. }) if let Some(data) = mended(frame.data) => {
            decoder.frame(Frame { data: &data, ..frame }, answer)
        }
        other => other,
    }
}

/// Providers say `stop` after calls and `tool_calls` without any; the calls themselves decide.
fn stopped(calls: &Calls) -> FinishReason {
    if calls.is_empty() { FinishReason::Stop } else { FinishReason::ToolCalls }
}

/// Tokens by the rule of thumb of [`Usage::estimated`]: four characters to a token.
pub(crate) fn estimate(asked: u64, answered: u64) -> Usage {
    Usage { input_tokens: asked.div_ceil(4), output_tokens: answered.div_ceil(4), estimated: true, ..Usage::default() }
}

/// Parses a frame's data; `what` names it in the error.
pub(crate) fn parse<'a, T: Deserialize<'a>>(data: &'a [u8], what: &str) -> Result<T, Fault> {
    serde_json::from_slice(data).map_err(|error| Fault::Malformed {
        reason: format!("a piece of it is no {what}: {error}"),
        excerpt: excerpt(data),
        cut: error.classify() == Category::Eof,
    })
}

impl From<FrameError> for Fault {
    fn from(error: FrameError) -> Self {
        match error {
            FrameError::Page => Self::Page,
            FrameError::TooLong => Self::Malformed {
                reason: "a piece of it is longer than 64 MiB".to_owned(),
                excerpt: String::new(),
                cut: false,
            },
        }
    }
}
