//! What is called: a route, its body, and what a whole answer to it looks like.

use std::net::SocketAddr;

use bytes::Bytes;
use clap::ValueEnum;
use serde_json::{Value, json};

use crate::observe::Expectation;

/// What every call says. Without [`crate::MARK`].
const QUESTION: &str = "Please say what you have to say.";

/// The route and its manner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Mode {
    /// `POST /v1/chat/completions` of a model, answered whole.
    Chat,
    /// `POST /v1/chat/completions` of a model, streamed.
    ChatStream,
    /// `POST /v1/chat/completions` with `agent/NAME`, answered whole.
    AgentChat,
    /// `POST /v1/chat/completions` with `agent/NAME`, streamed.
    AgentChatStream,
    /// `POST /v1/infer`.
    Infer,
    /// `POST /v1/infer/stream` without a session.
    InferStream,
    /// `POST /v1/infer/stream` in a new session: a durable run.
    Session,
}

/// One thing to call again and again.
#[derive(Debug, Clone)]
pub struct Target {
    /// Where.
    pub address: SocketAddr,
    /// The path.
    pub path: &'static str,
    /// The JSON body.
    pub body: Bytes,
    /// What a whole answer looks like.
    pub expected: Expectation,
}

impl Target {
    /// A call of the model or agent `name` that is answered with so many deltas.
    pub fn new(mode: Mode, address: SocketAddr, name: &str, deltas: usize) -> Self {
        let (path, body) = request(mode, name);
        let done = !matches!(mode, Mode::Chat | Mode::AgentChat | Mode::Infer);
        let body = Bytes::from(body.to_string());
        Self { address, path, body, expected: Expectation { deltas, done } }
    }
}

/// The path and body of a mode.
fn request(mode: Mode, name: &str) -> (&'static str, Value) {
    let messages = json!([{"role": "user", "content": QUESTION}]);
    let chat = "/v1/chat/completions";
    match mode {
        Mode::Chat => (chat, json!({"model": name, "messages": messages})),
        Mode::ChatStream => {
            let options = json!({"include_usage": true});
            (chat, json!({"model": name, "messages": messages, "stream": true, "stream_options": options}))
        }
        Mode::AgentChat => (chat, json!({"model": format!("agent/{name}"), "messages": messages})),
        Mode::AgentChatStream => {
            (chat, json!({"model": format!("agent/{name}"), "messages": messages, "stream": true}))
        }
        Mode::Infer => ("/v1/infer", json!({"agent_id": name, "messages": messages})),
        Mode::InferStream => ("/v1/infer/stream", json!({"agent_id": name, "messages": messages})),
        Mode::Session => ("/v1/infer/stream", json!({"agent_id": name, "messages": messages, "session_id": "new"})),
    }
}
