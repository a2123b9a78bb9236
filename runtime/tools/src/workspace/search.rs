//! `search_files`: lines of the workspace's text files that hold a text or match an expression.

use std::fmt::Write as _;
use std::path::Path;

use grep_regex::{RegexMatcher, RegexMatcherBuilder};
use grep_searcher::sinks::Lossy;
use grep_searcher::{BinaryDetection, Searcher, SearcherBuilder};
use ignore::{DirEntry, WalkBuilder};
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;
use troupe_core::tool::ToolResult;

use super::{Workspace, WorkspaceError};
use crate::arguments;

/// The most matches that are told.
const MATCHES: usize = 500;
/// The most characters of a line that are told.
const LONGEST_LINE: usize = 400;
/// Larger files are data, not text that people wrote (as editors have it).
const LARGEST_FILE: u64 = 16 * 1024 * 1024;
/// The most memory that one line takes.
const HEAP: usize = 32 * 1024 * 1024;

pub(super) fn call(
    workspace: &Workspace,
    arguments: &Map<String, Value>,
    stop: &CancellationToken,
) -> Result<ToolResult, WorkspaceError> {
    let pattern = arguments::text(arguments, "pattern")?;
    let below = arguments::optional_text(arguments, "path")?.unwrap_or(".");
    let below = workspace.relative("path", below)?;
    let matcher = matcher(pattern, arguments::flag(arguments, "regex")?)?;
    // A link as the starting point would be followed by the walk: this refuses one that leads out.
    let start = if below.as_os_str().is_empty() { ".".into() } else { below };
    workspace.folder.metadata(&start).map_err(super::failed("search", &start))?;
    let start = workspace.folder.canonicalize(&start).map_err(super::failed("search", &start))?;
    let mut found = Found::default();
    let mut searcher = searcher();
    for entry in walk(&workspace.root.join(start)).flatten() {
        if stop.is_cancelled() {
            return Err(WorkspaceError::Ended);
        }
        let Ok(relative) = entry.path().strip_prefix(&workspace.root) else { continue };
        if !entry.file_type().is_some_and(|kind| kind.is_file()) {
            continue;
        }
        // Opened through the workspace's handle: the walk only gives names. What cannot be read has no matches.
        if let Ok(file) = workspace.folder.open(relative) {
            let _ = searcher.search_file(
                &matcher,
                &file.into_std(),
                Lossy(|number, line| Ok(found.add(relative, number, line))),
            );
        }
        if found.full() {
            break;
        }
    }
    Ok(ToolResult::text(found.told()))
}

fn matcher(pattern: &str, regex: bool) -> Result<RegexMatcher, WorkspaceError> {
    RegexMatcherBuilder::new()
        .fixed_strings(!regex)
        .line_terminator(Some(b'\n'))
        .build(pattern)
        .map_err(|error| WorkspaceError::Pattern(error.to_string()))
}

fn searcher() -> Searcher {
    SearcherBuilder::new().binary_detection(BinaryDetection::quit(0)).line_number(true).heap_limit(Some(HEAP)).build()
}

/// Files in the order of their names, without what a `.gitignore` of the workspace leaves out.
fn walk(start: &Path) -> ignore::Walk {
    WalkBuilder::new(start)
        .hidden(false)
        .follow_links(false)
        .parents(false)
        .git_global(false)
        .git_exclude(false)
        .require_git(false)
        .max_filesize(Some(LARGEST_FILE))
        .filter_entry(|entry: &DirEntry| {
            entry.depth() == 0 || !matches!(entry.file_name().to_str(), Some(".git" | "node_modules"))
        })
        .sort_by_file_name(std::cmp::Ord::cmp)
        .build()
}

#[derive(Default)]
struct Found {
    text: String,
    count: usize,
    more: bool,
}

impl Found {
    /// Takes a match; false when there are enough.
    fn add(&mut self, path: &Path, number: u64, line: &str) -> bool {
        if self.count == MATCHES {
            self.more = true;
            return false;
        }
        self.count += 1;
        let line = line.trim_end_matches(['\n', '\r']);
        let shown: String = line.chars().take(LONGEST_LINE).collect();
        let dots = if shown.len() < line.len() { "…" } else { "" };
        let _ = writeln!(self.text, "{}:{number}: {shown}{dots}", path.display());
        true
    }

    fn full(&self) -> bool {
        self.more
    }

    fn told(mut self) -> String {
        if self.count == 0 {
            return "(no matches)".to_owned();
        }
        if self.more {
            let _ = write!(self.text, "… (more than {MATCHES} matches; narrow the search)");
        }
        self.text.truncate(self.text.trim_end().len());
        self.text
    }
}
