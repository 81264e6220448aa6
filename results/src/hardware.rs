//! The machine whose own clocks were read: what it is, and what it did meanwhile.
//! Whoever reads the numbers has to know both. How it is found out is the harness's
//! business.

use serde::{Deserialize, Serialize};

/// A machine, and what went on in it when a run began.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Hardware {
    /// The CPU's name.
    pub cpu_model: String,
    /// How many CPUs are online.
    pub cpus: u32,
    /// The one on which workers stayed.
    pub pinned_to: u32,
    /// `scaling_governor` of that CPU; empty where the kernel sets no frequency.
    #[serde(default)]
    pub governor: String,
    /// Whether the CPU may run faster than its nominal rate, where it is known.
    #[serde(default)]
    pub turbo: Option<bool>,
    /// Whether two CPUs share a core, where it is known.
    #[serde(default)]
    pub smt: Option<bool>,
    /// CPUs that share the core of the worker's.
    #[serde(default)]
    pub siblings: Vec<u32>,
    /// What else runs: the load average of the minute before, in hundredths.
    pub load_percent: u32,
    /// Ticks that a hypervisor took from this machine during the run.
    #[serde(default)]
    pub steal_ticks: u64,
    /// Each vulnerability with what is done about it.
    #[serde(default)]
    pub mitigations: Vec<(String, String)>,
    /// The hypervisor under which the machine runs; empty where it is none.
    #[serde(default)]
    pub hypervisor: String,
    /// Whether the time-stamp counter runs at a constant rate in all states
    /// (CPUID 8000_0007, EDX bit 8).
    pub invariant_tsc: bool,
    /// The rate of the time-stamp counter in kHz, where the CPU says it (CPUID 15H).
    #[serde(default)]
    pub tsc_khz: Option<u64>,
    /// Whether workers ran as real-time tasks, and if not, why.
    #[serde(default)]
    pub real_time: Option<String>,
    /// How many rounds there were.
    pub rounds: u32,
    /// Where the random order of cells in each round begins.
    pub seed: u64,
    /// The order in which cells ran, a list of the plan's numbers per round.
    #[serde(default)]
    pub order: Vec<Vec<u32>>,
    /// The clocks that were asked for, the first first.
    pub clocks: Vec<String>,
    /// What makes numbers of this machine doubtful, in words.
    #[serde(default)]
    pub warnings: Vec<String>,
}
