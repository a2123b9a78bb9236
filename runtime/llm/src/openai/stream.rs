//! Decodes OpenAI's chat completion chunks, and a whole completion where a provider did not stream (S1-44).

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use troupe_core::model::{FinishReason, Usage};

use crate::calls::Piece;
use crate::decode::{Answer, Decoder, Fault, parse};
use crate::error::provider::ProviderError;
use crate::frame::Frame;
use crate::wire::{Count, Text, arguments};

/// A chunk, or a whole completion; what vendors add is skipped.
///
/// What only few chunks have is boxed: a chunk is moved several times while it is read, and there is one for each token.
#[derive(Deserialize)]
struct Chunk<'a> {
    #[serde(borrow, default)]
    choices: Option<Vec<Choice<'a>>>,
    #[serde(default)]
    usage: Option<Box<UsageWire>>,
    #[serde(default)]
    x_groq: Option<Extension>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
    #[serde(borrow, default)]
    object: Option<&'a RawValue>,
}

/// Where Groq puts the usage of a stream.
#[derive(Deserialize)]
struct Extension {
    #[serde(default)]
    usage: Option<Box<UsageWire>>,
}

#[derive(Deserialize)]
struct Choice<'a> {
    #[serde(default)]
    index: Count,
    #[serde(borrow, default)]
    delta: Option<Delta<'a>>,
    /// Of a whole completion.
    #[serde(borrow, default)]
    message: Option<Box<Delta<'a>>>,
    #[serde(default)]
    finish_reason: Option<String>,
    /// Where Moonshot puts the usage of a stream.
    #[serde(default)]
    usage: Option<Box<UsageWire>>,
    /// Where `OpenRouter` puts an upstream's failure.
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Delta<'a> {
    #[serde(default)]
    content: Text,
    #[serde(default)]
    reasoning_content: Text,
    #[serde(default)]
    reasoning: Text,
    #[serde(default)]
    thinking: Text,
    #[serde(default)]
    refusal: Text,
    #[serde(borrow, default)]
    tool_calls: Option<Vec<CallWire<'a>>>,
    /// How calls were written before there were `tool_calls`.
    #[serde(borrow, default)]
    function_call: Option<Function<'a>>,
}

#[derive(Deserialize)]
struct CallWire<'a> {
    #[serde(default)]
    index: Count,
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

/// Token counts in the forms of OpenAI, `DeepSeek`, Moonshot, and of proxies for Anthropic.
#[derive(Clone, Copy, Default, Deserialize)]
struct UsageWire {
    #[serde(default)]
    prompt_tokens: Count,
    #[serde(default)]
    completion_tokens: Count,
    #[serde(default)]
    input_tokens: Count,
    #[serde(default)]
    output_tokens: Count,
    #[serde(default)]
    total_tokens: Count,
    #[serde(default)]
    prompt_tokens_details: Option<PromptDetails>,
    #[serde(default)]
    completion_tokens_details: Option<CompletionDetails>,
    #[serde(default)]
    prompt_cache_hit_tokens: Count,
    #[serde(default)]
    cached_tokens: Count,
    #[serde(default)]
    cache_read_input_tokens: Count,
    #[serde(default)]
    cache_creation_input_tokens: Count,
}

#[derive(Clone, Copy, Default, Deserialize)]
struct PromptDetails {
    #[serde(default)]
    cached_tokens: Count,
}

#[derive(Clone, Copy, Default, Deserialize)]
struct CompletionDetails {
    #[serde(default)]
    reasoning_tokens: Count,
}

/// The decoder. It keeps nothing: what an answer is so far is in the [`Answer`].
pub(crate) struct Stream;

impl Decoder for Stream {
    fn frame(&mut self, frame: Frame<'_>, answer: &mut Answer) -> Result<(), Fault> {
        if frame.data.trim_ascii() == b"[DONE]" {
            answer.recognised = true;
            answer.done = true;
            return Ok(());
        }
        if frame.event == b"error" {
            return Err(Fault::Provider(ProviderError::of_body(frame.data)));
        }
        let chunk: Chunk<'_> = parse(frame.data, "chat completion chunk")?;
        refuse(chunk.error)?;
        if chunk.object.is_some_and(|object| object.get() == "\"error\"") {
            return Err(Fault::Provider(ProviderError::of_body(frame.data)));
        }
        answer.recognised |= chunk.choices.is_some() || chunk.usage.is_some();
        // With `n` set by a parameter there are several choices; the first one is the answer.
        for choice in chunk.choices.into_iter().flatten().filter(|choice| choice.index.get() == 0) {
            take_choice(choice, answer)?;
        }
        let usage = chunk.usage.or(chunk.x_groq.and_then(|extension| extension.usage));
        answer.usage = usage.and_then(|usage| counted(*usage)).or(answer.usage);
        Ok(())
    }
}

