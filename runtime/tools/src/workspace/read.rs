//! `read_file`: lines of a text file, from one line on.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use cap_std::fs::File;
use serde_json::{Map, Value};
use troupe_core::tool::ToolResult;

use super::{Workspace, WorkspaceError, failed};
use crate::{arguments, budget, image};

/// Lines that are read where nothing else is said.
const LINES: usize = 2000;
/// Longer lines are cut: nobody reads minified code.
const LONGEST_LINE: usize = 16 * 1024;
/// The most bytes of a result; a model sees no more of any result.
const MOST: usize = budget::FREE;
/// How much of a file decides whether it is text.
const SNIFFED: usize = 8192;

pub(super) fn call(workspace: &Workspace, arguments: &Map<String, Value>) -> Result<ToolResult, WorkspaceError> {
    let path = workspace.relative("path", arguments::text(arguments, "path")?)?;
    let offset = arguments::count(arguments, "offset")?.unwrap_or(1);
    let limit = arguments::count(arguments, "limit")?.unwrap_or(LINES);
    let numbered = arguments::flag(arguments, "line_numbers")?;
    let file = open(workspace, &path)?;
    let mut reader = BufReader::with_capacity(SNIFFED, file);
    let head = reader.fill_buf().map_err(failed("read", &path))?;
    if image::format(head).is_some() || head.contains(&0) {
        return binary(reader, &path);
    }
    lines(reader, &Wanted { offset, limit, numbered }).map_err(failed("read", &path)).map(ToolResult::text)
}

fn open(workspace: &Workspace, path: &Path) -> Result<File, WorkspaceError> {
    // A pipe or a device would block or never end; opening such a thing without waiting is all that is done with it.
    let mut options = cap_std::fs::OpenOptions::new();
    cap_std::fs::OpenOptionsExt::custom_flags(options.read(true), libc::O_NONBLOCK);
    let file = workspace.folder.open_with(path, &options).map_err(failed("read", path))?;
    let data = file.metadata().map_err(failed("read", path))?;
    if data.is_file() {
        return Ok(file);
    }
    let reason = if data.is_dir() { "it is a folder" } else { "it is no regular file" };
    Err(WorkspaceError::File { action: "read", path: path.display().to_string(), reason: reason.to_owned() })
}

/// An image for models that can look, or a description.
fn binary(mut reader: BufReader<File>, path: &Path) -> Result<ToolResult, WorkspaceError> {
    let length = reader.get_ref().metadata().map_err(failed("read", path))?.len();
    let mut content = Vec::new();
    // One byte more than an image may have is enough to see that it has too many.
    reader.by_ref().take(8 * 1024 * 1024).read_to_end(&mut content).map_err(failed("read", path))?;
    let image = image::format(&content).and_then(|format| image::result(format, &content));
    Ok(image.unwrap_or_else(|| ToolResult::text(format!("(a binary file of {length} bytes)"))))
}

struct Wanted {
    offset: usize,
    limit: usize,
    numbered: bool,
}

fn lines(mut reader: BufReader<File>, wanted: &Wanted) -> std::io::Result<String> {
    let mut text = String::new();
    let mut number = 0;
    let mut line = Vec::new();
    loop {
        line.clear();
        let cut = read_line(&mut reader, &mut line)?;
        if line.is_empty() {
            break;
        }
        number += 1;
        if number < wanted.offset {
            continue;
        }
        if number - wanted.offset == wanted.limit || text.len() + line.len() > MOST {
            let _ = write!(text, "… (more lines follow; read on with offset {number})");
            return Ok(text);
        }
        if wanted.numbered {
            let _ = write!(text, "{number:>6}\t");
        }
        text.push_str(&String::from_utf8_lossy(&line));
        if cut {
            text.push_str("… (a long line was cut)\n");
        }
    }
    Ok(match number {
        0 => "(the file is empty)".to_owned(),
        _ if text.is_empty() => format!("(there are only {number} lines)"),
        _ => text,
    })
}

/// Reads one line with its break; of a long one the beginning. Says whether it was cut.
fn read_line(reader: &mut BufReader<File>, line: &mut Vec<u8>) -> std::io::Result<bool> {
    let longest = u64::try_from(LONGEST_LINE).unwrap_or(u64::MAX);
    reader.by_ref().take(longest).read_until(b'\n', line)?;
    if line.len() < LONGEST_LINE || line.ends_with(b"\n") {
        return Ok(false);
    }
    reader.skip_until(b'\n')?;
    Ok(true)
}
