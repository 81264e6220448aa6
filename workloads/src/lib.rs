//! Workloads: programs that perform a behaviour many times and time each
//! operation. One file each and one row in [`WORKLOADS`]; the command, the
//! reports and the agent in the guest learn of them from that table alone.

use std::io;
use std::ops::Deref;

use hookbench_model::protocol::CellSpec;
use hookbench_model::{Enforcement, Params, Refusal};

mod doomed;
mod execve_noop;
mod info;
mod mprotect_storm;
mod null_syscall;
pub mod own;
mod spawn;
mod stopwatch;
mod unshare_burst;
mod unshare_command;

pub use execve_noop::{LD_PRELOAD, NOOP, noop, noop_is_at};
use hookbench_model::param::{ParamInfo, Values};
pub use info::Info;
pub use null_syscall::{NULL_CALL, null_call};
pub use stopwatch::{Stopwatch, calibrate};

/// All workloads, in the order of reports.
pub static WORKLOADS: &[&dyn Workload] = &[
    &null_syscall::NullSyscall,
    &execve_noop::ExecveNoop,
    &unshare_burst::UnshareBurst,
    &unshare_command::UnshareCommand,
    &mprotect_storm::MprotectStorm,
];

/// The workload called `name`.
pub fn find(name: &str) -> Option<&'static dyn Workload> {
    WORKLOADS.iter().copied().find(|workload| workload.info().name == name)
}

/// What `name` says of itself: of one's own, what all of its kind do.
pub fn info(name: &str) -> Option<&'static Info> {
    match find(name) {
        Some(workload) => Some(workload.info()),
        None => own::info(name),
    }
}

/// The workload that `spec` asks for: one of ours, or the one of a user's own in it.
pub fn of(spec: &CellSpec) -> Option<Found<'_>> {
    match &spec.work {
        Some(work) => own::Own::of(work).map(Found::Own),
        None => find(&spec.workload).map(Found::Ours),
    }
}

/// A workload that was found.
pub enum Found<'a> {
    /// A row of the table.
    Ours(&'static dyn Workload),
    /// One of a user's own.
    Own(own::Own<'a>),
}

impl<'a> Deref for Found<'a> {
    type Target = dyn Workload + 'a;

    fn deref(&self) -> &Self::Target {
        match self {
            Found::Ours(workload) => *workload,
            Found::Own(own) => own,
        }
    }
}

/// What is timed. An implementation is stateless; the state is its [`Operation`]'s.
pub trait Workload: Sync {
    /// Name, parameters and what it is.
    fn info(&self) -> &Info;

    /// Sets up for operations with `params`, which are complete and valid, under a
    /// monitor that `does` this to them: where it kills, others than the caller have
    /// to make them.
    ///
    /// # Errors
    /// When the process cannot be set up for it.
    fn prepare(&self, params: &Params, enforcement: Enforcement) -> io::Result<Box<dyn Operation>>;

    /// How many events of [`Info::behaviour`] that many operations raise,
    /// timed or not, [`Operation::finish`] included.
    fn events(&self, operations: u64) -> u64;

    /// Whether an operation may raise more of them, which nobody can foretell.
    fn at_least(&self) -> bool {
        false
    }

    /// What a monitor that `does` this does to it; `None` when all operations pass.
    fn denial(&self, params: &Params, enforcement: Enforcement) -> Option<Denial>;

    /// What is timed instead where operations are stopped like this, in words for a
    /// report; `None` where the same is timed as under `none`.
    fn timed_otherwise(&self, _: Denial) -> Option<&'static str> {
        None
    }
}

/// How a monitor that stops operations has to stop those of a workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Denial {
    /// So many operations pass before all others are stopped.
    pub after_operations: u32,
    /// How those end.
    pub refusal: Refusal,
}

impl Denial {
    /// What stops each operation, as what does this does; `None` where it stops none.
    fn of_each(enforcement: Enforcement) -> Option<Denial> {
        enforcement.refusal().map(|refusal| Denial { after_operations: 0, refusal })
    }

    /// Whether who makes the operation dies of it.
    pub fn kills(self) -> bool {
        matches!(self.refusal, Refusal::Signal(_))
    }
}

/// One operation, made again and again; only a part of [`Operation::run_once`] is timed.
pub trait Operation {
    /// What has to precede the pause before the operation.
    ///
    /// # Errors
    /// When the operation cannot be made.
    fn arm(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// Performs the operation once.
    ///
    /// # Errors
    /// When it could not even be tried; a refusal is a [`Timed`] like any other.
    fn run_once(&mut self) -> io::Result<Timed>;

    /// What has to follow it, so that the next costs what this one did.
    ///
    /// # Errors
    /// When the state cannot be restored.
    fn settle(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// What has to follow the last one.
    ///
    /// # Errors
    /// When it fails.
    fn finish(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// One timed operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timed {
    /// What it took, in the unit of the time-stamp counter.
    pub elapsed: u64,
    /// How it was stopped, if it was.
    pub refused: Option<Refusal>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use hookbench_model::Behaviour;
    use std::collections::BTreeSet;

    #[test]
    fn each_file_has_its_row() {
        let parts = ["doomed", "info", "lib", "own", "spawn", "stopwatch"];
        let files: BTreeSet<String> = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))
            .unwrap()
            .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().replace('_', "-"))
            .filter(|name| name != "noop" && !parts.contains(&name.as_str()))
            .collect();
        let rows: BTreeSet<String> = WORKLOADS.iter().map(|workload| workload.info().name.into()).collect();
        assert_eq!(files, rows);
    }

    #[test]
    fn each_behaviour_has_a_row() {
        for workload in WORKLOADS {
            let info = workload.info();
            assert!(Behaviour::find(info.behaviour).is_some(), "{} performs an unknown behaviour", info.name);
        }
    }
}
