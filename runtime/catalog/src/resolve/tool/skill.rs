//! Skills, and files of the workspace that tools are made of.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use cap_std::ambient_authority;
use cap_std::fs::{Dir, OpenOptions, OpenOptionsExt};
use serde::Deserialize;
use troupe_core::tool::{SkillTool, ToolKind, ToolSnapshot};
use troupe_crds::reference::ConfigMapKeyReference;
use troupe_crds::tool as crd;

use super::{ResolveError, of_kind};
use crate::cluster::{ConfigMaps, Values};
use crate::view::View;

/// The file that says what a skill is.
const SKILL_FILE: &str = "SKILL.md";

/// The most that is read of a file, in bytes: code and instructions are smaller.
const MOST: u64 = 4 * 1_024 * 1_024;

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
            let place = Place::of(view);
            let folder = within(name, path.as_deref().unwrap_or_default(), &place)?;
            pinned.directory = Some(folder.display().to_string());
            place.read(name, &folder.join(SKILL_FILE))?
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
pub(super) fn read(tool: &str, path: &str, view: &View) -> Result<String, ResolveError> {
    let place = Place::of(view);
    place.read(tool, &within(tool, path, &place)?)
}

/// Where paths of manifests begin.
struct Place<'view> {
    workspace: Option<&'view Path>,
    /// No path leads out of the workspace.
    confined: bool,
}

impl<'view> Place<'view> {
    fn of(view: &'view View) -> Self {
        Self { workspace: view.workspace.as_deref(), confined: view.namespace.is_some() }
    }

    /// The text of a file. In the workspace of a cluster it is opened through a handle of that, step by step: no link of
    /// a command leads out, not even one that appears in between.
    fn read(&self, tool: &str, path: &Path) -> Result<String, ResolveError> {
        let cannot = |error: io::Error| file(tool, &path.display().to_string(), &format!("cannot be read: {error}"));
        let Some(root) = self.workspace.filter(|_| self.confined) else {
            return fs::read_to_string(path).map_err(cannot);
        };
        let out = || file(tool, &path.display().to_string(), "leads out of the workspace");
        let root = root.canonicalize().map_err(cannot)?;
        let inside = path.strip_prefix(&root).map_err(|_| out())?;
        match read_inside(&root, inside) {
            // What cap-std answers to a link that leads out.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Err(out()),
            read => read.map_err(cannot),
        }
    }
}

/// Where a path of a manifest leads. Who may write a folder of manifests may read this machine's files anyway; who may
/// write a Tool of a namespace must not read the pod's, its token among them.
fn within(tool: &str, path: &str, place: &Place<'_>) -> Result<PathBuf, ResolveError> {
    let joined = place.workspace.map_or_else(|| PathBuf::from(path), |workspace| workspace.join(path));
    if !place.confined {
        return Ok(joined);
    }
    let real = |path: &Path| {
        path.canonicalize()
            .map_err(|error| file(tool, &path.display().to_string(), &format!("cannot be read: {error}")))
    };
    let root = place.workspace.ok_or_else(|| file(tool, path, "needs a workspace: set Runtime.spec.workspace"))?;
    let (root, target) = (real(root)?, real(&joined)?);
    if target.starts_with(&root) { Ok(target) } else { Err(file(tool, path, "leads out of the workspace")) }
}

fn read_inside(root: &Path, inside: &Path) -> io::Result<String> {
    let mut options = OpenOptions::new();
    // A pipe would block for ever; opening it without waiting is all that is done with it.
    options.read(true).custom_flags(libc::O_NONBLOCK);
    let file = Dir::open_ambient_dir(root, ambient_authority())?.open_with(inside, &options)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file"));
    }
    let mut text = String::new();
    file.take(MOST).read_to_string(&mut text)?;
    Ok(text)
}

fn file(tool: &str, path: &str, message: &str) -> ResolveError {
    ResolveError::File { tool: tool.to_owned(), path: path.to_owned(), message: message.to_owned() }
}

/// The front matter and the text below it.
fn split(text: &str) -> Option<(FrontMatter, &str)> {
    let rest = text.trim_start_matches('\u{feff}').strip_prefix("---")?;
    let (front, body) = rest.split_once("\n---")?;
    let body = body.split_once('\n').map_or("", |(_, body)| body);
    let front = serde_yaml::from_str(front).ok().or_else(|| plain(front))?;
    Some((front, body.trim_start_matches('\n')))
}

/// Front matter that is no YAML, as in `description: Use when: asked`, read line by line (S1-101).
fn plain(front: &str) -> Option<FrontMatter> {
    let field = |name: &str| {
        let mut values = front.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        values.next().map(|value| value.trim().to_owned())
    };
    let description = field("description").filter(|description| !description.is_empty())?;
    Some(FrontMatter { name: field("name"), description: Some(description) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_a_cluster_no_path_leads_out_of_the_workspace() {
        let folder = tempfile::tempdir().unwrap();
        let (inside, outside) = (folder.path().join("work"), folder.path().join("secret"));
        std::fs::create_dir(&inside).unwrap();
        std::fs::write(&outside, "token").unwrap();
        std::fs::write(inside.join("tool.py"), "code").unwrap();
        std::os::unix::fs::symlink(&outside, inside.join("link")).unwrap();
        let confined = Place { workspace: Some(&inside), confined: true };
        assert!(within("t", "tool.py", &confined).is_ok());
        for path in ["../secret", "link", outside.to_str().unwrap()] {
            let error = within("t", path, &confined).unwrap_err().to_string();
            assert!(error.contains("leads out of the workspace"), "{path}: {error}");
            assert!(within("t", path, &Place { confined: false, ..confined }).is_ok(), "{path}");
        }
        assert!(within("t", "tool.py", &Place { workspace: None, confined: true }).is_err());
        let root = inside.canonicalize().unwrap();
        assert_eq!(confined.read("t", &root.join("tool.py")).unwrap(), "code");
        for path in ["link", "../secret"] {
            let error = confined.read("t", &root.join(path)).unwrap_err().to_string();
            assert!(error.contains("leads out of the workspace"), "{path}: {error}");
        }
        std::os::unix::fs::symlink("/dev/zero", root.join("device")).unwrap();
        std::fs::create_dir(root.join("folder")).unwrap();
        assert!(confined.read("t", &root.join("device")).is_err() && confined.read("t", &root.join("folder")).is_err());
    }

    #[test]
    fn front_matter_is_split_off() {
        let (front, body) = split("---\nname: pdf\ndescription: Reads PDFs.\n---\n\n# Steps\n---\nEnd\n").unwrap();
        assert_eq!((front.name.as_deref(), front.description.as_deref()), (Some("pdf"), Some("Reads PDFs.")));
        assert_eq!(body, "# Steps\n---\nEnd\n");
        assert!(split("# No front matter\n").is_none());
        let (front, _) = split("---\nname: pdf\ndescription: Use when: asked\n---\nx").unwrap();
        assert_eq!((front.name.as_deref(), front.description.as_deref()), (Some("pdf"), Some("Use when: asked")));
    }
}
