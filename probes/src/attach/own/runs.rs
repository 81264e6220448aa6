//! How often BPF programs ran, as the kernel counts it. Counting costs each run some
//! dozens of instructions, so it is on only while somebody asks, and never while
//! operations are timed. Nothing here needs bpf(), which an object may refuse.

use std::collections::BTreeSet;
use std::fs;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use anyhow::{Context, Result};
use libbpf_rs::query::ProgInfoIter;
use libbpf_rs::{Program as Handle, ProgramMut};

/// Switches counting on (1) and off (0); one of our own keeps nobody else from it.
const SWITCH: &str = "/proc/sys/kernel/bpf_stats_enabled";

/// A program in the kernel.
#[derive(Debug)]
pub struct Program {
    /// Its name in its object; as long as the kernel keeps it otherwise.
    pub name: String,
    descriptor: OwnedFd,
}

impl Program {
    /// A loaded program of an object.
    pub(super) fn of(program: &ProgramMut<'_>) -> Result<Program> {
        let descriptor = program.as_fd().try_clone_to_owned().context("failed to keep a program")?;
        Ok(Program { name: program.name().to_string_lossy().into_owned(), descriptor })
    }

    fn runs(&self) -> Result<u64> {
        let file = format!("/proc/self/fdinfo/{}", self.descriptor.as_raw_fd());
        let text = fs::read_to_string(&file).with_context(|| format!("failed to read {file}"))?;
        let runs = text.lines().find_map(|line| line.strip_prefix("run_cnt:")?.trim().parse().ok());
        runs.with_context(|| format!("the kernel does not say how often {} ran", self.name))
    }
}

/// The kernel counts runs as long as this lives.
pub struct Counting(());

impl Counting {
    /// Lets the kernel count.
    ///
    /// # Errors
    /// When it refuses.
    pub fn start() -> Result<Counting> {
        fs::write(SWITCH, "1").with_context(|| format!("failed to write 1 to {SWITCH}"))?;
        Ok(Counting(()))
    }

    /// How often each of `programs` has run so far while somebody counted; in their order.
    ///
    /// # Errors
    /// When the kernel does not say.
    pub fn runs(&self, programs: &[Program]) -> Result<Vec<u64>> {
        programs.iter().map(Program::runs).collect()
    }
}

impl Drop for Counting {
    fn drop(&mut self) {
        // Nobody is left to tell; a guest ends with its cell.
        let _ = fs::write(SWITCH, "0");
    }
}

/// The kernel's numbers of all programs.
pub(super) fn numbers() -> BTreeSet<u32> {
    ProgInfoIter::default().map(|info| info.id).collect()
}

/// All programs that have another number.
pub(super) fn but(before: &BTreeSet<u32>) -> Result<Vec<Program>> {
    let others = ProgInfoIter::default().filter(|info| !before.contains(&info.id));
    let program = |info: libbpf_rs::query::ProgramInfo| {
        let name = info.name.to_string_lossy().into_owned();
        let descriptor = Handle::fd_from_id(info.id).with_context(|| format!("failed to reach {name}"))?;
        Ok(Program { name, descriptor })
    };
    others.map(program).collect()
}
