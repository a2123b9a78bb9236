//! A scripted model server: speaks OpenAI chat completions, Anthropic Messages and Ollama chat in their wire formats, answers as a
//! [`Scenario`] says, fails on demand, and refuses what the real providers refuse.
//!
//! In a test:
//!
//! ```
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! use serde_json::json;
//! use troupe_model_server::{Fault, ModelServer, Role, Rule, Scenario, When};
//!
//! let server = ModelServer::start(Scenario::of([
//!     Rule::fault(Fault::Status { code: 429, retry_after: Some(1), message: None }).times(1),
//!     Rule::call("get_weather", json!({"city": "Oslo"})).when(When { last_role: Some(Role::User), ..When::default() }),
//!     Rule::text("It is {{last_tool}}.").when(When { last_role: Some(Role::Tool), ..When::default() }),
//! ]))
//! .await?;
//! let model_url = format!("{}/v1", server.base_url());
//! // … let the client under test talk to `model_url`, then look at what it sent:
//! assert!(server.requests().is_empty());
//! # Ok::<(), troupe_model_server::StartError>(()) }).unwrap();
//! ```
//!
//! Routes: `POST /v1/chat/completions`, `POST /v1/messages`, `POST /api/chat`, `GET /v1/models`, `GET /api/tags`; the first three
//! also without `/v1`.

mod answer;
mod anthropic;
mod assistant;
mod body;
mod exchange;
mod ollama;
mod openai;
mod plan;
mod protocol;
mod record;
mod refusal;
mod rendered;
mod respond;
mod scenario;
mod script;
mod server;
mod wire;

pub use protocol::Protocol;
pub use record::RecordedRequest;
pub use scenario::{Fault, Finish, Pace, Reply, Role, Rule, Scenario, ScenarioError, ToolCall, Unmatched, Usage, When};
pub use server::{Connections, ModelServer, StartError};
