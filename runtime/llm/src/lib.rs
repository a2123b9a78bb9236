//! Model protocols: OpenAI chat completions, Anthropic Messages, Ollama chat.
//!
//! [`Models`] asks a model over the network and streams what it says. Each protocol is two pure parts, `convert` (a
//! request to a body) and `stream` (a body's frames to events), and a description of the rest (`protocol::Wire`); what
//! they share is here: frames, tool calls in pieces, errors, time limits, and limits towards each model.
//!
//! Lenient with what vendors add or leave out, strict with what is no answer: a stream that ends without saying that it
//! is finished, malformed JSON, a web page, an answer that says nothing.

mod anthropic;
mod body;
mod calls;
mod decode;
mod error;
mod flow;
mod frame;
mod limits;
mod models;
mod ollama;
mod openai;
mod protocol;
mod surrogates;
mod transport;
mod wire;

#[cfg(test)]
mod golden;
#[cfg(test)]
mod recorded;

pub use models::Models;
