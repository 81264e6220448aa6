//! The process whose children are the neighbours that are timed. It is as it was before the policy was attached: what a
//! fork and an execve cost depends on the memory of the process, and a runner that has attached BPF programs has much more
//! of it than one without a policy.

use std::io::{Read, Write};
use std::os::fd::{AsRawFd, FromRawFd};
use std::os::unix::net::UnixStream;

use anyhow::{Context, Result};

use super::kept::Kept;
use super::trial::{self, Ended};
use crate::scenario::Scenario;
use crate::scene::Scene;
use crate::sys::check;

/// Bytes of an answer: how the neighbour ended, and the signal.
const ANSWER: usize = 2;

/// Above all descriptors of the runner and of ways.
const LEAST_DESCRIPTOR: libc::c_int = 220;

const EXITED: u8 = 0;
const KILLED: u8 = 1;
const HUNG_UP: u8 = 2;
const FAILED: u8 = 3;

/// The process, which ends when this value is dropped.
pub(super) struct Maker {
    /// Ends before its socket is closed.
    _process: Kept,
    orders: UnixStream,
}

impl Maker {
    /// Starts it. Neighbours are confined as `scene` says now.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub(super) fn start(scenario: &Scenario, scene: &Scene) -> Result<Maker> {
        let (ours, theirs) = UnixStream::pair().context("failed to make a socket")?;
        let (ours, theirs) = (moved(ours)?, moved(theirs)?);
        // SAFETY: the runner has one thread, so the child may do anything.
        let process = check(unsafe { libc::fork() }).context("failed to fork")?;
        if process == 0 {
            drop(ours);
            serve(theirs, scenario, scene);
            // SAFETY: leaves without running what the runner has to run.
            unsafe { libc::_exit(0) };
        }
        Ok(Maker { _process: Kept(process), orders: ours })
    }

    /// Has it make the neighbour with this number.
    ///
    /// # Errors
    /// When it has ended, as the policy may have ended it, or the neighbour cannot be started.
    pub(super) fn make(&mut self, number: usize) -> Result<Ended> {
        let mut answer = [0; ANSWER];
        self.orders.write_all(&[number as u8])?;
        self.orders.read_exact(&mut answer)?;
        Ok(match answer {
            [EXITED, _] => Ended::Exited,
            [KILLED, signal] => Ended::Killed(signal.into()),
            [HUNG_UP, _] => Ended::HungUp,
            _ => anyhow::bail!("the neighbour cannot be started"),
        })
    }
}

/// Moves a socket to a high descriptor: ways get the same descriptors as without this process, and records name them.
fn moved(socket: UnixStream) -> Result<UnixStream> {
    // SAFETY: makes a descriptor, which is owned at once.
    let high = unsafe { check(libc::fcntl(socket.as_raw_fd(), libc::F_DUPFD_CLOEXEC, LEAST_DESCRIPTOR)) };
    // SAFETY: as above.
    Ok(unsafe { UnixStream::from_raw_fd(high.context("failed to move a socket")?) })
}

/// Makes neighbours until the runner ends.
fn serve(mut orders: UnixStream, scenario: &Scenario, scene: &Scene) {
    // SAFETY: concerns this process alone.
    unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
    let mut number = [0];
    while orders.read_exact(&mut number).is_ok() {
        let way = scenario.neighbours().nth(number[0].into());
        let answer = match way.map(|way| trial::make(way, scene, trial::PATIENCE)) {
            Some(Ok(Ended::Exited)) => [EXITED, 0],
            Some(Ok(Ended::Killed(signal))) => [KILLED, signal as u8],
            Some(Ok(Ended::HungUp)) => [HUNG_UP, 0],
            Some(Err(_)) | None => [FAILED, 0],
        };
        if orders.write_all(&answer).is_err() {
            return;
        }
    }
}
