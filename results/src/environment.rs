//! The environment of a run: everything that can change its numbers.

use serde::{Deserialize, Serialize};

use crate::described::{PolicyRecord, ScenarioRecord};
use crate::hardware::Hardware;
use hookbench_model::{Clock, Enforcement, MonitorName, Params, Target};

/// The environment of a run, recorded in `run.json`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Environment {
    /// The version of hookbench.
    pub hookbench: String,
    /// Where the cells ran.
    pub target: Target,
    /// The clock that timed them.
    pub clock: Clock,
    /// The first line of `qemu-system-x86_64 --version`.
    pub qemu: String,
    /// The value of QEMU's `-cpu` option.
    pub cpu: String,
    /// The guest's memory in MiB.
    pub memory_mib: u32,
    /// QEMU's arguments. Paths that differ between machines are replaced by their role.
    pub machine: Vec<String>,
    /// The arguments for guests with several CPUs, by the number of CPUs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub machines: Vec<(u16, Vec<String>)>,
    /// The kernels of the run.
    pub kernels: Vec<KernelRecord>,
    /// The initramfs of the guests.
    pub image: ImageRecord,
    /// The custom monitors of the run.
    #[serde(default, rename = "own", skip_serializing_if = "Vec::is_empty")]
    pub custom_monitors: Vec<CustomMonitorRecord>,
    /// The custom workloads of the run.
    #[serde(default, rename = "works", skip_serializing_if = "Vec::is_empty")]
    pub custom_workloads: Vec<CustomWorkloadRecord>,
    /// The default parameters of each monitor that has parameters. A cell names only those
    /// that differ.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub usual: Vec<(String, Params)>,
    /// What the monitors are and can do. Empty in runs from before hookbench recorded it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub monitors: Vec<MonitorRecord>,
    /// The first line of the version of the compiler that built the BPF objects.
    pub bpf_compiler: String,
    /// The compiler that built the agent.
    pub rustc: String,
    /// Why no cell of the run has an attribution: `the hardware clocks do not count single
    /// instructions`. Empty if cells have one, and in runs from before hookbench recorded it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub unattributed: String,
    /// The scenarios of the run, with their ways.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scenarios: Vec<ScenarioRecord>,
    /// The policies under which they were tried.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<PolicyRecord>,
    /// The SHA-256 of the program that tried them in the guests; empty if there were no scenarios.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub scenario_program: String,
    /// The machine, if its hardware clocks were read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hardware: Option<Hardware>,
}

/// What a monitor is and can do, for readers who choose one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct MonitorRecord {
    /// The monitor's name.
    pub name: MonitorName,
    /// A description of one line.
    pub about: String,
    /// Where it sees a behaviour: `sees LSM hooks`.
    pub sees: String,
    /// What it does with a behaviour it sees.
    #[serde(rename = "does")]
    pub enforcement: Enforcement,
    /// Whether it watches only the process that installs it and the children of that process.
    /// Other monitors watch the whole system.
    pub per_process: bool,
    /// Whether its mechanism can refuse an operation before it happens, even if this monitor
    /// only observes. Runs from before hookbench recorded it do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub can_refuse: Option<bool>,
    /// The first kernel that has it, of those that hookbench measures: `5.15`.
    pub since: String,
}

/// One kernel of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct KernelRecord {
    /// The name in the kernel table, `6.1`, or the path of the user's own image.
    pub name: String,
    /// The Debian package; empty for the user's own image.
    pub package: String,
    /// The package's version.
    pub version: String,
    /// The SHA-256 of the image that hookbench booted.
    pub sha256: String,
    /// The kernel's command lines: boot profile and arguments.
    pub boot_lines: Vec<(String, String)>,
    /// The security modules that were active in guests with each of these command lines, as the
    /// kernel lists them. Without a line of which no cell was measured; empty in runs from before
    /// hookbench recorded it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub security_modules: Vec<(String, String)>,
    /// The kernel modules that monitors load, if a cell needs one and they could be built.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modules: Option<ModulesRecord>,
    /// The kernel's own modules that each guest loads: names and SHA-256.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub loaded: Vec<(String, String)>,
}

/// The kernel modules that hookbench built for a kernel.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ModulesRecord {
    /// The compiler, with its version.
    pub compiler: String,
    /// The SHA-256 of their concatenation, in the order of their names.
    pub sha256: String,
}

/// A custom monitor. Two versions of its file have the same cell and different environments.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CustomMonitorRecord {
    /// Its name in cells: `bpf:NAME.o`.
    pub name: String,
    /// The SHA-256 of its file, or of the archive with a command's payload.
    pub sha256: String,
    /// The size of that file or archive in bytes.
    pub bytes: u64,
    /// The command and its arguments; empty if it is not a command.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<String>,
    /// The regular expression that the output of a command must match before it is ready.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready: Option<String>,
    /// The Debian packages in its payload, with their versions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub packages: Vec<(String, String)>,
}

/// A custom workload. Two versions of it have the same cell and different environments.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CustomWorkloadRecord {
    /// Its name in cells: `cmd:NAME`, `syscalls:NAME.toml`.
    pub name: String,
    /// The SHA-256 of its file, or of the archive with a command's payload.
    pub sha256: String,
    /// The size of that file or archive in bytes.
    pub bytes: u64,
    /// The command and its arguments; empty if it is not a command.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<String>,
    /// The exit code that a command must end with, if it is not 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expect_exit: Option<i32>,
    /// The Debian packages in its payload, with their versions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub packages: Vec<(String, String)>,
}

/// The initramfs of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ImageRecord {
    /// The SHA-256 of the whole image.
    pub sha256: String,
    /// The SHA-256 of the agent in it.
    pub agent_sha256: String,
    /// The Debian packages in it, with their versions.
    pub packages: Vec<(String, String)>,
}
