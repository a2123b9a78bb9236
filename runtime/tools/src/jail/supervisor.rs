//! The supervisor: starts the command's process, watches it, and leaves nothing of it behind.
//!
//! It ends everything when the parent says so or is gone. The parent's end of the socket closes with the parent, however
//! it dies; `PR_SET_PDEATHSIG` would fire when the *thread* that started this process ends, and the parent's threads come
//! and go.

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::{Command, ExitCode, Stdio};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, WaitOptions, pidfd_open, set_child_subreaper, wait};

use super::policy::{Limits, Policy, Report, Resource};
use super::{INNER, tree};

/// How often the processes are counted: often enough that a crowd is seen before it is large.
const WATCH: Timespec = Timespec { tv_sec: 0, tv_nsec: 20_000_000 };

/// Runs one command and reports on the standard input, which is a socket. The exit code says only whether a report went
/// out.
pub(super) fn main() -> ExitCode {
    let Ok(mut parent) = io::stdin().as_fd().try_clone_to_owned().map(UnixStream::from) else {
        return ExitCode::FAILURE;
    };
    let report = supervise(&mut parent).unwrap_or_else(|error| Report::Failed(error.to_string()));
    tree::kill_all();
    let told = serde_json::to_vec(&report).map_err(io::Error::from).and_then(|line| parent.write_all(&line));
    // The parent may be gone; then nobody waits for the report.
    if told.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn supervise(parent: &mut UnixStream) -> io::Result<Report> {
    // A group of its own, so that no signal to a group below reaches the service, nor one to the service's terminal here.
    rustix::process::setsid()?;
    set_child_subreaper(Some(rustix::process::getpid()))?;
    let Some(line) = read_line(parent)? else { return Ok(Report::Killed) };
    let policy: Policy = serde_json::from_slice(&line)?;
    let (child, started) = start(&line)?;
    if let Some(failure) = failure(started)? {
        return Ok(Report::Failed(failure));
    }
    watch(parent, child, policy.limits)
}

/// The first line of the socket; `None` if the parent went away before it ended.
fn read_line(parent: &mut UnixStream) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    let mut piece = [0; 16 * 1024];
    loop {
        let read = parent.read(&mut piece)?;
        let Some(piece) = piece.get(..read).filter(|piece| !piece.is_empty()) else { return Ok(None) };
        if let Some(end) = piece.iter().position(|byte| *byte == b'\n') {
            line.extend_from_slice(&piece[..end]);
            return Ok(Some(line));
        }
        line.extend_from_slice(piece);
    }
}

/// Starts the process that becomes the command, and gives it the policy. It inherits this process's output.
fn start(policy: &[u8]) -> io::Result<(Pid, UnixStream)> {
    let (mut ours, theirs) = UnixStream::pair()?;
    let child = Command::new("/proc/self/exe")
        .args(std::env::args_os().skip(1))
        .arg(INNER)
        .env_clear()
        .stdin(Stdio::from(OwnedFd::from(theirs)))
        .spawn()?;
    ours.write_all(policy)?;
    ours.shutdown(std::net::Shutdown::Write)?;
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw).ok_or(io::ErrorKind::InvalidData)?;
    Ok((pid, ours))
}

/// What the process says went wrong before it became the command: it closes the socket without a word when nothing did.
fn failure(mut started: UnixStream) -> io::Result<Option<String>> {
    let mut words = String::new();
    started.read_to_string(&mut words)?;
    Ok((!words.is_empty()).then_some(words))
}

/// Waits for the command's end, the parent's word, or a limit.
fn watch(parent: &UnixStream, child: Pid, limits: Limits) -> io::Result<Report> {
    let ended = pidfd_open(child, PidfdFlags::empty())?;
    loop {
        let mut events = [PollFd::new(parent, PollFlags::IN), PollFd::new(&ended, PollFlags::IN)];
        match poll(&mut events, Some(&WATCH)) {
            Err(rustix::io::Errno::INTR) => continue,
            other => other?,
        };
        let [word, _] = events.map(|event| !event.revents().is_empty());
        if let Some(report) = reap(child) {
            return Ok(report);
        }
        if word {
            return Ok(Report::Killed);
        }
        if let Some(resource) = exceeded(limits) {
            return Ok(Report::Exceeded(resource));
        }
    }
}

/// Takes the status of whatever has ended, also of processes that the command left behind; says so if it was the command.
fn reap(child: Pid) -> Option<Report> {
    while let Ok(Some((pid, status))) = wait(WaitOptions::NOHANG) {
        if pid == child {
            return Some(match (status.exit_status(), status.terminating_signal()) {
                (Some(code), _) => Report::Exited(code),
                (None, Some(signal)) => Report::Signalled(signal),
                (None, None) => Report::Killed,
            });
        }
    }
    None
}

fn exceeded(limits: Limits) -> Option<Resource> {
    let used = tree::usage(limits.processes);
    let page = u64::try_from(rustix::param::page_size()).unwrap_or(4096);
    if used.tasks > limits.processes {
        Some(Resource::Processes)
    } else if used.pages.saturating_mul(page) > limits.memory {
        Some(Resource::Memory)
    } else {
        None
    }
}
