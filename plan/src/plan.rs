//! A plan, as its TOML file or the command line states it, with globs. `expand.rs` turns
//! it into cells.

use std::collections::BTreeMap;

use hookbench_model::{Profile, Schedule};
use serde::{Deserialize, Serialize};

/// A plan, as its file contains it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The name of the plan, which the run records.
    pub name: String,
    /// What the plan is for.
    #[serde(default)]
    pub about: String,
    /// Kernels by name or path; empty for the default one.
    #[serde(default)]
    pub kernels: Vec<String>,
    /// A regular expression that the output of a monitor command must match before the
    /// command counts as ready.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready: Option<String>,
    /// The payload of commands: names of Debian packages, paths of files and folders.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bring: Vec<String>,
    /// The exit code that a workload command must return; 0 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expect_exit: Option<i32>,
    /// What to measure; each entry expands to the product of its lists.
    pub cells: Vec<Products>,
}

/// A set of cells: every workload under every monitor, with every value.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Products {
    /// Names, globs, or custom workloads such as `syscalls:PATH/NAME.toml`.
    pub workloads: Vec<String>,
    /// Names, globs, or custom monitors such as `bpf:PATH/NAME.o`. `none` is always added,
    /// as the baseline.
    pub monitors: Vec<String>,
    /// Those of the plan's kernels that these cells are for; all by default.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kernels: Vec<String>,
    /// Schedules; `paced` by default.
    #[serde(default)]
    pub schedules: Vec<Schedule>,
    /// Boot profiles; `lean` by default.
    #[serde(default)]
    pub profiles: Vec<Profile>,
    /// Numbers of CPUs; one by default.
    #[serde(default)]
    pub cpus: Vec<u16>,
    /// The guest's memory in MiB; 256 by default.
    #[serde(default)]
    pub memory: Vec<u32>,
    /// Values of workload and monitor parameters. A parameter that is not listed has its
    /// default values.
    #[serde(default)]
    pub params: BTreeMap<String, Vec<String>>,
    /// The number of operations to time; the workload's number by default.
    #[serde(default)]
    pub samples: Option<u32>,
}
