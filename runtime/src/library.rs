//! Troupe in a program of one's own: no server, the same agents, tools, sessions and durable runs.
//!
//! ```no_run
//! # async fn example() -> anyhow::Result<()> {
//! use troupe_runtime::library::Troupe;
//! use troupe_runtime::settings::Settings;
//!
//! let troupe = Troupe::open(Settings::new(vec!["examples/quickstart".into()], "data".into())).await?;
//! let answer = troupe.ask("assistant", "What is in this folder?").await?;
//! println!("{}", answer.text());
//! troupe.close().await;
//! # Ok(())
//! # }
//! ```

mod models;
mod servers;
mod session;
mod skills;
mod templates;
mod tools;

use std::future::Future;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use troupe_core::port::ToolContext;
use troupe_core::stream::{Item, Piece};
use troupe_tools::Reply;

use crate::app::App;
use crate::frame::s1::{Collected, Failure, S1Delta};
use crate::http::error::Problem;
use crate::service::infer::{InferInput, Inference};
use crate::service::rights::Caller;
use crate::service::tools::CallInput;
use crate::settings::Settings;

pub use models::Models;
pub use servers::Servers;
pub use session::Session;
pub use skills::Skills;
pub use templates::Templates;
pub use tools::Tools;

/// S1's names of what requests and answers are made of (S1-06).
pub use crate::service::infer::InferInput as InferenceRequest;
pub use crate::service::message::MessageInput as Message;
pub use crate::service::models::ModelConfig;
pub use crate::service::tools::ToolConfig;

/// Where what a program builds is kept, below its data directory, when it names no folder of manifests.
const OWN_FOLDER: &str = "resources";

/// Why something was refused or failed, in a sentence for people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refused(String);

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        Self(problem.detail().to_owned())
    }
}

/// A service without a server. Clones share it.
#[derive(Clone)]
pub struct Troupe {
    app: Arc<App>,
}

/// What a call came to (S1-21).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InferenceResult {
    /// It went well.
    pub success: bool,
    /// This call's messages: the model's, and the tools' results.
    pub messages: Vec<S1Delta>,
    /// What went wrong, with its code.
    pub error: Option<Failure>,
    /// Tokens and times of the last round.
    pub stat: Option<Value>,
    /// The session, where the call has one.
    pub session: Option<String>,
}

impl InferenceResult {
    /// The last message's text: the answer.
    pub fn text(&self) -> &str {
        self.messages.last().map_or("", |message| message.content.as_str())
    }
}

/// A piece of a streamed answer (S1-09).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Streamed {
    /// The next piece of the text.
    Content(String),
    /// The next piece of the reasoning.
    Thinking(String),
}

impl Troupe {
    /// Opens folders of manifests and the data directory; resumes what an earlier program left. Without a folder it
    /// keeps what the program builds (models, tools, servers, templates) in the data directory.
    ///
    /// # Errors
    /// When the data directory is in use or cannot be written.
    pub async fn open(mut settings: Settings) -> anyhow::Result<Self> {
        if settings.directories.is_empty() {
            let folder = settings.data.join(OWN_FOLDER);
            tokio::fs::create_dir_all(&folder).await?;
            settings.directories.push(folder);
        }
        // Another part of the program may have chosen its provider already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Ok(Self { app: App::start(settings).await? })
    }

    /// Everything below, for what this type does not offer.
    pub fn app(&self) -> &Arc<App> {
        &self.app
    }

    /// The models of the program.
    pub fn models(&self) -> Models<'_> {
        Models(self)
    }

    /// Its tools.
    pub fn tools(&self) -> Tools<'_> {
        Tools(self)
    }

    /// Its MCP servers.
    pub fn servers(&self) -> Servers<'_> {
        Servers(self)
    }

    /// Its skills.
    pub fn skills(&self) -> Skills<'_> {
        Skills(self)
    }

    /// Its prompt templates.
    pub fn templates(&self) -> Templates<'_> {
        Templates(self)
    }

    /// A session of it.
    pub fn session(&self, id: &str) -> Session<'_> {
        Session { troupe: self, id: id.to_owned() }
    }

    /// Registers a closure as a tool under a name, which requests give among their `tool_ids`. The model sees the JSON
    /// Schema of `A`; its doc comments are the descriptions (S1-88).
    pub fn register<A, F, Fut, R>(&self, name: &str, description: &str, closure: F)
    where
        A: DeserializeOwned + JsonSchema,
        F: Fn(A, ToolContext) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<R, String>> + Send + 'static,
        R: Into<Reply>,
    {
        self.app.tools.register_typed::<A, _, _, _>(name, description, closure);
    }

    /// Asks a saved agent, without a session.
    ///
    /// # Errors
    /// When there is no such agent, or it is not ready.
    pub async fn ask(&self, agent: &str, text: &str) -> Result<InferenceResult, Refused> {
        let input =
            InferInput { agent_id: Some(agent.to_owned()), text: Some(text.to_owned()), ..InferInput::default() };
        self.infer(input).await
    }

    /// Does what S1's request says, and gives the whole answer (S1-09).
    ///
    /// # Errors
    /// When the request is wrong. A model that fails is a result that says so.
    pub async fn infer(&self, input: InferInput) -> Result<InferenceResult, Refused> {
        let mut inference = self.app.infer(input, Caller::default()).await?;
        let Collected { messages, stat, error } = inference.collect().await;
        Ok(InferenceResult { success: error.is_none(), messages, error, stat, session: inference.session })
    }

    /// The same, piece by piece as it comes; `None` of the stream is the end.
    ///
    /// # Errors
    /// When the request is wrong.
    pub async fn infer_stream(
        &self,
        input: InferInput,
    ) -> Result<impl futures::Stream<Item = Streamed> + Send + use<>, Refused> {
        let Inference { started, .. } = self.app.infer(input, Caller::default()).await?;
        let root = started.run;
        Ok(futures::stream::unfold(started.subscription, move |mut subscription| async move {
            loop {
                let Item::Delta(delta) = subscription.next().await? else { continue };
                let piece = match &delta.piece {
                    Piece::Content(text) if delta.run == root => Streamed::Content(text.clone()),
                    Piece::Thinking(text) if delta.run == root => Streamed::Thinking(text.clone()),
                    _ => continue,
                };
                return Some((piece, subscription));
            }
        }))
    }

    /// Calls a tool by id or name, without a model (S1-83, S1-98).
    ///
    /// # Errors
    /// When there is no such tool, or its result is an error.
    pub async fn call_tool(&self, tool: &str, arguments: Map<String, Value>) -> Result<Value, Refused> {
        let input = CallInput { tool_id: Some(tool.to_owned()), arguments: Some(arguments), format: None };
        Ok(self.app.call_tool(input, Caller::default()).await?)
    }

    /// Ends what runs, or hands it to the next start, and closes the data directory.
    pub async fn close(&self) {
        self.app.stop().await;
    }
}

/// What JSON says, as a type; the error names the field.
fn given<T: DeserializeOwned>(json: &Value) -> Result<T, Refused> {
    Ok(crate::http::extract::read(json.to_string().as_bytes())?)
}
