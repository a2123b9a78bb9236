//! `read_file`, `write_file`, `search_files`: a run's files, and no others.
//!
//! Every path is opened through a handle of the workspace's folder (cap-std), step by step: neither `..` nor a link, not
//! even one that appears in between, leads out of it.

mod read;
mod search;
mod write;

use std::io;
use std::path::{Component, Path, PathBuf};

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;
use troupe_core::port::ToolContext;
use troupe_core::tool::ToolResult;

use crate::arguments::ArgumentError;

/// Why a file could not be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WorkspaceError {
    #[error(transparent)]
    Argument(#[from] ArgumentError),
    #[error("there is no workspace; give the run one")]
    NoWorkspace,
    #[error("the workspace cannot be opened: {0}")]
    Open(#[source] io::Error),
    #[error("the workspace is read-only")]
    ReadOnly,
    #[error("cannot {action} {path:?}: {reason}")]
    File { action: &'static str, path: String, reason: String },
    #[error("the argument \"pattern\" is no regular expression: {0}")]
    Pattern(String),
    #[error("the work was ended before it was done")]
    Ended,
}

/// Which of the three.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Action {
    Read,
    Write,
    Search,
}

/// Makes the call on a thread that may wait for disks.
pub(crate) async fn call(
    action: Action,
    arguments: Map<String, Value>,
    context: &ToolContext,
    stop: CancellationToken,
) -> ToolResult {
    let (root, read_only) = (context.workspace.clone(), context.read_only);
    let work = move || {
        let workspace = Workspace::open(root.as_deref())?;
        match action {
            Action::Read => read::call(&workspace, &arguments),
            Action::Write if read_only => Err(WorkspaceError::ReadOnly),
            Action::Write => write::call(&workspace, &arguments),
            Action::Search => search::call(&workspace, &arguments, &stop),
        }
    };
    let done = tokio::task::spawn_blocking(work).await.unwrap_or(Err(WorkspaceError::Ended));
    done.unwrap_or_else(ToolResult::error)
}

/// An open workspace.
struct Workspace {
    root: PathBuf,
    folder: Dir,
}

impl Workspace {
    fn open(root: Option<&Path>) -> Result<Self, WorkspaceError> {
        let root = root.ok_or(WorkspaceError::NoWorkspace)?.canonicalize().map_err(WorkspaceError::Open)?;
        let folder = Dir::open_ambient_dir(&root, ambient_authority()).map_err(WorkspaceError::Open)?;
        Ok(Self { root, folder })
    }

    /// The path of an argument relative to the workspace. Models like absolute paths: one within the workspace counts.
    fn relative(&self, name: &str, path: &str) -> Result<PathBuf, ArgumentError> {
        let given = Path::new(path);
        let inside = if given.is_absolute() { given.strip_prefix(&self.root).ok() } else { Some(given) };
        let outside = || ArgumentError::wrong(name, format!("must be a path within the workspace, not {path:?}"));
        let inside = inside.ok_or_else(outside)?;
        let mut clean = PathBuf::new();
        for component in inside.components() {
            match component {
                Component::Normal(part) => clean.push(part),
                Component::CurDir => {}
                Component::ParentDir if clean.pop() => {}
                _ => return Err(outside()),
            }
        }
        Ok(clean)
    }
}

/// An error in words; the ones that a model meets often say what to do.
fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> WorkspaceError {
    let path = path.display().to_string();
    move |error| {
        let reason = match error.kind() {
            io::ErrorKind::NotFound => "there is no such file".to_owned(),
            // What cap-std answers to a link that leads out.
            io::ErrorKind::PermissionDenied => "it is not accessible, or leads out of the workspace".to_owned(),
            io::ErrorKind::IsADirectory => "it is a folder".to_owned(),
            io::ErrorKind::NotADirectory => "a part of the path is a file".to_owned(),
            _ => error.to_string(),
        };
        WorkspaceError::File { action, path, reason }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    struct Place {
        folder: tempfile::TempDir,
        workspace: Workspace,
    }

    fn place() -> Place {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("workspace");
        fs::create_dir_all(root.join("sub")).unwrap();
        fs::write(folder.path().join("secret.txt"), "hidden needle").unwrap();
        symlink("../secret.txt", root.join("link.txt")).unwrap();
        symlink("..", root.join("up")).unwrap();
        symlink(folder.path(), root.join("sub/absolute")).unwrap();
        let workspace = Workspace::open(Some(&root)).unwrap();
        Place { folder, workspace }
    }

    fn read(place: &Place, arguments: &Value) -> Result<String, String> {
        let result = read::call(&place.workspace, arguments.as_object().unwrap());
        result.map(|result| result.content).map_err(|error| error.to_string())
    }

    fn write(place: &Place, path: &str, content: &str) -> Result<String, String> {
        let arguments = json!({"path": path, "content": content});
        let result = write::call(&place.workspace, arguments.as_object().unwrap());
        result.map(|result| result.content).map_err(|error| error.to_string())
    }

    fn search(place: &Place, arguments: &Value) -> String {
        let stop = CancellationToken::new();
        search::call(&place.workspace, arguments.as_object().unwrap(), &stop).unwrap().content
    }

    #[test]
    fn a_written_file_is_read_whole_in_part_and_with_numbers() {
        let place = place();
        write(&place, "notes/today.md", "one\ntwo\nthree\n").unwrap();
        let path = "notes/today.md";
        assert_eq!(read(&place, &json!({"path": path})).unwrap(), "one\ntwo\nthree\n");
        let absolute = place.workspace.root.join(path).display().to_string();
        assert_eq!(
            read(&place, &json!({"path": absolute, "offset": 2, "limit": 1})).unwrap(),
            "two\n… (more lines follow; read on with offset 3)"
        );
        assert_eq!(
            read(&place, &json!({"path": path, "offset": 2, "line_numbers": true})).unwrap(),
            "     2\ttwo\n     3\tthree\n"
        );
        assert_eq!(read(&place, &json!({"path": path, "offset": 9})).unwrap(), "(there are only 3 lines)");
    }

    #[test]
    fn nothing_outside_is_read_or_written() {
        let place = place();
        for path in [
            "../secret.txt",
            "/etc/passwd",
            "link.txt",
            "up/secret.txt",
            "sub/absolute/secret.txt",
            "sub/../../secret.txt",
        ] {
            assert!(read(&place, &json!({"path": path})).is_err(), "read {path}");
            assert!(write(&place, path, "changed").is_err() || path == "link.txt", "wrote {path}");
        }
        assert!(write(&place, "up/new.txt", "x").is_err() && write(&place, "sub/absolute/new/x.txt", "x").is_err());
        assert_eq!(fs::read_to_string(place.folder.path().join("secret.txt")).unwrap(), "hidden needle");
        assert_eq!(search(&place, &json!({"pattern": "needle"})), "(no matches)");
        assert!(
            search::call(
                &place.workspace,
                json!({"pattern": "n", "path": "up"}).as_object().unwrap(),
                &CancellationToken::new()
            )
            .is_err()
        );
    }

    #[test]
    fn search_finds_fixed_texts_and_expressions_and_skips_what_nobody_wrote() {
        let place = place();
        for (path, content) in [
            ("a.txt", "first\nneedle (1)\n"),
            ("sub/b.txt", "NEEDLE\nneedle 22\n"),
            (".git/config", "needle"),
            ("node_modules/x.js", "needle"),
            ("ignored.log", "needle"),
            (".gitignore", "*.log\n"),
        ] {
            write(&place, path, content).unwrap();
        }
        fs::write(place.workspace.root.join("binary"), b"needle\0needle").unwrap();
        assert_eq!(search(&place, &json!({"pattern": "needle"})), "a.txt:2: needle (1)\nsub/b.txt:2: needle 22");
        assert_eq!(search(&place, &json!({"pattern": "(1)"})), "a.txt:2: needle (1)");
        assert_eq!(search(&place, &json!({"pattern": "needle \\d+$", "regex": true})), "sub/b.txt:2: needle 22");
        assert_eq!(
            search(&place, &json!({"pattern": "(?i)needle", "regex": true, "path": "sub"})),
            "sub/b.txt:1: NEEDLE\nsub/b.txt:2: needle 22"
        );
        let wrong = search::call(
            &place.workspace,
            json!({"pattern": "(", "regex": true}).as_object().unwrap(),
            &CancellationToken::new(),
        );
        assert!(wrong.unwrap_err().to_string().contains("\"pattern\""));
    }

    #[test]
    fn binary_files_are_described_and_images_are_shown() {
        let place = place();
        fs::write(place.workspace.root.join("data.bin"), b"a\0b").unwrap();
        fs::write(place.workspace.root.join("dot.png"), b"\x89PNG\r\n\x1a\n\0\0").unwrap();
        assert_eq!(read(&place, &json!({"path": "data.bin"})).unwrap(), "(a binary file of 3 bytes)");
        let shown = read::call(&place.workspace, json!({"path": "dot.png"}).as_object().unwrap()).unwrap();
        assert_eq!(shown.images[0].mime, "image/png");
    }

    proptest! {
        #[test]
        fn no_path_leads_out(parts in prop::collection::vec(prop_oneof!["\\.\\.", "\\.", "up", "sub", "absolute", "link.txt", "secret.txt", "new", "/"], 1..8)) {
            let place = place();
            let path = parts.join("/");
            if let Ok(content) = read(&place, &json!({"path": path})) {
                prop_assert!(!content.contains("hidden"));
            }
            let _ = write(&place, &path, "changed");
            let outside: Vec<_> = fs::read_dir(place.folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
            prop_assert_eq!(outside.len(), 2, "{:?}", outside);
            prop_assert_eq!(fs::read_to_string(place.folder.path().join("secret.txt")).unwrap(), "hidden needle");
        }
    }
}
