//! Puts a whole answer together from its chunks, as OpenAI's own clients do.

use super::shape::{
    CallDelta, ChatCompletion, ChatCompletionChunk, CompletionCall, CompletionChoice, CompletionFunction,
    CompletionMessage, CompletionUsage,
};
use super::{Failure, Out};

/// An answer on its way.
#[derive(Debug, Default)]
pub struct Collector {
    id: String,
    created: i64,
    model: String,
    message: CompletionMessage,
    content: String,
    reasoning: String,
    finish_reason: Option<&'static str>,
    usage: CompletionUsage,
    failure: Option<Failure>,
}

impl Collector {
    /// Takes in what a stream would send.
    pub fn take(&mut self, out: Out) {
        match out {
            Out::Chunk(chunk) => self.chunk(*chunk),
            Out::Failure(failure) => self.failure = Some(failure),
            Out::Done => {}
        }
    }

    fn chunk(&mut self, chunk: ChatCompletionChunk) {
        (self.id, self.created, self.model) = (chunk.id, chunk.created, chunk.model);
        self.usage = chunk.usage.unwrap_or(self.usage);
        for choice in chunk.choices {
            self.content.push_str(&choice.delta.content.unwrap_or_default());
            self.reasoning.push_str(&choice.delta.reasoning_content.unwrap_or_default());
            choice.delta.tool_calls.into_iter().flatten().for_each(|call| self.call(call));
            self.finish_reason = choice.finish_reason.or(self.finish_reason);
        }
    }

    fn call(&mut self, piece: CallDelta) {
        if let Some(call) = self.message.tool_calls.get_mut(piece.index) {
            call.function.arguments.push_str(&piece.function.arguments);
            return;
        }
        self.message.tool_calls.push(CompletionCall {
            id: piece.id.unwrap_or_default(),
            kind: "function",
            function: CompletionFunction {
                name: piece.function.name.unwrap_or_default(),
                arguments: piece.function.arguments,
            },
        });
    }

    /// The whole answer, or why there is none.
    pub fn finish(mut self) -> Result<ChatCompletion, Failure> {
        if let Some(failure) = self.failure {
            return Err(failure);
        }
        self.message.role = "assistant";
        let only_calls = self.content.is_empty() && !self.message.tool_calls.is_empty();
        self.message.content = (!only_calls).then_some(self.content);
        self.message.reasoning_content = Some(self.reasoning).filter(|text| !text.is_empty());
        Ok(ChatCompletion {
            id: self.id,
            object: "chat.completion",
            created: self.created,
            model: self.model,
            choices: vec![CompletionChoice {
                message: self.message,
                finish_reason: self.finish_reason,
                ..CompletionChoice::default()
            }],
            usage: self.usage,
        })
    }
}
