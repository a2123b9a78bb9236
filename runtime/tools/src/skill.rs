//! Skills: reading SKILL.md, and telling a model its instructions (S1-101 to S1-107).
//!
//! A folder of the workspace is opened through a handle of the workspace (cap-std), step by step: commands that agents run
//! write there, and no link of theirs leads out, not even one that appears in between.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use cap_std::ambient_authority;
use cap_std::fs::{Dir, OpenOptions, OpenOptionsExt};
use serde_json::json;
use troupe_core::id::ContentHash;
use troupe_core::tool::{SkillTool, ToolResult};

/// The file that makes a folder a skill.
const FILE: &str = "SKILL.md";
/// The largest SKILL.md: instructions that fill a context window instruct nobody.
const MOST: u64 = 1024 * 1024;

/// A skill as its folder holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skill {
    /// Its name, from the front matter.
    pub name: String,
    /// What it is for, from the front matter: all that a model sees before it opens the skill.
    pub description: String,
    /// The instructions: the text below the front matter.
    pub body: String,
    /// The absolute path of its folder.
    pub directory: PathBuf,
}

/// A folder with a SKILL.md, and what came of reading it.
pub type Loaded = (PathBuf, Result<Skill, SkillError>);

/// Why a skill cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SkillError {
    /// No such folder.
    #[error("there is no folder {0:?}")]
    NoFolder(PathBuf),
    /// The folder holds no SKILL.md.
    #[error("the folder {0:?} has no SKILL.md")]
    NoFile(PathBuf),
    /// SKILL.md begins with no front matter, or it does not end.
    #[error("SKILL.md must begin with front matter between two lines `---`")]
    NoFrontMatter,
    /// The front matter is no YAML map.
    #[error("the front matter of SKILL.md cannot be read: {0}")]
    Malformed(String),
    /// The front matter lacks a field.
    #[error("the front matter of SKILL.md must give `{0}`")]
    Missing(&'static str),
    /// A file of an inline skill leads out of its folder.
    #[error("the skill's file {0:?} must be a relative path within its folder")]
    Outside(String),
    /// The folder is not in the workspace, or a link leads out of it.
    #[error("the skill's folder {0:?} leads out of the workspace: put the skill into it")]
    Away(PathBuf),
    /// The disk said no.
    #[error("cannot {action} {path:?}: {source}")]
    Io {
        /// What was being done.
        action: &'static str,
        /// To what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> SkillError {
    let path = path.to_owned();
    move |source| SkillError::Io { action, path, source }
}

/// Reads the skill in a folder (S1-102, S1-107).
pub fn load(directory: &Path) -> Result<Skill, SkillError> {
    let directory = directory.canonicalize().map_err(|_| SkillError::NoFolder(directory.to_owned()))?;
    if !directory.is_dir() {
        return Err(SkillError::NoFolder(directory));
    }
    let file = directory.join(FILE);
    let length = file.metadata().map_err(|_| SkillError::NoFile(directory.clone()))?.len();
    if length > MOST {
        return Err(too_large());
    }
    let text = std::fs::read_to_string(&file).map_err(io("read", &file))?;
    let (name, description, body) = parse(&text)?;
    Ok(Skill { name, description, body, directory })
}

/// Reads the skill in a folder below `root`, and nothing that is elsewhere.
///
/// # Errors
/// [`SkillError::Away`] where the folder is not in `root`, or a link of it leads out; else as [`load`].
pub fn load_inside(root: &Path, directory: &Path) -> Result<Skill, SkillError> {
    let real = root.canonicalize().map_err(|_| SkillError::NoFolder(root.to_owned()))?;
    let away = || SkillError::Away(directory.to_owned());
    let inside = directory.strip_prefix(root).or_else(|_| directory.strip_prefix(&real)).map_err(|_| away())?;
    let refused = |error: io::Error, missing: SkillError| match error.kind() {
        // What cap-std answers to a link that leads out.
        io::ErrorKind::PermissionDenied => away(),
        _ => missing,
    };
    let opened = Dir::open_ambient_dir(&real, ambient_authority()).map_err(io("open", &real))?;
    let within = if inside.as_os_str().is_empty() { Path::new(".") } else { inside };
    let folder = opened.open_dir(within).map_err(|error| refused(error, SkillError::NoFolder(directory.to_owned())))?;
    let mut options = OpenOptions::new();
    // A pipe would block for ever; opening it without waiting is all that is done with it.
    options.read(true).custom_flags(libc::O_NONBLOCK);
    let no_file = || SkillError::NoFile(directory.to_owned());
    let mut file = folder.open_with(FILE, &options).map_err(|error| refused(error, no_file()))?;
    let data = file.metadata().map_err(io("read", &directory.join(FILE)))?;
    if !data.is_file() {
        return Err(no_file());
    }
    if data.len() > MOST {
        return Err(too_large());
    }
    let mut text = String::new();
    file.by_ref().take(MOST).read_to_string(&mut text).map_err(io("read", &directory.join(FILE)))?;
    let (name, description, body) = parse(&text)?;
    Ok(Skill { name, description, body, directory: real.join(inside) })
}

fn too_large() -> SkillError {
    SkillError::Malformed(format!("the file is larger than {MOST} bytes"))
}

/// Reads every skill among the folders in `base`, by the folders' names, each with its own outcome (S1-107). Folders
/// without a SKILL.md are no skills.
pub fn load_all(base: &Path) -> Result<Vec<Loaded>, SkillError> {
    let entries = std::fs::read_dir(base).map_err(|_| SkillError::NoFolder(base.to_owned()))?;
    let mut folders: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    folders.retain(|path| path.join(FILE).is_file());
    folders.sort();
    Ok(folders.into_iter().map(|path| (path.clone(), load(&path))).collect())
}

/// The name, description and instructions of a SKILL.md.
pub fn parse(text: &str) -> Result<(String, String, String), SkillError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let (matter, body) = split(text).ok_or(SkillError::NoFrontMatter)?;
    let fields = match serde_yaml::from_str::<BTreeMap<String, serde_yaml::Value>>(matter) {
        Ok(fields) => fields.into_iter().filter_map(|(name, value)| Some((name, scalar(&value)?))).collect(),
        Err(error) => lenient(matter).ok_or_else(|| SkillError::Malformed(error.to_string()))?,
    };
    let field = |name: &'static str| {
        let value = fields.get(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        value.ok_or(SkillError::Missing(name))
    };
    Ok((field("name")?, field("description")?, body.trim().to_owned()))
}

