//! Skills, and files of the workspace that tools are made of.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use troupe_core::tool::{SkillTool, ToolKind, ToolSnapshot};
use troupe_crds::reference::ConfigMapKeyReference;
use troupe_crds::tool as crd;

use super::{ResolveError, of_kind};
use crate::cluster::{ConfigMaps, Values};
use crate::view::View;

/// The file that says what a skill is.
const SKILL_FILE: &str = "SKILL.md";

/// What stands between the two `---` lines at the head of SKILL.md.
#[derive(Debug, Default, Deserialize)]
struct FrontMatter {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    description: Option<String>,
}

/// What is pinned of a skill.
pub(super) fn snapshot(name: &str, skill: &crd::SkillTool, view: &View) -> Result<ToolSnapshot, ResolveError> {
    let mut pinned = SkillTool {
        name: name.to_owned(),
        body: None,
        directory: None,
        files: std::collections::BTreeMap::new(),
        steps: skill.steps.iter().map(|step| serde_json::to_value(step).unwrap_or_default()).collect(),
    };
    let source = &skill.source;
    let text = match (&source.inline, &source.config_map_ref, &source.path) {
        (Some(inline), _, _) => {
            pinned.files.clone_from(&inline.files);
            inline
                .files
                .get(SKILL_FILE)
                .cloned()
                .ok_or_else(|| file(name, SKILL_FILE, "is missing from inline.files"))?
        }
        (None, Some(reference), _) => {
            let values = config_map(name, &reference.name, &view.config_maps)?;
            let texts =
                values.iter().filter_map(|(key, text)| Some((key.as_ref().to_owned(), text.as_deref()?.to_owned())));
            pinned.files = texts.collect();
            let missing = || file(name, SKILL_FILE, &format!("is no key of ConfigMap {:?}", reference.name));
            pinned.files.get(SKILL_FILE).cloned().ok_or_else(missing)?
        }
        (None, None, path) => {
            let folder = within(view.workspace.as_deref(), path.as_deref().unwrap_or_default());
            pinned.directory = Some(folder.display().to_string());
            read_file(name, &folder.join(SKILL_FILE))?
        }
    };
    let (front, body) = split(&text).ok_or_else(|| {
        file(name, SKILL_FILE, "must begin with a front matter between two --- lines, with name and description")
    })?;
    if let Some(name) = front.name {
        pinned.name = name;
    }
    // The text of a folder's skill is read when the skill is opened, so that an edit counts at once.
    pinned.body = pinned.directory.is_none().then(|| body.to_owned());
    let mut tool = of_kind(ToolKind::Skill(pinned), None);
    tool.spec.description = front.description.unwrap_or_default();
    (tool.read_only, tool.idempotent) = (true, true);
    Ok(tool)
}

/// The text of a key of a ConfigMap.
pub(super) fn config_map_key(
    tool: &str,
    reference: &ConfigMapKeyReference,
    config_maps: &ConfigMaps,
) -> Result<String, ResolveError> {
    let values = config_map(tool, &reference.name, config_maps)?;
    let text = values.get(reference.key.as_str()).and_then(Option::as_deref).map(str::to_owned);
    let missing = || format!("of ConfigMap {:?} is not there, or holds no text: write it", reference.name);
    text.ok_or_else(|| file(tool, &reference.key, &missing()))
}

fn config_map<'maps>(tool: &str, name: &str, config_maps: &'maps ConfigMaps) -> Result<&'maps Values, ResolveError> {
    let missing = || file(tool, &format!("ConfigMap {name:?}"), "cannot be read: see the condition SecretsResolved");
    config_maps.get(name).map(|values| &**values).ok_or_else(missing)
}

/// The text of a file of the workspace.
pub(super) fn read(tool: &str, path: &str, workspace: Option<&Path>) -> Result<String, ResolveError> {
    read_file(tool, &within(workspace, path))
}

fn within(workspace: Option<&Path>, path: &str) -> PathBuf {
    workspace.map_or_else(|| PathBuf::from(path), |workspace| workspace.join(path))
}

fn read_file(tool: &str, path: &Path) -> Result<String, ResolveError> {
    fs::read_to_string(path)
        .map_err(|error| file(tool, &path.display().to_string(), &format!("cannot be read: {error}")))
}

fn file(tool: &str, path: &str, message: &str) -> ResolveError {
    ResolveError::File { tool: tool.to_owned(), path: path.to_owned(), message: message.to_owned() }
}

/// The front matter and the text below it.
fn split(text: &str) -> Option<(FrontMatter, &str)> {
    let rest = text.trim_start_matches('\u{feff}').strip_prefix("---")?;
    let (front, body) = rest.split_once("\n---")?;
    let body = body.split_once('\n').map_or("", |(_, body)| body);
    Some((serde_yaml::from_str(front).ok()?, body.trim_start_matches('\n')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn front_matter_is_split_off() {
        let (front, body) = split("---\nname: pdf\ndescription: Reads PDFs.\n---\n\n# Steps\n---\nEnd\n").unwrap();
        assert_eq!((front.name.as_deref(), front.description.as_deref()), (Some("pdf"), Some("Reads PDFs.")));
        assert_eq!(body, "# Steps\n---\nEnd\n");
        assert!(split("# No front matter\n").is_none());
    }
}
