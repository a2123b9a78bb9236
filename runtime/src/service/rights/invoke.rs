//! Rights to run things: agents by name, or a model and tools that a request puts together.
//!
//! A tool is named as its Tool object is; one that has none by its id: `bash`, `mcp-<server>-<tool>`. A model that the
//! request brings itself, or that it sends elsewhere or pays with another key, is none by name: it takes
//! `create models/invoke` without one, and so does `delegate`, whose sub-agents may have any model.

use troupe_core::agent::Snapshot;
use troupe_core::model::{ModelSnapshot, SecretRef};
use troupe_core::tool::{ToolKind, ToolSnapshot};
use troupe_crds::Kind;
use troupe_identity::Access;

use super::Asker;
use crate::app::App;
use crate::http::error::Problem;

impl App {
    /// Whether `asker` may run an object of a kind, by its name or id.
    pub async fn may_invoke(&self, asker: &Asker, kind: Kind, name_or_id: &str) -> Result<(), Problem> {
        if self.rights.is_open() {
            return Ok(());
        }
        self.may(asker, Access::invoke(kind.plural(), self.name_for(kind, name_or_id))).await
    }

    /// Whether `asker` may run what a request put together.
    pub async fn may_use(&self, asker: &Asker, composed: &Snapshot) -> Result<(), Problem> {
        if self.rights.is_open() {
            return Ok(());
        }
        let Some(agent) = composed.agent() else { return Ok(()) };
        if let Some(model) = agent.models.first() {
            self.may(asker, self.model_right(model)).await?;
        }
        for tool in &agent.tools {
            self.may_call(asker, tool).await?;
        }
        if agent.tools.iter().any(|tool| tool.kind == ToolKind::Delegate) {
            self.may(asker, any_model()).await?;
        }
        Ok(())
    }

    /// Whether `asker` may call a tool without an agent that has it.
    pub async fn may_call(&self, asker: &Asker, tool: &ToolSnapshot) -> Result<(), Problem> {
        // What the caller runs itself is no right of anyone.
        if tool.kind == ToolKind::Client {
            return Ok(());
        }
        let view = self.catalog.view();
        let name = view.find(Kind::Tool, &tool.id).map_or(tool.id.as_str(), |entry| &entry.name);
        self.may(asker, Access::invoke(Kind::Tool.plural(), name)).await
    }

    fn model_right(&self, model: &ModelSnapshot) -> Access {
        let view = self.catalog.view();
        let own = view.find(Kind::Model, &model.name);
        let serving = own.and_then(|entry| view.resolve_model(&entry.name).ok());
        let as_registered = |registered: &ModelSnapshot| {
            registered.base_url == model.base_url
                && registered.model == model.model
                && !matches!(model.api_key, Some(SecretRef::Inline(_)))
        };
        match (own, serving.and_then(|models| models.first().cloned())) {
            (Some(entry), Some(registered)) if as_registered(&registered) => {
                Access::invoke(Kind::Model.plural(), entry.name.as_ref())
            }
            _ => any_model(),
        }
    }
}

/// `create models/invoke` on every model, and on those that requests bring.
fn any_model() -> Access {
    Access { name: None, ..Access::invoke(Kind::Model.plural(), String::new()) }
}