fn take_choice(choice: Choice<'_>, answer: &mut Answer) -> Result<(), Fault> {
    refuse(choice.error)?;
    for delta in choice.delta.into_iter().chain(choice.message.map(|message| *message)) {
        take_delta(delta, answer);
    }
    answer.usage = choice.usage.and_then(|usage| counted(*usage)).or(answer.usage);
    if let Some(reason) = choice.finish_reason.as_deref().filter(|reason| !reason.is_empty()) {
        answer.finish = Some(finish(reason)?);
    }
    Ok(())
}

fn take_delta(delta: Delta<'_>, answer: &mut Answer) {
    answer.thinking(delta.content.thinking);
    // Some servers send their reasoning under two names at once.
    let thinking = [delta.reasoning_content, delta.reasoning, delta.thinking];
    let thinking = thinking.into_iter().map(|text| text.text).find(|text| !text.is_empty());
    answer.thinking(thinking.unwrap_or_default());
    answer.content(delta.content.text);
    answer.content(delta.refusal.text);
    for call in delta.tool_calls.into_iter().flatten() {
        let function = call.function.unwrap_or(Function { name: None, arguments: None });
        answer.call(piece(call.index.0, call.id, function));
    }
    if let Some(function) = delta.function_call {
        answer.call(piece(None, None, function));
    }
}

fn piece(index: Option<u64>, id: Option<String>, function: Function<'_>) -> Piece {
    Piece { index, id, name: function.name, arguments: arguments(function.arguments) }
}

/// An error within the stream. Some servers send an empty one with every chunk.
fn refuse(error: Option<&RawValue>) -> Result<(), Fault> {
    let Some(error) = error.and_then(|error| serde_json::from_str::<Value>(error.get()).ok()) else { return Ok(()) };
    let says_nothing = match &error {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    };
    if says_nothing { Ok(()) } else { Err(Fault::Provider(ProviderError::of(&error))) }
}

fn finish(reason: &str) -> Result<FinishReason, Fault> {
    match reason {
        "length" | "max_tokens" | "MAX_TOKENS" | "model_length" => Ok(FinishReason::Length),
        "content_filter" | "SAFETY" | "sensitive" => Ok(FinishReason::ContentFilter),
        "error" => {
            let message = "the provider ended its answer with finish_reason \"error\"".to_owned();
            Err(Fault::Provider(ProviderError { message, ..ProviderError::default() }))
        }
        // `stop`, `tool_calls`, and the words of vendors (`eos`, `end_turn`, `insufficient_system_resource`): whether it
        // calls tools is told by the calls.
        _ => Ok(FinishReason::Stop),
    }
}

/// Tokens; nothing where all counts are missing, as in chunks that carry an empty usage.
fn counted(wire: UsageWire) -> Option<Usage> {
    let prompt = wire.prompt_tokens.0.or(wire.input_tokens.0);
    let completion = wire.completion_tokens.0.or(wire.output_tokens.0);
    if prompt.is_none() && completion.is_none() {
        return None;
    }
    let (input, written) = (prompt.unwrap_or(0), completion.unwrap_or(0));
    let reasoning = wire.completion_tokens_details.unwrap_or_default().reasoning_tokens.get();
    // xAI and Gemini count reasoning beside the completion, which only the total tells.
    let beside = reasoning > 0 && wire.total_tokens.get() == input + written + reasoning;
    let cached = [
        wire.prompt_tokens_details.unwrap_or_default().cached_tokens,
        wire.prompt_cache_hit_tokens,
        wire.cached_tokens,
        wire.cache_read_input_tokens,
    ];
    Some(Usage {
        input_tokens: input,
        output_tokens: if beside { written + reasoning } else { written },
        cached_tokens: cached.into_iter().map(Count::get).max().unwrap_or(0).min(input),
        cache_write_tokens: wire.cache_creation_input_tokens.get().min(input),
        reasoning_tokens: reasoning,
        estimated: false,
    })
}
