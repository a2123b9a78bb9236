//! What the tests of this suite share: a client, models of the scripted server, and an answer put together.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::StreamExt;
use serde_json::Map;
use troupe_core::id::Timestamp;
use troupe_core::message::Message;
use troupe_core::model::{
    FinishReason, ModelError, ModelEvent, ModelLimits, ModelRequest, ModelSnapshot, Protocol, SecretRef, Trust, Usage,
};
use troupe_core::port::{Clock, ModelClient, ModelStream, SecretError, SecretSource};
use troupe_core::tool::ToolCall;
use troupe_llm::Models;
use troupe_model_server::{ModelServer, Rule, Scenario};
use troupe_net::{Client, ClientConfig};

/// The key of [`with_key`].
pub(crate) const KEY: &str = "sk-very-secret-key";

/// The three protocols.
pub(crate) const PROTOCOLS: [Protocol; 3] = [Protocol::OpenAI, Protocol::Anthropic, Protocol::Ollama];

/// Long enough for any machine, short enough to notice a hang.
const PATIENCE: Duration = Duration::from_mins(1);

/// 2026-01-01T00:00:00Z, always.
struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        1_767_225_600_000_000
    }
}

/// Secrets by key.
struct Secrets(HashMap<&'static str, &'static str>);

#[async_trait]
impl SecretSource for Secrets {
    async fn secret(&self, reference: &SecretRef) -> Result<Arc<str>, SecretError> {
        match reference {
            SecretRef::Inline(_) => Err(SecretError::Lost),
            SecretRef::Key { name, key } => self.0.get(key.as_str()).map(|value| Arc::from(*value)).ok_or_else(|| {
                SecretError::Missing { name: name.clone(), key: key.clone(), variable: "TROUPE_SECRET_X".to_owned() }
            }),
        }
    }
}

/// A client with the secret `key`.
pub(crate) fn models() -> Models {
    let config = ClientConfig::default();
    let client = Client::new(&config).unwrap();
    Models::new(client, config, Arc::new(Secrets(HashMap::from([("key", KEY)]))), Arc::new(Still))
}

/// A server of these rules.
pub(crate) async fn server(rules: impl IntoIterator<Item = Rule>) -> ModelServer {
    ModelServer::start(Scenario::of(rules)).await.unwrap()
}

/// The model named `assistant` at a base URL.
pub(crate) fn model_at(protocol: Protocol, base_url: String) -> ModelSnapshot {
    ModelSnapshot {
        name: "assistant".to_owned(),
        id: "assistant".to_owned(),
        protocol,
        base_url,
        trust: Trust::Literal,
        model: "scripted".to_owned(),
        api_key: None,
        headers: Vec::new(),
        ca: None,
        multimodal: false,
        parameters: Map::new(),
        timeout_ms: None,
        first_token_timeout_ms: None,
        max_attempts: 1,
        initial_backoff_ms: 0,
        limits: ModelLimits::default(),
        context_window: None,
        pricing: None,
    }
}

/// The model of a scripted server.
pub(crate) fn model(protocol: Protocol, server: &ModelServer) -> ModelSnapshot {
    let version = if protocol == Protocol::Ollama { "" } else { "/v1" };
    model_at(protocol, format!("{}{version}", server.base_url()))
}

/// The same with [`KEY`].
pub(crate) fn with_key(model: ModelSnapshot) -> ModelSnapshot {
    let api_key = Some(SecretRef::Key { name: "provider".to_owned(), key: "key".to_owned() });
    ModelSnapshot { api_key, ..model }
}

/// A request with one user message.
pub(crate) fn asking(model: ModelSnapshot, text: &str) -> ModelRequest {
    ModelRequest {
        model: Arc::new(model),
        messages: vec![Message::user(text)],
        tools: Arc::new([]),
        parameters: Map::new(),
        output_schema: None,
        tool_choice: None,
        request_id: None,
    }
}

/// An answer put together.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    pub(crate) text: String,
    pub(crate) thinking: String,
    pub(crate) signature: Option<String>,
    pub(crate) calls: Vec<ToolCall>,
    pub(crate) usage: Option<Usage>,
    pub(crate) finish: Option<FinishReason>,
    pub(crate) error: Option<ModelError>,
}

impl Answer {
    /// The answer as the message that goes back to the model.
    pub(crate) fn message(&self) -> Message {
        Message {
            thinking: Some(self.thinking.clone()).filter(|thinking| !thinking.is_empty()),
            thinking_signature: self.signature.clone(),
            tool_calls: self.calls.clone(),
            ..Message::assistant(&self.text)
        }
    }
}

/// Makes a call and reads its stream to the end. An error of the call itself is the answer's, too.
pub(crate) async fn ask(models: &Models, request: ModelRequest) -> Answer {
    let answer = async {
        match models.stream(request).await {
            Ok(stream) => read(stream).await,
            Err(error) => Answer { error: Some(error), ..Answer::default() },
        }
    };
    tokio::time::timeout(PATIENCE, answer).await.expect("the call hangs")
}

/// Reads a stream to its end.
pub(crate) async fn read(mut stream: ModelStream) -> Answer {
    let mut answer = Answer::default();
    while let Some(event) = stream.next().await {
        assert!(answer.error.is_none(), "an event after the error");
        assert!(answer.finish.is_none(), "an event after the finish");
        match event {
            Ok(ModelEvent::Content(text)) => answer.text.push_str(&text),
            Ok(ModelEvent::Thinking(text)) => answer.thinking.push_str(&text),
            Ok(ModelEvent::ThinkingSignature(text)) => answer.signature = Some(text),
            Ok(ModelEvent::ToolCall(delta)) => {
                if delta.index == answer.calls.len() {
                    let (id, name) = (delta.id.unwrap(), delta.name.unwrap());
                    answer.calls.push(ToolCall { id, name, arguments: String::new() });
                }
                answer.calls[delta.index].arguments.push_str(&delta.arguments);
            }
            Ok(ModelEvent::Usage(usage)) => answer.usage = Some(usage),
            Ok(ModelEvent::Finished(reason)) => answer.finish = Some(reason),
            Err(error) => answer.error = Some(error),
        }
    }
    answer
}