/// The text between the two lines `---`, and what follows.
fn split(text: &str) -> Option<(&str, &str)> {
    let (first, rest) = text.split_once('\n')?;
    if first.trim_end() != "---" {
        return None;
    }
    let mut start = 0;
    for line in rest.split_inclusive('\n') {
        if line.trim_end() == "---" {
            return Some((&rest[..start], &rest[start + line.len()..]));
        }
        start += line.len();
    }
    None
}

/// Names and descriptions are words; a version like `1.0` is also one.
fn scalar(value: &serde_yaml::Value) -> Option<String> {
    match value {
        serde_yaml::Value::String(text) => Some(text.clone()),
        serde_yaml::Value::Number(number) => Some(number.to_string()),
        serde_yaml::Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

/// What S1 reads though it is no YAML, as in `description: Use when: always`: `key: value` lines, each with the indented
/// lines that continue it. `None` if it is not that either.
fn lenient(matter: &str) -> Option<BTreeMap<String, String>> {
    let mut fields: Vec<(String, String)> = Vec::new();
    for line in matter.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
        if line.starts_with([' ', '\t']) {
            let (_, value) = fields.last_mut()?;
            value.push(' ');
            value.push_str(line.trim());
        } else {
            let (name, value) = line.split_once(':')?;
            let value = value.trim();
            let quoted = value.len() > 1 && (value.starts_with('"') && value.ends_with('"'));
            fields.push((name.trim().to_owned(), if quoted { &value[1..value.len() - 1] } else { value }.to_owned()));
        }
    }
    Some(fields.into_iter().collect())
}

/// The folder in which the files of an inline skill are laid out: named by their content, so that every run of the same
/// skill shares it and a changed skill gets another. `None` for a skill without files.
pub fn folder_of(base: &Path, files: &BTreeMap<String, String>) -> Option<PathBuf> {
    if files.is_empty() {
        return None;
    }
    // Lengths before contents: no two different sets of files give the same text.
    let mut text = String::new();
    for (path, content) in files {
        let _ = write!(text, "{}:{path}{}:{content}", path.len(), content.len());
    }
    Some(base.join(ContentHash::of(text.as_bytes()).0))
}

/// Where skills lie.
#[derive(Clone, Debug, Default)]
pub struct SkillPlaces {
    /// Where the files of inline skills are laid out.
    pub inline: PathBuf,
    /// The workspace: what lies in it is read without leaving it.
    pub workspace: Option<PathBuf>,
    /// Whether folders of skills lie in the workspace and nowhere else.
    pub confined: bool,
}

impl SkillPlaces {
    fn load(&self, directory: &Path) -> Result<Skill, SkillError> {
        match &self.workspace {
            Some(root) if self.confined || directory.starts_with(root) => load_inside(root, directory),
            None if self.confined => Err(SkillError::Away(directory.to_owned())),
            _ => load(directory),
        }
    }
}

/// Opens a skill: its instructions, then one line with its working directory.
pub(crate) async fn call(places: SkillPlaces, skill: SkillTool) -> ToolResult {
    let opened = tokio::task::spawn_blocking(move || open(&places, &skill)).await;
    match opened {
        Ok(Ok(result)) => result,
        Ok(Err(error)) => ToolResult::error(error),
        Err(_) => ToolResult::error("the skill could not be opened"),
    }
}

fn open(places: &SkillPlaces, skill: &SkillTool) -> Result<ToolResult, SkillError> {
    let base = &places.inline;
    let directory = match folder_of(base, &skill.files) {
        Some(folder) => Some(lay_out(base, &folder, &skill.files)?),
        None => skill.directory.as_ref().map(PathBuf::from),
    };
    let body = match (&skill.body, &directory) {
        (Some(body), _) => body.clone(),
        (None, Some(directory)) => places.load(directory)?.body,
        (None, None) => return Err(SkillError::NoFile(PathBuf::from(&skill.name))),
    };
    let mut text = body;
    if let Some(directory) = &directory {
        let _ = write!(text, "\n\nWorking directory: {}", directory.display());
    }
    let structured = directory.map(|directory| json!({"directory": directory}));
    Ok(ToolResult { structured, ..ToolResult::text(text) })
}

/// Writes the files beside their place and moves the folder there as a whole, so that it is complete or not there.
fn lay_out(base: &Path, folder: &Path, files: &BTreeMap<String, String>) -> Result<PathBuf, SkillError> {
    if let Some(path) = files.keys().find(|path| !is_inside(path)) {
        return Err(SkillError::Outside(path.clone()));
    }
    if folder.is_dir() {
        return Ok(folder.to_owned());
    }
    std::fs::create_dir_all(base).map_err(io("make", base))?;
    let beside = tempfile::Builder::new().prefix(".new-").tempdir_in(base).map_err(io("make a folder in", base))?;
    for (name, content) in files {
        let path = beside.path().join(name);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(io("make", parent))?;
        }
        std::fs::write(&path, content).map_err(io("write", &path))?;
        if content.starts_with("#!") {
            executable(&path)?;
        }
    }
    match std::fs::rename(beside.path(), folder) {
        // Another run laid out the same files at the same moment.
        Err(_) if folder.is_dir() => {}
        moved => moved.map_err(io("make", folder))?,
    }
    // The folder has moved away; there is nothing left to remove.
    let _ = beside.keep();
    Ok(folder.to_owned())
}

