//! The machine whose hardware clocks were read: its properties, and its state during the run.
//! A reader of the numbers needs both. The crate `harness` collects them.

use serde::{Deserialize, Serialize};

/// A machine and its state when the run began.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Hardware {
    /// The CPU's model name.
    pub cpu_model: String,
    /// The number of CPUs that are online.
    pub cpus: u32,
    /// The CPU to which hookbench pinned the workers.
    pub pinned_to: u32,
    /// The `scaling_governor` of that CPU; empty if the kernel does not set its frequency.
    #[serde(default)]
    pub governor: String,
    /// Whether the CPU may run faster than its nominal rate, if known.
    #[serde(default)]
    pub turbo: Option<bool>,
    /// Whether two CPUs share a core, if known.
    #[serde(default)]
    pub smt: Option<bool>,
    /// The CPUs that share a core with the worker's CPU.
    #[serde(default)]
    pub siblings: Vec<u32>,
    /// The load average of the last minute, in hundredths.
    pub load_percent: u32,
    /// The ticks that a hypervisor took from this machine during the run (steal time).
    #[serde(default)]
    pub steal_ticks: u64,
    /// Each CPU vulnerability with its mitigation.
    #[serde(default)]
    pub mitigations: Vec<(String, String)>,
    /// The hypervisor under which the machine runs; empty on bare metal.
    #[serde(default)]
    pub hypervisor: String,
    /// Whether the time-stamp counter runs at a constant rate in all power states
    /// (CPUID 8000_0007, EDX bit 8).
    pub invariant_tsc: bool,
    /// The rate of the time-stamp counter in kHz, if the CPU reports it (CPUID 15H).
    #[serde(default)]
    pub tsc_khz: Option<u64>,
    /// Whether the workers ran as real-time tasks, or why not.
    #[serde(default)]
    pub real_time: Option<String>,
    /// The number of rounds.
    pub rounds: u32,
    /// The seed of the random order of cells in each round.
    pub seed: u64,
    /// The order in which cells ran: for each round, their numbers in the plan.
    #[serde(default)]
    pub order: Vec<Vec<u32>>,
    /// The clocks that the user selected, the main clock first.
    pub clocks: Vec<String>,
    /// Reasons to doubt the numbers of this machine.
    #[serde(default)]
    pub warnings: Vec<String>,
}
