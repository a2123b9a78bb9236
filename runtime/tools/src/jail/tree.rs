//! The processes below this one: who they are, what they use, and how to end them all.
//!
//! The caller is a subreaper, so whatever a command starts stays below it, however it forks and detaches. A number in
//! `/proc` may belong to another process a moment later, on a busy machine to a stranger's; so a process is known by its
//! number and its start together, and looked at again before it gets a signal.

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use rustix::event::Timespec;
use rustix::process::{Pid, Signal, WaitOptions, getpgrp, getpid, kill_process, kill_process_group, wait};

/// What a set of processes uses together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Use {
    /// Processes and threads.
    pub(super) tasks: u64,
    /// Resident memory in pages; what processes share counts once for each.
    pub(super) pages: u64,
}

/// What all descendants of this process use. Stops counting above `enough` processes: by then it is too many.
pub(super) fn usage(enough: u64) -> Use {
    let mut sum = Use::default();
    for Member { stat, .. } in descendants(usize::try_from(enough).unwrap_or(usize::MAX)) {
        sum.tasks += stat.threads;
        sum.pages += stat.pages;
    }
    sum
}

/// Ends every descendant and returns when the last is gone. This process must lead a group of its own.
///
/// Whole groups get the signal at once: the kernel lets no member of a group fork past a signal to it, so that a group
/// that multiplies faster than it is listed ends all the same. What detached from its group in between is found in the
/// next round, as it has become a child of this process. `ECHILD` is the proof that none is left.
pub(super) fn kill_all() {
    // Against thousands of processes an ordinary share of the processor is none. Only root may; for others the limit on
    // processes keeps the number small.
    let _ = rustix::process::setpriority_process(None, -20);
    while reap() {
        let mut groups = BTreeSet::new();
        for Member { pid, stat } in descendants(usize::MAX) {
            let Some(group) = Stat::read(pid).filter(|now| now.start == stat.start).and_then(|now| now.group) else {
                continue;
            };
            // What is gone already is what was wanted, so no outcome matters.
            if group == getpgrp() {
                let _ = kill_process(pid, Signal::KILL);
            } else if groups.insert(group.as_raw_pid()) {
                let _ = kill_process_group(group, Signal::KILL);
            }
        }
        pause(Duration::from_millis(2));
    }
}

/// Takes the exit status of every child that has ended. False when there is no child at all any more.
fn reap() -> bool {
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

/// A process below this one.
struct Member {
    pid: Pid,
    stat: Stat,
}

/// The processes below this one, a few more than `most` at most.
fn descendants(most: usize) -> Vec<Member> {
    let Some(first) = children(getpid()) else { return all_below(getpid()) };
    let mut found = members(getpid(), first);
    let mut next = 0;
    while let Some(Member { pid, stat }) = found.get(next).filter(|_| found.len() <= most) {
        let (pid, start) = (*pid, stat.start);
        let list = children(pid).unwrap_or_default();
        // The list is its own only if it still is who it was.
        if Stat::read(pid).is_some_and(|now| now.start == start) {
            found.extend(members(pid, list));
        }
        next += 1;
    }
    found
}

/// Those of a list of children that still are children of `parent`; the others are found elsewhere, or are gone.
fn members(parent: Pid, list: Vec<Pid>) -> Vec<Member> {
    let member = |pid| Some(Member { pid, stat: Stat::read(pid).filter(|stat| stat.parent == Some(parent))? });
    list.into_iter().filter_map(member).collect()
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
fn all_below(root: Pid) -> Vec<Member> {
    let mut others: Vec<Member> = Vec::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let pid = entry.file_name().to_str().and_then(parse);
        others.extend(pid.and_then(|pid| Some(Member { pid, stat: Stat::read(pid)? })));
    }
    let mut parents = vec![root];
    let mut found = Vec::new();
    while let Some(parent) = parents.pop() {
        let (below, rest) = others.into_iter().partition(|member: &Member| member.stat.parent == Some(parent));
        others = rest;
        parents.extend(below.iter().map(|member| member.pid));
        found.extend(below);
    }
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

/// Of a process that is being released the kernel says -1.
fn parse(text: &str) -> Option<Pid> {
    text.parse().ok().filter(|raw| *raw > 0).and_then(Pid::from_raw)
}

/// A line of `/proc/<pid>/stat`, as far as it is needed (proc(5)).
struct Stat {
    parent: Option<Pid>,
    group: Option<Pid>,
    threads: u64,
    /// When it started, in ticks since the machine did: with the number, who it is.
    start: u64,
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
            group: fields.get(2).copied().and_then(parse),
            threads: fields.get(17)?.parse().ok()?,
            start: fields.get(19)?.parse().ok()?,
            pages: fields.get(21)?.parse().ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_program_does_not_confuse_the_fields_after_it() {
        let line = "7 (a) b (c) S 3 6 7 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 4 0 100 8192000 512 18446744073709551615";
        let stat = Stat::parse(line).unwrap();
        assert_eq!((stat.parent, stat.group), (Pid::from_raw(3), Pid::from_raw(6)));
        assert_eq!((stat.threads, stat.start, stat.pages), (4, 100, 512));
    }

    #[test]
    fn a_process_that_is_being_released_is_in_no_group() {
        let line = "7 (gone) X 3 -1 -1 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 0 0 100 0 0 18446744073709551615";
        assert_eq!(Stat::parse(line).unwrap().group, None);
    }

    #[test]
    fn a_child_is_found_with_and_without_the_kernels_lists() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let pid = Pid::from_raw(child.id().cast_signed()).unwrap();
        let holds = |found: Vec<Member>| found.iter().any(|member| member.pid == pid);
        let found = (holds(descendants(usize::MAX)), holds(all_below(getpid())));
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(found, (true, true));
    }
}
