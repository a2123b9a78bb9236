//! What a process writes to its standard error: logged line by line, and its end kept for error messages.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::BufReader;
use tokio::process::ChildStderr;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::{Inherit, StdioServer};
use crate::line::{Line, LineReader};

/// A stack trace fits; an error message stays readable.
const KEPT_LINES: usize = 20;

/// Longer lines are cut; a progress bar can be one endless line.
const MAX_LINE: usize = 2000;

/// Shorter values (`true`, `8080`) are no secrets, and masking them would make the text unreadable.
const SHORTEST_SECRET: usize = 8;

/// The last lines.
#[derive(Debug, Clone)]
pub(super) struct StderrTail {
    lines: Arc<Mutex<VecDeque<String>>>,
    ended: CancellationToken,
}

impl StderrTail {
    /// Reads `stream` to its end in a task.
    pub(super) fn follow(stream: ChildStderr, server: &StdioServer, tasks: &TaskTracker) -> Self {
        let tail = Self { lines: Arc::default(), ended: CancellationToken::new() };
        let secrets = secrets(server, std::env::vars_os());
        tasks.spawn(tail.clone().read(stream, server.command.clone(), secrets));
        tail
    }

    async fn read(self, stream: ChildStderr, command: String, secrets: Vec<String>) {
        let _ended = self.ended.clone().drop_guard();
        let mut lines = LineReader::new(BufReader::new(stream), MAX_LINE);
        while let Ok(Some(line)) = lines.next().await {
            let bytes = match line {
                Line::Whole(bytes) => bytes,
                Line::TooLong { head, .. } => head,
            };
            let text = mask(&String::from_utf8_lossy(&bytes), &secrets);
            tracing::debug!(mcp.command = command, line = text, "standard error of an MCP server");
            let mut kept = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
            if kept.len() == KEPT_LINES {
                kept.pop_front();
            }
            kept.push_back(text);
        }
    }

    /// Waits for the end of the stream.
    pub(super) async fn ended(&self) {
        self.ended.cancelled().await;
    }
}

impl fmt::Display for StderrTail {
    /// Empty, or the lines with an introduction, to follow a sentence.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.is_empty() {
            return Ok(());
        }
        formatter.write_str("; the end of its standard error:")?;
        lines.iter().try_for_each(|line| write!(formatter, "\n{line}"))
    }
}

/// The values that are masked. A process that inherits everything has its secrets from our own environment, where a
/// container's variables are; those that every program has, and places of files, are none.
fn secrets(server: &StdioServer, ours: impl Iterator<Item = (OsString, OsString)>) -> Vec<String> {
    let inherited = ours.filter_map(|(name, value)| {
        let (name, value) = (name.into_string().ok()?, value.into_string().ok()?);
        let open = server.inherit != Inherit::Everything || Inherit::Basics.passes(&name) || Path::new(&value).exists();
        (!open).then_some(value)
    });
    let mut secrets: Vec<String> = server.env.values().cloned().chain(inherited).collect();
    secrets.retain(|value| value.len() >= SHORTEST_SECRET);
    // A value within a longer one must not break it up first.
    secrets.sort_by_key(|value| std::cmp::Reverse(value.len()));
    secrets
}

fn mask(text: &str, secrets: &[String]) -> String {
    secrets.iter().fold(text.to_owned(), |text, secret| text.replace(secret.as_str(), "***"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_a_containers_variables_are_masked_and_common_ones_are_not() {
        let ours = [
            ("API_TOKEN", "s3cret-token"),
            ("API_LOGIN", "me:s3cret-token"),
            ("HOME", "/home/somebody"),
            ("CACHE", "/"),
            ("PORT", "8080"),
        ];
        let ours = || ours.iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
        let everything = StdioServer { inherit: Inherit::Everything, ..StdioServer::new("x", Vec::<String>::new()) };
        let text = "login me:s3cret-token with s3cret-token from /home/somebody at 8080";
        assert_eq!(mask(text, &secrets(&everything, ours())), "login *** with *** from /home/somebody at 8080");
        let basics = StdioServer { inherit: Inherit::Basics, ..everything };
        assert_eq!(mask(text, &secrets(&basics, ours())), text);
    }
}