/// A script that names its interpreter is meant to be run.
fn executable(path: &Path) -> Result<(), SkillError> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).map_err(io("make executable", path))
}

fn is_inside(path: &str) -> bool {
    !path.is_empty() && Path::new(path).components().all(|part| matches!(part, Component::Normal(_)))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn inline(base: &Path) -> SkillPlaces {
        SkillPlaces { inline: base.to_owned(), ..SkillPlaces::default() }
    }

    #[test]
    fn no_link_of_a_skill_in_the_workspace_leads_out() {
        let base = tempfile::tempdir().unwrap();
        let root = base.path().join("workspace");
        let text = "---\nname: s\ndescription: d\n---\nhidden";
        for folder in ["workspace/good", "workspace/linked", "elsewhere"] {
            fs::create_dir_all(base.path().join(folder)).unwrap();
        }
        fs::write(root.join("good/SKILL.md"), text).unwrap();
        fs::write(base.path().join("elsewhere/SKILL.md"), text).unwrap();
        std::os::unix::fs::symlink("../../elsewhere/SKILL.md", root.join("linked/SKILL.md")).unwrap();
        std::os::unix::fs::symlink("../elsewhere", root.join("out")).unwrap();
        std::os::unix::fs::symlink("good", root.join("alias")).unwrap();
        let open = |confined: bool, directory: &Path| {
            let directory = Some(directory.display().to_string());
            let skill =
                SkillTool { name: "s".into(), body: None, directory, files: BTreeMap::new(), steps: Vec::new() };
            let workspace = Some(root.clone());
            super::open(&SkillPlaces { workspace, confined, ..inline(base.path()) }, &skill)
        };
        for confined in [true, false] {
            for inside in ["good", "alias"] {
                assert!(open(confined, &root.join(inside)).unwrap().content.starts_with("hidden"), "{inside}");
            }
            for out in ["linked", "out", "../elsewhere"] {
                let error = open(confined, &root.join(out)).unwrap_err();
                assert!(matches!(error, SkillError::Away(_)), "{out}: {error}");
            }
        }
        let elsewhere = base.path().join("elsewhere");
        assert!(open(false, &elsewhere).is_ok(), "folders elsewhere are their owner's matter");
        assert!(matches!(open(true, &elsewhere), Err(SkillError::Away(_))));
    }

    #[test]
    fn front_matter_is_yaml_with_continuation_lines() {
        let text = "---\nname: pdf\ndescription: Reads PDF files\n  and fills forms.\nlicense: MIT\n---\n\n# How\n\n---\nrest\n";
        let expected =
            ("pdf".to_owned(), "Reads PDF files and fills forms.".to_owned(), "# How\n\n---\nrest".to_owned());
        assert_eq!(parse(text).unwrap(), expected);
        let folded = "---\r\nname: a\r\ndescription: >\r\n  one\r\n  two\r\n---\r\nbody";
        assert_eq!(parse(folded).unwrap().1, "one two");
    }

    #[test]
    fn what_is_no_yaml_but_plain_lines_is_read_too() {
        let text = "---\nname: a\ndescription: Use when: someone asks\n  for more: always\n---\nbody";
        assert_eq!(parse(text).unwrap().1, "Use when: someone asks for more: always");
    }

    #[test]
    fn what_is_missing_is_named() {
        let message = |text: &str| parse(text).unwrap_err().to_string();
        assert_eq!(message("---\nname: a\n---\nx"), "the front matter of SKILL.md must give `description`");
        assert_eq!(message("---\ndescription: a\n---\nx"), "the front matter of SKILL.md must give `name`");
        assert!(message("# no front matter").contains("---"));
        assert!(message("---\nname: a\n").contains("---"));
    }

    #[test]
    fn folders_with_a_skill_are_loaded_and_the_others_passed_over() {
        let base = tempfile::tempdir().unwrap();
        for (folder, text) in [("b", "---\nname: b\ndescription: B\n---\nDo b."), ("a", "broken")] {
            fs::create_dir(base.path().join(folder)).unwrap();
            fs::write(base.path().join(folder).join(FILE), text).unwrap();
        }
        fs::create_dir(base.path().join("none")).unwrap();
        let loaded = load_all(base.path()).unwrap();
        assert!(loaded.len() == 2 && loaded[0].1.is_err());
        assert_eq!(loaded[1].1.as_ref().unwrap().body, "Do b.");
        assert!(matches!(load(&base.path().join("none")), Err(SkillError::NoFile(_))));
        assert!(matches!(load(&base.path().join("gone")), Err(SkillError::NoFolder(_))));
    }

    #[test]
    fn inline_files_are_laid_out_once_by_their_content() {
        let base = tempfile::tempdir().unwrap();
        let files = BTreeMap::from([
            ("SKILL.md".to_owned(), "---\nname: s\ndescription: d\n---\nRun scripts/go.sh".to_owned()),
            ("scripts/go.sh".to_owned(), "#!/bin/sh\necho went".to_owned()),
        ]);
        let skill = SkillTool { name: "s".into(), body: None, directory: None, files, steps: Vec::new() };
        let folder = folder_of(base.path(), &skill.files).unwrap();
        for _ in 0..2 {
            let result = open(&inline(base.path()), &skill).unwrap();
            assert_eq!(result.content, format!("Run scripts/go.sh\n\nWorking directory: {}", folder.display()));
            assert_eq!(result.structured, Some(json!({"directory": folder})));
        }
        assert_eq!(fs::read_dir(base.path()).unwrap().count(), 1);
        assert!(folder.join("scripts/go.sh").is_file());
    }

    #[test]
    fn an_inline_file_cannot_leave_the_folder() {
        let base = tempfile::tempdir().unwrap();
        for path in ["../x", "/x", "a/../../x", ""] {
            let files = BTreeMap::from([(path.to_owned(), "x".to_owned())]);
            let skill =
                SkillTool { name: "s".into(), body: Some("b".into()), directory: None, files, steps: Vec::new() };
            assert!(matches!(open(&inline(base.path()), &skill), Err(SkillError::Outside(_))), "{path:?}");
        }
    }
}
