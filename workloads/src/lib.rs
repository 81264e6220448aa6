//! Workloads: programs that perform a behaviour many times and time each operation. Each is one file, or a folder
//! if it has several ways or much to set up, and one row in [`WORKLOADS`]. The command, the reports and the agent
//! know them from that table alone.

use std::ops::Deref;

use hookbench_model::protocol::CellSpec;

mod arch;
mod call;
mod child;
mod companion;
mod connect;
pub mod custom;
mod denial;
mod effect;
mod execve_noop;
mod folder;
mod fork_exec;
mod fork_exit;
mod fork_shell;
mod forker;
mod fstat;
mod info;
mod module_load;
mod mount_umount;
mod mprotect_storm;
mod null_syscall;
mod open_close;
mod operation;
mod pipe;
mod program;
mod ptrace_attach;
mod read;
mod select;
mod shared;
mod signal;
mod slim;
mod stat;
mod stopwatch;
#[cfg(test)]
mod tests;
mod unshare_burst;
mod unshare_command;
mod unwatched;
mod way;
mod workload;
mod write;

pub use denial::Denial;
pub use effect::{Effect, Expected, Operations};
pub use execve_noop::{LD_PRELOAD, NOOP, noop_path, set_noop_path};
pub use info::Info;
pub use module_load::MODULE_FOLDER;
pub use null_syscall::{NULL_CALL, null_call};
pub use operation::{Idle, Operation, Timed};
pub use stopwatch::{Stopwatch, calibrate, operation_was_made, operations_follow};
pub use way::{Way, WayFacts};
pub use workload::Workload;

/// All built-in workloads, in the order of reports.
pub static WORKLOADS: &[&dyn Workload] = &[
    &null_syscall::NullSyscall,
    &execve_noop::ExecveNoop,
    &unshare_burst::UnshareBurst,
    &unshare_command::UnshareCommand,
    &mprotect_storm::MprotectStorm,
    &read::Read,
    &write::Write,
    &stat::Stat,
    &fstat::Fstat,
    &open_close::OpenClose,
    &select::Select,
    &signal::Signal,
    &pipe::Pipe,
    &fork_exit::ForkExit,
    &fork_exec::ForkExec,
    &fork_shell::ForkShell,
    &connect::Connect,
    &mount_umount::MountUmount,
    &module_load::ModuleLoad,
    &ptrace_attach::PtraceAttach,
];

/// The built-in workload called `name`.
pub fn find(name: &str) -> Option<&'static dyn Workload> {
    WORKLOADS.iter().copied().find(|workload| workload.info().name == name)
}

/// The description of the workload called `name`. For a custom one it is the description of its kind.
pub fn info(name: &str) -> Option<&'static Info> {
    match find(name) {
        Some(workload) => Some(workload.info()),
        None => custom::info(name),
    }
}

/// Finds the workload of the cell `spec`: a built-in one, or the custom one that `spec` carries.
pub fn for_cell(spec: &CellSpec) -> Option<Found<'_>> {
    match &spec.work {
        Some(work) => custom::Custom::new(work).map(Found::Custom),
        None => find(&spec.workload).map(Found::BuiltIn),
    }
}

/// A workload that was found.
pub enum Found<'a> {
    /// A row of the table.
    BuiltIn(&'static dyn Workload),
    /// One that the user supplies.
    Custom(custom::Custom<'a>),
}

impl<'a> Deref for Found<'a> {
    type Target = dyn Workload + 'a;

    fn deref(&self) -> &Self::Target {
        match self {
            Found::BuiltIn(workload) => *workload,
            Found::Custom(custom) => custom,
        }
    }
}
