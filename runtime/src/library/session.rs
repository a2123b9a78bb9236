//! A session of a program: its turns, its context in words and numbers, and files beside it (S1-27, S1-136).

use bytes::Bytes;
use troupe_core::port::StoreError;
use troupe_core::session::Turn;

use super::{Refused, Troupe};
use crate::service::context::{Artifact, ContextView, IntrospectionSnapshot};
use crate::service::resolve::sentence;
use crate::service::rights::Asker;

/// A session, by its id.
#[derive(Clone)]
pub struct Session<'a> {
    pub(super) troupe: &'a Troupe,
    pub(super) id: String,
}

impl Session<'_> {
    /// Its turns, oldest first.
    ///
    /// # Errors
    /// When there is no such session, or the data directory cannot be read.
    pub async fn messages(&self) -> Result<Vec<Turn>, Refused> {
        Ok(self.troupe.app().conversation(&Asker::nobody(), &self.id).await?.1)
    }

    /// Its summary, its memories, and the numbers.
    ///
    /// # Errors
    /// When there is no such session, or the data directory cannot be read.
    pub async fn context(&self) -> Result<ContextView, Refused> {
        let found = self.troupe.app().session_context(&self.id).await.map_err(|error| refused(&error))?;
        found.ok_or_else(|| self.missing())
    }

    /// Its context in numbers.
    ///
    /// ```no_run
    /// # async fn example(troupe: troupe_runtime::library::Troupe) -> anyhow::Result<()> {
    /// use troupe_runtime::library::InferenceRequest;
    /// let question = InferenceRequest {
    ///     agent_id: Some("assistant".into()),
    ///     text: Some("Hello".into()),
    ///     session_id: Some("new".into()),
    ///     ..InferenceRequest::default()
    /// };
    /// let session = troupe.infer(question).await?.session.unwrap_or_default();
    /// let numbers = troupe.session(&session).snapshot().await?;
    /// assert_eq!(numbers.total_turns, numbers.summarized_turns + numbers.recent_window_size);
    /// troupe.session(&session).store_artifact("report.csv", "a,b\n".into()).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When there is no such session, or the data directory cannot be read.
    pub async fn snapshot(&self) -> Result<IntrospectionSnapshot, Refused> {
        self.context().await.map(|context| context.snapshot)
    }

    /// Keeps a file beside it as `artifact-{filename}`; `App::session_artifact` reads it by its address.
    ///
    /// # Errors
    /// When there is no such session, or the data directory cannot be written.
    pub async fn store_artifact(&self, filename: &str, content: Bytes) -> Result<Artifact, Refused> {
        self.troupe.app().store_artifact(&self.id, filename, content).await.map_err(|error| refused(&error))
    }

    fn missing(&self) -> Refused {
        Refused(format!("Session not found: {}", self.id))
    }
}

fn refused(error: &StoreError) -> Refused {
    Refused(sentence(error))
}
