//! A witness of kills: how many system calls had already taken effect when their callers
//! were killed. The agent attaches it after the timed operations and repeats some of them.

use anyhow::{Result, anyhow};
use hookbench_model::Behaviour;

use super::bpf::libbpf::{self, AttachedPrograms};
use super::{AttachRequest, Error, bpf};
use crate::BpfHook;

/// An attached witness. Dropping it detaches.
pub struct Witness {
    programs: AttachedPrograms,
}

/// What it saw of the system calls of tasks that got SIGKILL during the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Testimony {
    /// Calls that took effect.
    pub happened: u64,
    /// Calls that failed.
    pub prevented: u64,
}

impl Witness {
    /// Attaches one to the return of every system call.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn attach(behaviour: &'static Behaviour) -> Result<Witness> {
        let request = AttachRequest::internal("witness", behaviour);
        let hook = BpfHook::RawTracepoint("sys_exit");
        match libbpf::attach(hook, bpf::object!("witness"), &request) {
            Ok(programs) => Ok(Witness { programs }),
            Err(Error::Unsupported(why)) => Err(anyhow!(why)),
            Err(Error::Failed(error)) => Err(error),
        }
    }

    /// What it has seen so far.
    ///
    /// # Errors
    /// When its counters cannot be read.
    pub fn testimony(&self) -> Result<Testimony> {
        let stats = self.programs.counters()?;
        Ok(Testimony { happened: stats.seen, prevented: stats.refused })
    }
}
