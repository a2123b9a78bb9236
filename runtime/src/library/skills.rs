//! Skills of a program (S1-107, S1-108): loaded from folders, read, and their fixed steps run.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};
use troupe_core::tool::ToolKind;
use troupe_tools::skill;

use super::{Refused, Troupe};
use crate::service::resolve::sentence;
use crate::service::rights::Asker;
use crate::service::tools::SkillInput;

/// The skills.
#[derive(Clone, Copy)]
pub struct Skills<'a>(pub(super) &'a Troupe);

impl Skills<'_> {
    /// Registers the skill in a folder, in place of one with its name; its id.
    ///
    /// ```no_run
    /// # async fn example(troupe: troupe_runtime::library::Troupe) -> anyhow::Result<()> {
    /// let id = troupe.skills().load_skill("/srv/skills/release-notes").await?;
    /// println!("{}", troupe.skills().get_skill_body(&id).await?);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the folder has no SKILL.md, or that lacks name or description.
    pub async fn load_skill(&self, directory: impl AsRef<Path>) -> Result<String, Refused> {
        let input = SkillInput { skill_dir: Some(directory.as_ref().display().to_string()) };
        Ok(self.0.app().register_skill(&Asker::nobody(), input).await?)
    }

    /// Registers every skill among the folders in `base`; for each folder with a SKILL.md its skill's id, or why not.
    ///
    /// # Errors
    /// When `base` cannot be read.
    pub async fn load_skills_dir(
        &self,
        base: impl AsRef<Path>,
    ) -> Result<Vec<(PathBuf, Result<String, Refused>)>, Refused> {
        let base = base.as_ref().to_owned();
        let found = tokio::task::spawn_blocking(move || skill::load_all(&base)).await;
        let found = found.map_err(|error| Refused(error.to_string()))?.map_err(|error| Refused(sentence(&error)))?;
        let mut loaded = Vec::with_capacity(found.len());
        for (folder, _) in found {
            let outcome = self.load_skill(&folder).await;
            loaded.push((folder, outcome));
        }
        Ok(loaded)
    }

    /// The text of a skill below its front matter, as its file is now.
    ///
    /// # Errors
    /// When there is no such skill, or its file cannot be read.
    pub async fn get_skill_body(&self, id: &str) -> Result<String, Refused> {
        let app = self.0.app();
        let tool = app.catalog.view().resolve_tool(id, app.mcp.as_ref()).await;
        let tool = tool.map_err(|error| Refused(sentence(&error)))?;
        let ToolKind::Skill(skill) = &tool.kind else { return Err(Refused(format!("{id:?} is not a skill"))) };
        match (&skill.body, skill.directory.clone()) {
            (Some(body), _) => Ok(body.clone()),
            (None, Some(folder)) => {
                let read = tokio::task::spawn_blocking(move || skill::load(Path::new(&folder))).await;
                let read = read.map_err(|error| Refused(error.to_string()))?;
                Ok(read.map_err(|error| Refused(sentence(&error)))?.body)
            }
            (None, None) => Err(Refused(format!("{id:?} has no text"))),
        }
    }

    /// The folder of a skill; `None` for one whose files a manifest holds, and for what is no skill.
    pub async fn get_skill_dir(&self, id: &str) -> Option<PathBuf> {
        self.0.tools().get(id).await?.skill_dir.map(PathBuf::from)
    }

    /// Whether a tool is a skill.
    pub async fn is_skill(&self, id: &str) -> bool {
        self.0.tools().get(id).await.is_some_and(|tool| tool.tool_type == "skill")
    }

    /// Runs a skill's fixed steps, each with the result of the one before as `{{prev_result}}`; the last one's result.
    ///
    /// # Errors
    /// When there is no such skill, it has no steps, or one of them fails; the sentence names the step.
    pub async fn execute_skill(&self, id: &str, arguments: Map<String, Value>) -> Result<String, Refused> {
        Ok(self.0.app().execute_skill(id, arguments).await?)
    }
}
