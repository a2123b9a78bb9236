//! What a process writes to its standard error: logged line by line, and its end kept for error messages.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::BufReader;
use tokio::process::ChildStderr;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::StdioServer;
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
        let secrets: Vec<String> =
            server.env.values().filter(|value| value.len() >= SHORTEST_SECRET).cloned().collect();
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

fn mask(text: &str, secrets: &[String]) -> String {
    secrets.iter().fold(text.to_owned(), |text, secret| text.replace(secret.as_str(), "***"))
}
