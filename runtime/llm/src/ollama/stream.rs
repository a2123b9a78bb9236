//! Decodes the lines of Ollama's `/api/chat` (S1-46).

use serde::Deserialize;
use serde_json::value::RawValue;
use troupe_core::model::{FinishReason, Usage};

use crate::calls::Piece;
use crate::decode::{Answer, Decoder, Fault, parse};
use crate::error::provider::ProviderError;
use crate::frame::Frame;
use crate::wire::{Count, Text, arguments};

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow, default)]
    message: Option<Message<'a>>,
    #[serde(default)]
    done: Option<bool>,
    #[serde(default)]
    done_reason: Option<String>,
    #[serde(default)]
    prompt_eval_count: Count,
    #[serde(default)]
    eval_count: Count,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(default)]
    content: Text,
    #[serde(default)]
    thinking: Text,
    /// Thinking, where a server speaks half OpenAI's language.
    #[serde(default)]
    reasoning_content: Text,
    #[serde(borrow, default)]
    tool_calls: Option<Vec<Call<'a>>>,
}

#[derive(Deserialize)]
struct Call<'a> {
    #[serde(default)]
    id: Option<String>,
    #[serde(borrow, default)]
    function: Option<Function<'a>>,
}

#[derive(Deserialize)]
struct Function<'a> {
    #[serde(default)]
    name: Option<String>,
    #[serde(borrow, default)]
    arguments: Option<&'a RawValue>,
}

/// The decoder. It keeps nothing: each line stands alone.
pub(crate) struct Stream;

impl Decoder for Stream {
    fn frame(&mut self, frame: Frame<'_>, answer: &mut Answer) -> Result<(), Fault> {
        let line: Line<'_> = parse(frame.data, "line of a chat")?;
        if line.error.is_some_and(|error| error.get() != "null") {
            return Err(Fault::Provider(ProviderError::of_body(frame.data)));
        }
        answer.recognised |= line.message.is_some() || line.done.is_some();
        if let Some(message) = line.message {
            answer.thinking(message.thinking.text);
            answer.thinking(message.reasoning_content.text);
            answer.content(message.content.text);
            // Calls come whole; each one begins and ends in its line.
            for call in message.tool_calls.into_iter().flatten() {
                let function = call.function.unwrap_or(Function { name: None, arguments: None });
                let id = call.id.filter(|id| !id.is_empty());
                answer.begin_call(Piece {
                    index: None,
                    id,
                    name: function.name,
                    arguments: arguments(function.arguments),
                });
            }
        }
        if line.done == Some(true) {
            answer.usage = counted(line.prompt_eval_count, line.eval_count);
            answer.finish = Some(match line.done_reason.as_deref() {
                Some("length") => FinishReason::Length,
                _ => FinishReason::Stop,
            });
            answer.done = true;
        }
        Ok(())
    }
}

/// Tokens. Ollama leaves out the prompt's count where its cache served the whole prompt.
fn counted(input: Count, output: Count) -> Option<Usage> {
    if input.0.is_none() && output.0.is_none() {
        return None;
    }
    Some(Usage { input_tokens: input.get(), output_tokens: output.get(), ..Usage::default() })
}
