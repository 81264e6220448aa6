//! What made a run's numbers: everything that, changed, may change them.

use serde::{Deserialize, Serialize};

use crate::hardware::Hardware;
use hookbench_model::{Clock, Enforcement, MonitorName, Params, Target};

/// The environment of a run, recorded in `run.json`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Environment {
    /// hookbench's own version.
    pub hookbench: String,
    /// Where cells ran.
    pub target: Target,
    /// What was counted.
    pub clock: Clock,
    /// `qemu-system-x86_64 --version`, its first line.
    pub qemu: String,
    /// QEMU's `-cpu`.
    pub cpu: String,
    /// The guest's memory in MiB.
    pub memory_mib: u32,
    /// QEMU's arguments, with the paths that differ from machine to machine
    /// replaced by their role.
    pub machine: Vec<String>,
    /// The same of guests with several CPUs, by how many.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub machines: Vec<(u16, Vec<String>)>,
    /// The kernels that ran.
    pub kernels: Vec<KernelRecord>,
    /// What they ran.
    pub image: ImageRecord,
    /// The custom monitors that ran.
    #[serde(default, rename = "own", skip_serializing_if = "Vec::is_empty")]
    pub custom_monitors: Vec<CustomMonitorRecord>,
    /// The custom workloads that ran.
    #[serde(default, rename = "works", skip_serializing_if = "Vec::is_empty")]
    pub custom_workloads: Vec<CustomWorkloadRecord>,
    /// What the parameters of monitors are when a cell does not name them: of each
    /// monitor that has any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub usual: Vec<(String, Params)>,
    /// What the monitors are and can do; empty in files of hookbench before it said so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub monitors: Vec<MonitorRecord>,
    /// The compiler of the BPF objects, its first line.
    pub bpf_compiler: String,
    /// The compiler of the agent.
    pub rustc: String,
    /// The machine itself, where its own clocks were read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hardware: Option<Hardware>,
}

/// What a monitor is and can do, for who chooses one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct MonitorRecord {
    /// Its name.
    pub name: MonitorName,
    /// One line for a reader.
    pub about: String,
    /// Where it sees a behaviour, in words: `sees LSM hooks`.
    pub sees: String,
    /// What it does with a behaviour it sees.
    #[serde(rename = "does")]
    pub enforcement: Enforcement,
    /// Whether it is for the process alone that puts it on itself, and its children;
    /// else it is for the whole system.
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
    /// The row's name, `6.1`, or the path of one's own image.
    pub name: String,
    /// The package; empty for one's own image.
    pub package: String,
    /// The package's version.
    pub version: String,
    /// SHA-256 of the image as it was booted.
    pub sha256: String,
    /// The kernel's command lines: profile and words.
    pub boot_lines: Vec<(String, String)>,
    /// The kernel modules that monitors load, where a cell asks for one and they
    /// could be built.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modules: Option<ModulesRecord>,
    /// The kernel's own modules that are loaded in each guest: names and SHA-256.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub loaded: Vec<(String, String)>,
}

/// The kernel modules that were built for a kernel.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ModulesRecord {
    /// Their compiler, by name and version.
    pub compiler: String,
    /// SHA-256 of all of them, one after another in the order of their names.
    pub sha256: String,
}

/// A monitor of one's own: two versions of a file are the same cell, in another
/// environment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CustomMonitorRecord {
    /// Its name in cells: `bpf:NAME.o`.
    pub name: String,
    /// SHA-256 of its file, or of the archive of all that a command brings.
    pub sha256: String,
    /// How many bytes that has.
    pub bytes: u64,
    /// The command, word by word, where it is one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<String>,
    /// What a command has to have written before it counts as ready, as a regular
    /// expression.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready: Option<String>,
    /// Debian packages that it brings, with their versions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub packages: Vec<(String, String)>,
}

/// A workload of one's own: two versions of it are the same cell, in another
/// environment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CustomWorkloadRecord {
    /// Its name in cells: `cmd:NAME`, `syscalls:NAME.toml`.
    pub name: String,
    /// SHA-256 of its file, or of the archive of all that a command brings.
    pub sha256: String,
    /// How many bytes that has.
    pub bytes: u64,
    /// The command, word by word, where it is one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<String>,
    /// The exit code that a command has to end with, where that is not 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expect_exit: Option<i32>,
    /// Debian packages that it brings, with their versions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub packages: Vec<(String, String)>,
}

/// The initramfs of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ImageRecord {
    /// SHA-256 of the whole image.
    pub sha256: String,
    /// SHA-256 of the agent in it.
    pub agent_sha256: String,
    /// Debian packages in it, with their versions.
    pub packages: Vec<(String, String)>,
}
