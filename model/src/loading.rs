//! The cost of each step of loading a BPF object. The agent measures it in the guest.

use serde::{Deserialize, Serialize};

/// The parts of [`attach_cost`](crate::Measured::attach_cost) that the loader of a BPF object
/// spends, in the clock's unit. They do not overlap. Starting readers and other work of the
/// monitor belong to no part.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Loading {
    /// Reading the object file. It includes creating maps and relocating programs in loaders
    /// that do both in this step, like aya.
    pub open: u64,
    /// Creating maps, relocating programs to the kernel's types and passing them to the kernel,
    /// without the time in `BPF_PROG_LOAD`.
    pub load: u64,
    /// The kernel's `BPF_PROG_LOAD`: its verifier and its compiler.
    pub verify: u64,
    /// Attaching the loaded programs.
    pub attach: u64,
    /// How much the resident memory of the agent and its readers grew meanwhile, in bytes. It
    /// is part of [`memory_bytes`](crate::Measured::memory_bytes).
    pub agent_bytes: i64,
}
