//! A witness of killings: how many of the system calls whose makers were killed had
//! already taken effect. It is attached after the timed operations, to more of them.

use anyhow::{Result, anyhow};
use hookbench_model::Behaviour;

use super::bpf::{self, Programs};
use super::{Error, Request};

/// An attached witness. Dropping it detaches.
pub struct Witness {
    programs: Programs,
    behaviour: &'static Behaviour,
}

/// What it saw of the system calls of tasks that were sent SIGKILL meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Testimony {
    /// Those that took effect.
    pub happened: u64,
    /// Those that failed.
    pub prevented: u64,
}

impl Witness {
    /// Attaches one to the return of every system call.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn attach(behaviour: &'static Behaviour) -> Result<Witness> {
        let behaviours = [behaviour];
        let request = Request::own("witness", &behaviours);
        let programs = bpf::one(bpf::object!("witness"), &request, |program, _| {
            Ok(vec![program.attach_raw_tracepoint("sys_exit")?])
        });
        match programs {
            Ok(programs) => Ok(Witness { programs, behaviour }),
            Err(Error::Unsupported(why)) => Err(anyhow!(why)),
            Err(Error::Failed(error)) => Err(error),
        }
    }

    /// What it has seen so far.
    ///
    /// # Errors
    /// When its counters cannot be read.
    pub fn testimony(&self) -> Result<Testimony> {
        let stats = self.programs.stats(self.behaviour.index())?;
        Ok(Testimony { happened: stats.seen, prevented: stats.refused })
    }
}
