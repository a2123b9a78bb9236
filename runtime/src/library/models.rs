//! Models of a program (S1-40): registered, found, listed, removed; kept across starts.

use serde_json::Value;

use super::{Refused, Troupe, given};
use crate::service::models::ModelConfig;
use crate::service::rights::Asker;

/// The models.
#[derive(Clone, Copy)]
pub struct Models<'a>(pub(super) &'a Troupe);

impl Models<'_> {
    /// Registers a model, in place of one with its id; S1's `ModelConfig` as JSON (S1-16). Gives its id.
    ///
    /// ```no_run
    /// # async fn example(troupe: troupe_runtime::library::Troupe) -> anyhow::Result<()> {
    /// let local = serde_json::json!({
    ///     "model_id": "local", "api_base": "http://127.0.0.1:11434", "model_name": "qwen3", "api_protocol": "ollama",
    /// });
    /// troupe.models().register(local).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When a field is missing or wrong; the sentence names it.
    pub async fn register(&self, config: Value) -> Result<String, Refused> {
        Ok(self.0.app().register_model(&Asker::nobody(), given(&config)?).await?)
    }

    /// The model of an id; its key as a mask.
    pub async fn get(&self, id: &str) -> Option<ModelConfig> {
        self.list().await.into_iter().find(|model| model.model_id == id)
    }

    /// Every model.
    pub async fn list(&self) -> Vec<ModelConfig> {
        self.0.app().list_models(false).await.1
    }

    /// Removes a model, and the key that was kept for it.
    ///
    /// # Errors
    /// When there is no such model.
    pub async fn remove(&self, id: &str) -> Result<(), Refused> {
        self.0.app().delete_model(&Asker::nobody(), id).await?;
        Ok(())
    }
}
