//! Where a caller's tools work (S1-163): the service's folder, or in a cluster each user's own below it; and the files
//! in it.

pub mod change;
pub mod content;
pub mod files;
pub mod item;
pub mod kind;
pub mod list;
pub mod place;
pub mod search;
pub mod thumbnail;
pub mod upload;

use std::fmt::Write as _;
use std::path::{Component, Path, PathBuf};

use troupe_core::id::ContentHash;

use crate::app::App;
use crate::http::error::Problem;
use crate::service::rights::Asker;

/// The longest name of a user's folder, in bytes; file systems take 255.
const LONGEST: usize = 200;

impl App {
    /// The folder that tools work in: the named one, else the service's or, in a cluster, the user's own. A user's
    /// folder is made when it is first asked for, and what a request names lies inside it.
    ///
    /// # Errors
    /// A 400 for what is no folder, or not this caller's.
    pub(crate) fn workspace_for(&self, asker: &Asker, named: Option<&str>) -> Result<Option<PathBuf>, Problem> {
        let named = named.filter(|path| !path.is_empty()).map(PathBuf::from);
        let wrong = |problem: String| Problem::bad_request(format!("Invalid value for field workspace: {problem}"));
        let root = if self.rights.is_open() {
            let named = named.map(|named| self.whole_path(named)).transpose().map_err(wrong)?;
            match (named, self.default_workspace()) {
                (Some(root), _) => {
                    root.canonicalize().map_err(|error| wrong(format!("{}: {error}", root.display())))?
                }
                (None, Some(root)) => root.canonicalize().map_err(|error| unusable(&root, &error))?,
                (None, None) => return Ok(None),
            }
        } else {
            let Some(own) = self.own_folder(asker)? else {
                return named.map_or(Ok(None), |_| Err(wrong("this service has none".to_owned())));
            };
            // What lies elsewhere is told nothing about, not even whether it is there.
            let chosen = named.map_or(Some(own.clone()), |named| within(&own, &named));
            chosen.ok_or_else(|| wrong("it is no folder inside your own workspace".to_owned()))?
        };
        if !root.is_dir() {
            return Err(wrong(format!("{} is not a folder", root.display())));
        }
        if root.starts_with(&self.settings.data) {
            return Err(wrong(format!("{} belongs to the service", root.display())));
        }
        Ok(Some(root))
    }

    /// The folder that a request names: by its whole path, or by that below the service's own folder. Where the service
    /// was started means nothing to a client.
    fn whole_path(&self, named: PathBuf) -> Result<PathBuf, String> {
        if named.is_absolute() {
            return Ok(named);
        }
        let shown = named.display().to_string();
        let Some(root) = self.default_workspace().and_then(|root| root.canonicalize().ok()) else {
            return Err(format!("this service has none that {shown:?} could lie in; use a whole path"));
        };
        let wrong =
            || format!("{shown:?} is no folder in the service's workspace; use the path of one, or a whole path");
        within(&root, &named).ok_or_else(wrong)
    }

    /// The folder of a call without a run: the service's as it is set, or the user's own.
    pub(crate) fn workspace_for_call(&self, asker: &Asker) -> Result<Option<PathBuf>, Problem> {
        if self.rights.is_open() { Ok(self.default_workspace()) } else { self.own_folder(asker) }
    }

    /// The folder in a workspace that an agent sees.
    ///
    /// # Errors
    /// A 400 where it leads out of the caller's own.
    pub(crate) fn place_in(&self, root: PathBuf, place: Option<&str>) -> Result<PathBuf, Problem> {
        let Some(place) = place else { return Ok(root) };
        let chosen = root.join(place);
        if self.rights.is_open() {
            return Ok(chosen);
        }
        let climbs =
            Path::new(place).components().any(|part| !matches!(part, Component::Normal(_) | Component::CurDir));
        let leads_out = chosen.canonicalize().is_ok_and(|real| !real.starts_with(&root));
        if climbs || leads_out {
            return Err(Problem::bad_request(format!("the agent's workspace {place:?} lies outside yours")));
        }
        Ok(chosen)
    }

    /// A path as requests name it: absolute, or in the workspace; in a cluster always in the user's own.
    ///
    /// # Errors
    /// A 400 where it is not.
    pub(crate) fn place_of_file(&self, asker: &Asker, path: &str) -> Result<PathBuf, Problem> {
        if !self.rights.is_open() {
            let inside = self.own_folder(asker)?.and_then(|own| within(&own, Path::new(path)));
            return inside.ok_or_else(|| Problem::bad_request(format!("{path:?} is not inside your own workspace")));
        }
        let home = path.strip_prefix("~/").and_then(|rest| Some(PathBuf::from(self.variable("HOME")?).join(rest)));
        Ok(home.unwrap_or_else(|| {
            self.settings.workspace.clone().map_or_else(|| PathBuf::from(path), |root| root.join(path))
        }))
    }

    /// A user's own folder, made at its first use; `None` where the service has no workspace.
    fn own_folder(&self, asker: &Asker) -> Result<Option<PathBuf>, Problem> {
        let Some(root) = self.default_workspace() else { return Ok(None) };
        if asker.user().is_empty() {
            return Err(Problem::forbidden("nobody has a workspace here: send a token"));
        }
        let own = root.join(folder_name(asker.user()));
        let made = std::fs::create_dir_all(&own).and_then(|()| own.canonicalize());
        made.map(Some).map_err(|error| Problem::internal(&error))
    }
}

/// What is there under `own`, without links; `None` for what is not there or elsewhere.
fn within(own: &Path, named: &Path) -> Option<PathBuf> {
    own.join(named).canonicalize().ok().filter(|real| real.starts_with(own))
}

/// The name of a user's folder: letters, digits, `-`, `_` and inner dots as they are, everything else percent-encoded,
/// so that no two users share one and none leads elsewhere. A very long one ends in a hash.
fn folder_name(user: &str) -> String {
    let mut name = String::with_capacity(user.len());
    for (index, byte) in user.bytes().enumerate() {
        if byte.is_ascii_alphanumeric() || b"-_".contains(&byte) || (byte == b'.' && index > 0) {
            name.push(char::from(byte));
        } else {
            // Writing into a String does not fail.
            let _ = write!(name, "%{byte:02X}");
        }
    }
    if name.len() <= LONGEST {
        return name;
    }
    // No encoded name has this: a percent sign stands before digits.
    let hash: String = ContentHash::of(user.as_bytes()).0.chars().filter(char::is_ascii_alphanumeric).collect();
    let start: String = name.chars().take(LONGEST.saturating_sub(hash.len() + 2)).collect();
    format!("{start}%~{hash}")
}

/// No request named it: whoever runs the service did.
fn unusable(root: &Path, error: &std::io::Error) -> Problem {
    let shown = root.display();
    Problem::bad_request(format!(
        "the workspace of this service cannot be used: {shown}: {error}; make the folder, or set AGENT_WORKSPACE or --workspace to another"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_user_has_a_folder_of_its_own() {
        assert_eq!(
            folder_name("system:serviceaccount:team-a:front.end"),
            "system%3Aserviceaccount%3Ateam-a%3Afront.end"
        );
        assert_eq!(folder_name("../root"), "%2E.%2Froot");
        assert_eq!((folder_name(".."), folder_name(".")), ("%2E.".to_owned(), "%2E".to_owned()));
        assert_eq!(folder_name("a%2Fb"), "a%252Fb");
        let long = |end: &str| folder_name(&format!("{}{end}", "ü".repeat(300)));
        assert_ne!(long("a"), long("b"));
        assert!(long("a").len() <= LONGEST, "{}", long("a"));
    }
}
