//! What a loader of BPF objects did until its programs ran, step by step. Who
//! takes the time is in the guest.

use serde::{Deserialize, Serialize};

/// The parts of [`attach_cost`](crate::Measured::attach_cost) that a loader of BPF
/// objects spends, in the clock's unit. None holds another; starting readers and
/// what else a monitor does is in none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Loading {
    /// Reading the object file. A loader that makes its maps and relocates its
    /// programs in the same step, as aya does, does so here.
    pub open: u64,
    /// Making maps, relocating programs to the kernel's types, and handing them
    /// over; without the time in the kernel's `BPF_PROG_LOAD`.
    pub load: u64,
    /// In the kernel's `BPF_PROG_LOAD`: its verifier and its compiler.
    pub verify: u64,
    /// Attaching the programs that are loaded.
    pub attach: u64,
    /// By how many bytes the agent's resident memory grew meanwhile, with that of
    /// its readers; part of [`memory_bytes`](crate::Measured::memory_bytes).
    pub agent_bytes: i64,
}
