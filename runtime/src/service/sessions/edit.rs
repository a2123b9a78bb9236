//! Sessions as a person keeps them: made before anything is said, named, pinned, put away, with a folder of their own.

use serde::Deserialize;
use serde_json::{Map, Value, json};
use troupe_store::{NewSession, SessionEdit, SessionRow};
use uuid::Uuid;

use crate::app::App;
use crate::http::error::Problem;
use crate::http::extract::nullable;
use crate::service::manifest::{check_id, wrong};
use crate::service::rights::Asker;

/// The longest title, in characters: what a list can show.
const MOST_TITLE: usize = 200;

/// The most tools that are noted.
const MOST_TOOLS: usize = 500;

/// A session to be made.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SessionInput {
    /// Its title, at most 200 characters; without one it is made of what is said first.
    #[serde(default)]
    pub title: Option<String>,
    /// The agent that it is meant for. Noted: each request says whom it asks.
    #[serde(default)]
    pub agent_id: Option<String>,
    /// The model that it is meant for. Noted, as the agent is.
    #[serde(default)]
    pub model_id: Option<String>,
    /// The tools that it is meant for. Noted, as the agent is.
    #[serde(default)]
    pub tool_ids: Option<Vec<String>>,
    /// The folder that its runs work in where they name none.
    #[serde(default)]
    pub workspace: Option<String>,
}

/// What becomes of a session; what is left out stays as it is.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SessionPatch {
    /// Its title, at most 200 characters.
    #[serde(default)]
    pub title: Option<String>,
    /// Whether it is at the top of the list.
    #[serde(default)]
    pub pinned: Option<bool>,
    /// Whether it is put away.
    #[serde(default)]
    pub archived: Option<bool>,
    /// The folder that its runs work in where they name none; null = the default again.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    pub workspace: Option<Option<String>>,
}

impl App {
    /// Makes a session without turns.
    pub async fn create_session(&self, asker: &Asker, input: SessionInput) -> Result<SessionRow, Problem> {
        let title = input.title.as_deref().map(check_title).transpose()?.unwrap_or_default();
        let workspace = self.chosen_folder(asker, input.workspace.as_deref())?;
        let new = NewSession {
            id: Uuid::now_v7().to_string(),
            owner: asker.user().to_owned(),
            title,
            meta: noted(&input)?,
            workspace,
            at: self.clock.now(),
        };
        let id = new.id.clone();
        self.store.create_session(new).await?;
        self.session(asker, &id, "get").await
    }

    /// Changes a session of one's own, or by the right to go on with it.
    pub async fn edit_session(&self, asker: &Asker, id: &str, patch: SessionPatch) -> Result<SessionRow, Problem> {
        let row = self.session(asker, id, "update").await?;
        if patch.workspace.is_some() && row.owner != asker.user() {
            return Err(Problem::forbidden("workspace is its owner's to choose: leave it out"));
        }
        let title = patch.title.as_deref().map(check_title).transpose()?;
        let workspace = match patch.workspace {
            Some(folder) => Some(self.chosen_folder(asker, folder.as_deref())?),
            None => None,
        };
        let edit = SessionEdit { title, pinned: patch.pinned, archived: patch.archived, workspace };
        Ok(self.store.edit_session(id, edit).await?)
    }

    /// A folder that `asker` may work in, as it is kept; none for an empty text.
    fn chosen_folder(&self, asker: &Asker, folder: Option<&str>) -> Result<Option<String>, Problem> {
        let Some(folder) = folder.filter(|folder| !folder.is_empty()) else { return Ok(None) };
        let folder = self.workspace_for(asker, Some(folder))?;
        Ok(folder.map(|folder| folder.to_string_lossy().into_owned()))
    }
}

/// A title without spaces around it.
fn check_title(title: &str) -> Result<String, Problem> {
    let title = title.trim();
    if title.is_empty() {
        return Err(wrong("title", "it is empty; leave it out for a title made of what is said first"));
    }
    if title.chars().count() > MOST_TITLE {
        return Err(wrong("title", format!("it is longer than {MOST_TITLE} characters")));
    }
    if title.chars().any(char::is_control) {
        return Err(wrong("title", "it holds control characters; write it in one line"));
    }
    Ok(title.to_owned())
}

/// What is said of a session until its first run.
fn noted(input: &SessionInput) -> Result<Map<String, Value>, Problem> {
    let mut meta = Map::new();
    for (field, id) in [("model_id", &input.model_id), ("agent_id", &input.agent_id)] {
        if let Some(id) = id.as_deref().filter(|id| !id.is_empty()) {
            check_id(field, id)?;
            meta.insert(field.to_owned(), id.into());
        }
    }
    if let Some(ids) = &input.tool_ids {
        if ids.len() > MOST_TOOLS {
            return Err(wrong("tool_ids", format!("they are more than {MOST_TOOLS}")));
        }
        for (index, id) in ids.iter().enumerate() {
            check_id(&format!("tool_ids[{index}]"), id)?;
        }
        meta.insert("tool_ids".to_owned(), json!(ids));
    }
    Ok(meta)
}
