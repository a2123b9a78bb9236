//! One child process that speaks MCP on its standard input and output, with everything that it starts itself.

mod group;
mod stderr;

use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::StdioServer;
use crate::line::{Line, LineReader, id_of_too_long};
use crate::message::Message;
use crate::peer::{Outgoing, Peer, RequestError};
use group::ProcessGroup;
use stderr::StderrTail;

/// How long what a dead process wrote is awaited: a grandchild may hold the pipe open for ever.
const DRAIN: Duration = Duration::from_secs(1);

/// How long a process that closed its output is given to exit, so that its status can be told.
const EXIT_AFTER_CLOSE: Duration = Duration::from_millis(500);

/// Bytes read from the process at a time.
const READ_BUFFER: usize = 64 * 1024;

/// A running process, wired to a [`Peer`].
#[derive(Debug)]
pub(crate) struct ChildProcess {
    command: String,
    child: Child,
    group: ProcessGroup,
    stderr: StderrTail,
    output_ended: CancellationToken,
}

impl ChildProcess {
    /// Starts the program in a process group of its own. Its messages go to `peer`, and what `peer` has to send to it.
    pub(crate) fn spawn(
        server: &StdioServer,
        peer: &Peer,
        outgoing: mpsc::Receiver<Outgoing>,
        tasks: &TaskTracker,
    ) -> io::Result<Self> {
        let mut child = command(server)?.spawn()?;
        let missing = || io::Error::other("the process has no pipes");
        let stdin = child.stdin.take().ok_or_else(missing)?;
        let stdout = child.stdout.take().ok_or_else(missing)?;
        let stderr = child.stderr.take().ok_or_else(missing)?;
        let group = ProcessGroup::of(&child).ok_or_else(missing)?;
        let output_ended = CancellationToken::new();
        let stderr = StderrTail::follow(stderr, server, tasks);
        tasks.spawn(write(stdin, outgoing, peer.clone()));
        tasks.spawn(read(stdout, server.max_response_bytes, peer.clone(), output_ended.clone()));
        Ok(Self { command: server.command.clone(), child, group, stderr, output_ended })
    }

    /// Waits until the process has exited or closed its output, and says what happened. Answers that it wrote before
    /// have been delivered by then. Safe to cancel.
    pub(crate) async fn ended(&mut self) -> String {
        let status = tokio::select! {
            status = self.child.wait() => {
                let _held_open = tokio::time::timeout(DRAIN, self.output_ended.cancelled()).await;
                status.ok()
            }
            () = self.output_ended.cancelled() => {
                tokio::time::timeout(EXIT_AFTER_CLOSE, self.child.wait()).await.ok().and_then(Result::ok)
            }
        };
        let what = status.map_or_else(|| "closed its standard output".to_owned(), describe);
        let _held_open = tokio::time::timeout(DRAIN, self.stderr.ended()).await;
        format!("`{}` {what}{}", self.command, self.stderr)
    }

    /// The end of what it wrote to its standard error, worded to follow a sentence.
    pub(crate) fn last_words(&self) -> String {
        self.stderr.to_string()
    }

    /// Ends the process and everything in its group: TERM, five seconds, KILL.
    pub(crate) async fn terminate(mut self) {
        self.group.terminate(&mut self.child).await;
    }
}

fn command(server: &StdioServer) -> io::Result<Command> {
    let mut command = Command::new(&server.command);
    if let Some(cwd) = &server.cwd {
        if !cwd.is_dir() {
            let message = format!("its working directory {} does not exist", cwd.display());
            return Err(io::Error::new(io::ErrorKind::NotADirectory, message));
        }
        command.current_dir(cwd);
    }
    let inherited =
        std::env::vars_os().filter(|(name, _)| name.to_str().is_some_and(|name| server.inherit.passes(name)));
    command
        .args(&server.args)
        .env_clear()
        .envs(inherited)
        .envs(&server.env)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true);
    Ok(command)
}

fn describe(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exited with status {code}"),
        (None, Some(signal)) => format!("was killed by signal {signal}"),
        (None, None) => "ended".to_owned(),
    }
}

/// Ends with the connection, which closes the process's standard input: for an MCP server that means to exit.
async fn write(mut stdin: ChildStdin, mut outgoing: mpsc::Receiver<Outgoing>, peer: Peer) {
    loop {
        let next = tokio::select! {
            next = outgoing.recv() => next,
            () = peer.closed() => None,
        };
        let Some(next) = next else { return };
        if next.request.is_some() && next.finished.is_cancelled() {
            continue;
        }
        let mut line = next.message.to_line();
        line.push('\n');
        let written = tokio::select! {
            written = stdin.write_all(line.as_bytes()) => written,
            () = peer.closed() => return,
        };
        if let Err(error) = written {
            // The process is dying; why is told by its exit, which fails every waiting call.
            tracing::debug!(error = %error, "the process does not read its standard input");
            return;
        }
    }
}

async fn read(stdout: ChildStdout, limit: usize, peer: Peer, ended: CancellationToken) {
    let _ended = ended.drop_guard();
    let mut lines = LineReader::new(BufReader::with_capacity(READ_BUFFER, stdout), limit);
    loop {
        let line = tokio::select! {
            line = lines.next() => line,
            () = peer.closed() => return,
        };
        match line {
            Ok(Some(Line::Whole(line))) => deliver(&line, &peer),
            Ok(Some(Line::TooLong { head, tail })) => refuse(&head, &tail, limit, &peer),
            Ok(None) => return,
            Err(error) => {
                tracing::debug!(error = %error, "reading from the process failed");
                return;
            }
        }
    }
}

/// Servers print banners and log lines to their standard output; those are no messages and are passed over.
fn deliver(line: &[u8], peer: &Peer) {
    if line.trim_ascii().is_empty() {
        return;
    }
    match Message::parse_all(line) {
        Ok(messages) => messages.into_iter().for_each(|message| peer.receive(message)),
        Err(error) => tracing::debug!(error = %error, bytes = line.len(), "skipped a line that is no message"),
    }
}

fn refuse(head: &[u8], tail: &[u8], limit: usize, peer: &Peer) {
    let Some(id) = id_of_too_long(head, tail) else {
        // Its caller waits for its time-out then; nobody else is disturbed.
        tracing::warn!(limit_bytes = limit, "skipped a line beyond the limit that names no request");
        return;
    };
    peer.fail(id, RequestError::TooLarge { limit });
}
