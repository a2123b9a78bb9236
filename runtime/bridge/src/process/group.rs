//! A process group: the child and everything that it starts, ended together.

use std::time::Duration;

use rustix::process::{Pid, Signal, WaitOptions, kill_process_group, test_kill_process_group, waitpgid};
use tokio::process::Child;
use tokio::time::Instant;

/// Between TERM and KILL (S1's rule for MCP servers).
const GRACE: Duration = Duration::from_secs(5);

/// How often the group is looked at while it ends: the kernel announces the end of a child, but not that of a group.
const LOOK: Duration = Duration::from_millis(20);

/// The group that a child started with `process_group(0)` leads.
#[derive(Debug)]
pub(super) struct ProcessGroup {
    id: Pid,
    gone: bool,
}

impl ProcessGroup {
    /// Nothing if the child has been waited for already.
    pub(super) fn of(child: &Child) -> Option<Self> {
        let id = Pid::from_raw(i32::try_from(child.id()?).ok()?)?;
        Some(Self { id, gone: false })
    }

    /// TERM to all, five seconds, KILL to those that remain.
    pub(super) async fn terminate(&mut self, child: &mut Child) {
        let deadline = Instant::now() + GRACE;
        self.signal(Signal::TERM);
        let _late = tokio::time::timeout_at(deadline, child.wait()).await;
        if !self.empty_by(child, deadline).await {
            self.signal(Signal::KILL);
            let _status = child.wait().await;
            self.empty_by(child, Instant::now() + GRACE).await;
        }
        self.gone = true;
    }

    async fn empty_by(&self, child: &mut Child, deadline: Instant) -> bool {
        loop {
            let leader_gone = matches!(child.try_wait(), Ok(Some(_)) | Err(_));
            if leader_gone && self.is_empty() {
                return true;
            }
            if Instant::now() >= deadline {
                return false;
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Only after the leader was waited for: this takes the status of every dead child in the group. As the first process
    /// of a container we inherit orphans, and a dead one that nobody waits for would stay in the group for ever.
    fn is_empty(&self) -> bool {
        while let Ok(Some(_orphan)) = waitpgid(self.id, WaitOptions::NOHANG) {}
        test_kill_process_group(self.id).is_err()
    }

    fn signal(&self, signal: Signal) {
        if let Err(error) = kill_process_group(self.id, signal) {
            tracing::trace!(error = %error, "the process group is gone");
        }
    }
}

impl Drop for ProcessGroup {
    /// Reached without [`ProcessGroup::terminate`] when the async runtime itself goes away.
    fn drop(&mut self) {
        if !self.gone {
            self.signal(Signal::KILL);
        }
    }
}
