//! A copy of a fork server's machine, from the moment the server made it until it ended.

use std::io;
use std::os::fd::OwnedFd;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Signal, pidfd_send_signal};

use super::ForkServer;
use super::talk::PATIENCE;
use crate::guest::pinning::PinnedCpu;

/// A copy of a server's machine. It ends when this is dropped.
pub(in crate::guest) struct MachineCopy {
    server: Arc<ForkServer>,
    pid: i32,
    /// Readable when it has ended.
    end: OwnedFd,
    status: Option<ExitStatus>,
    /// Counts as used while the copy runs.
    cpu: Option<PinnedCpu>,
}

impl MachineCopy {
    /// The copy `pid` of `server`, on `cpu`; `end` is its pidfd.
    pub(super) fn new(
        server: &Arc<ForkServer>,
        pid: i32,
        end: OwnedFd,
        cpu: Option<PinnedCpu>,
    ) -> MachineCopy {
        MachineCopy { server: Arc::clone(server), pid, end, status: None, cpu }
    }

    /// Waits for the copy's end, no longer than `timeout`.
    ///
    /// # Errors
    /// When its server has ended.
    pub(in crate::guest) fn wait(&mut self, timeout: Duration) -> io::Result<Option<ExitStatus>> {
        if self.status.is_none() && self.has_ended(timeout) {
            self.status = Some(self.server.status(self.pid)?);
        }
        Ok(self.status)
    }

    /// The same, whose CPU no longer counts as used: it only waits.
    pub(in crate::guest) fn unpinned(mut self) -> MachineCopy {
        self.cpu = None;
        self
    }

    fn has_ended(&self, timeout: Duration) -> bool {
        let timeout = Timespec::try_from(timeout).ok();
        // An interruption by a signal only ends the wait.
        matches!(poll(&mut [PollFd::new(&self.end, PollFlags::IN)], timeout.as_ref()), Ok(1..))
    }
}

impl Drop for MachineCopy {
    fn drop(&mut self) {
        if self.status.is_none() {
            // Fails only if it has ended.
            let _ = pidfd_send_signal(&self.end, Signal::KILL);
            let _ = self.wait(PATIENCE);
        }
    }
}
