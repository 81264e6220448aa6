//! How often BPF programs ran, as the kernel counts it. Counting costs each run some dozens
//! of instructions, so it is on only when needed, and never while operations are timed.
//! Reading the counts does not need bpf(), which an object may refuse.

use std::collections::BTreeSet;
use std::fs;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use anyhow::{Context, Result};
use libbpf_rs::query::ProgInfoIter;
use libbpf_rs::{Program as ProgramHandle, ProgramMut};

/// Switches counting on (1) and off (0).
const SWITCH: &str = "/proc/sys/kernel/bpf_stats_enabled";

/// A program in the kernel.
#[derive(Debug)]
pub struct LoadedProgram {
    /// Its name in its object, or as much of it as the kernel keeps.
    pub name: String,
    descriptor: OwnedFd,
}

impl LoadedProgram {
    /// A loaded program of an object.
    pub(in crate::attach) fn from_object(program: &ProgramMut<'_>) -> Result<LoadedProgram> {
        let descriptor =
            program.as_fd().try_clone_to_owned().context("failed to copy the descriptor of a program")?;
        Ok(LoadedProgram { name: program.name().to_string_lossy().into_owned(), descriptor })
    }

    fn runs(&self) -> Result<u64> {
        let file = format!("/proc/self/fdinfo/{}", self.descriptor.as_raw_fd());
        let text = fs::read_to_string(&file).with_context(|| format!("failed to read {file}"))?;
        let runs = text.lines().find_map(|line| line.strip_prefix("run_cnt:")?.trim().parse().ok());
        runs.with_context(|| format!("the kernel does not show how often {} ran", self.name))
    }
}

/// The kernel counts runs as long as this lives.
pub struct RunCounting(());

impl RunCounting {
    /// Makes the kernel count.
    ///
    /// # Errors
    /// When it refuses.
    pub fn start() -> Result<RunCounting> {
        fs::write(SWITCH, "1").with_context(|| format!("failed to write 1 to {SWITCH}"))?;
        Ok(RunCounting(()))
    }

    /// How often each of `programs` has run so far while the kernel counted, in their order.
    ///
    /// # Errors
    /// When the kernel does not show it.
    pub fn runs(&self, programs: &[LoadedProgram]) -> Result<Vec<u64>> {
        programs.iter().map(LoadedProgram::runs).collect()
    }
}

impl Drop for RunCounting {
    fn drop(&mut self) {
        // An error cannot be reported here; a guest ends with its cell.
        let _ = fs::write(SWITCH, "0");
    }
}

/// The kernel's identifiers of all loaded programs.
pub(in crate::attach) fn program_ids() -> BTreeSet<u32> {
    ProgInfoIter::default().map(|info| info.id).collect()
}

/// All loaded programs that were not there `before`.
pub(in crate::attach) fn programs_since(before: &BTreeSet<u32>) -> Result<Vec<LoadedProgram>> {
    let others = ProgInfoIter::default().filter(|info| !before.contains(&info.id));
    let program = |info: libbpf_rs::query::ProgramInfo| {
        let name = info.name.to_string_lossy().into_owned();
        let descriptor = ProgramHandle::fd_from_id(info.id)
            .with_context(|| format!("failed to open the BPF program {name}"))?;
        Ok(LoadedProgram { name, descriptor })
    };
    others.map(program).collect()
}
