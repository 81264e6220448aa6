//! How often BPF programs ran, as the kernel counts it. Counting costs each run some
//! dozens of instructions, so it is on only while somebody asks, and never while
//! operations are timed.

use std::os::fd::{FromRawFd, OwnedFd};

use anyhow::{Context, Result};
use libbpf_rs::query::ProgInfoIter;

/// A program in the kernel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// The kernel's number of it.
    pub id: u32,
    /// Its name in its object; as long as the kernel keeps it otherwise.
    pub name: String,
}

/// The kernel counts runs as long as this lives.
pub struct Counting(#[expect(dead_code, reason = "counting ends when it is closed")] OwnedFd);

impl Counting {
    /// Lets the kernel count.
    ///
    /// # Errors
    /// When it refuses.
    pub fn start() -> Result<Counting> {
        // SAFETY: takes a number.
        let descriptor = unsafe { libbpf_sys::bpf_enable_stats(libbpf_sys::BPF_STATS_RUN_TIME) };
        if descriptor < 0 {
            return Err(std::io::Error::from_raw_os_error(-descriptor))
                .context("failed to have the kernel count the runs of BPF programs");
        }
        // SAFETY: the kernel has just given us this descriptor.
        Ok(Counting(unsafe { OwnedFd::from_raw_fd(descriptor) }))
    }

    /// How often each of `programs` has run so far while somebody counted; in their order.
    pub fn runs(&self, programs: &[Program]) -> Vec<u64> {
        let all: Vec<(u32, u64)> = ProgInfoIter::default().map(|info| (info.id, info.run_cnt)).collect();
        let of =
            |program: &Program| all.iter().find(|(id, _)| *id == program.id).map_or(0, |(_, runs)| *runs);
        programs.iter().map(of).collect()
    }
}

/// All programs in the kernel.
pub(super) fn all() -> Vec<Program> {
    let program = |info: libbpf_rs::query::ProgramInfo| Program {
        id: info.id,
        name: info.name.to_string_lossy().into_owned(),
    };
    ProgInfoIter::default().map(program).collect()
}
