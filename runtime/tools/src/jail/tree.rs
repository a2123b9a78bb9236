//! The processes below this one: who they are, what they use, and how to end them all.
//!
//! The caller is a subreaper, so whatever a command starts stays below it, however it forks and detaches.

use std::fs;
use std::time::Duration;

use rustix::event::Timespec;
use rustix::process::{Pid, Signal, WaitOptions, kill_process, wait};

/// What a set of processes uses together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Use {
    /// Processes and threads.
    pub(super) tasks: u64,
    /// Resident memory in pages; what processes share counts once for each.
    pub(super) pages: u64,
}

/// What all descendants of this process use.
pub(super) fn usage() -> Use {
    let mut sum = Use::default();
    for pid in descendants() {
        if let Some(stat) = Stat::read(pid) {
            sum.tasks += stat.threads;
            sum.pages += stat.pages;
        }
    }
    sum
}

/// Ends every descendant and returns when the last is gone.
///
/// A process may fork between being found and being killed; its child is then found in the next round, as it has become
/// a child of this process. `ECHILD` is the proof that none is left.
pub(super) fn kill_all() {
    loop {
        for pid in descendants() {
            // A process that is gone already is what was wanted.
            let _ = kill_process(pid, Signal::KILL);
        }
        if !reap() {
            return;
        }
        pause(Duration::from_millis(2));
    }
}

/// Takes the exit status of every child that has ended. False when there is no child at all any more.
pub(super) fn reap() -> bool {
    loop {
        match wait(WaitOptions::NOHANG) {
            Ok(Some(_)) | Err(rustix::io::Errno::INTR) => {}
            Ok(None) => return true,
            Err(_) => return false,
        }
    }
}

/// Killed processes need a moment to go; nothing announces the end of a grandchild.
fn pause(duration: Duration) {
    let timeout = Timespec { tv_sec: 0, tv_nsec: i64::from(duration.subsec_nanos()) };
    let _ = rustix::event::poll(&mut [], Some(&timeout));
}

fn descendants() -> Vec<Pid> {
    let mut found = children(rustix::process::getpid()).unwrap_or_else(|| all_below(rustix::process::getpid()));
    let mut next = 0;
    while let Some(&pid) = found.get(next) {
        next += 1;
        // Without the kernel's lists the first step has found all of them already.
        found.extend(children(pid).unwrap_or_default());
    }
    found
}

/// The children of every thread of `pid`; `None` where the kernel keeps no such lists (`CONFIG_PROC_CHILDREN`).
fn children(pid: Pid) -> Option<Vec<Pid>> {
    let mut found = Vec::new();
    let mut listed = false;
    for task in fs::read_dir(format!("/proc/{pid}/task")).ok()?.flatten() {
        if let Ok(list) = fs::read_to_string(task.path().join("children")) {
            listed = true;
            found.extend(list.split_ascii_whitespace().filter_map(parse));
        }
    }
    listed.then_some(found)
}

/// All descendants of `root`, found by reading every process there is.
fn all_below(root: Pid) -> Vec<Pid> {
    let mut parents: Vec<(Pid, Pid)> = Vec::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let pid = entry.file_name().to_str().and_then(parse);
        if let Some((pid, stat)) = pid.and_then(|pid| Some((pid, Stat::read(pid)?))) {
            parents.extend(stat.parent.map(|parent| (pid, parent)));
        }
    }
    let mut found = vec![root];
    let mut next = 0;
    while let Some(&parent) = found.get(next) {
        next += 1;
        found.extend(parents.iter().filter(|(_, of)| *of == parent).map(|(pid, _)| *pid));
    }
    found.remove(0);
    found
}

/// How many processes and threads this process's user has now, on the whole machine: `RLIMIT_NPROC` counts all of them.
pub(super) fn tasks_of_this_user() -> u64 {
    use std::os::unix::fs::MetadataExt;
    let user = rustix::process::getuid().as_raw();
    let mut sum = 0;
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let ours = entry.metadata().is_ok_and(|data| data.uid() == user);
        if let Some(pid) = entry.file_name().to_str().and_then(parse).filter(|_| ours) {
            sum += Stat::read(pid).map_or(0, |stat| stat.threads);
        }
    }
    sum
}

fn parse(text: &str) -> Option<Pid> {
    text.parse().ok().and_then(Pid::from_raw)
}

/// A line of `/proc/<pid>/stat`, as far as it is needed (proc(5)).
struct Stat {
    parent: Option<Pid>,
    threads: u64,
    pages: u64,
}

impl Stat {
    fn read(pid: Pid) -> Option<Self> {
        Self::parse(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
    }

    /// The second field is the program's name in parentheses and may hold anything, so the rest starts after the last one.
    fn parse(line: &str) -> Option<Self> {
        let fields: Vec<&str> = line.rsplit_once(')')?.1.split_ascii_whitespace().collect();
        Some(Self {
            parent: fields.get(1).copied().and_then(parse),
            threads: fields.get(17)?.parse().ok()?,
            pages: fields.get(21)?.parse().ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_program_does_not_confuse_the_fields_after_it() {
        let line = "7 (a) b (c) S 3 7 7 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 4 0 100 8192000 512 18446744073709551615";
        let stat = Stat::parse(line).unwrap();
        assert_eq!((stat.parent, stat.threads, stat.pages), (Pid::from_raw(3), 4, 512));
    }

    #[test]
    fn a_child_is_found_with_and_without_the_kernels_lists() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let pid = Pid::from_raw(child.id().cast_signed()).unwrap();
        let found = (descendants().contains(&pid), all_below(rustix::process::getpid()).contains(&pid));
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(found, (true, true));
    }
}
