//! What a run records about its scenarios and policies. A report then needs nothing but the run.

use hookbench_scenarios::exchange::CustomWindow;
use hookbench_scenarios::{Action, Grade};
use serde::{Deserialize, Serialize};

/// A scenario.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ScenarioRecord {
    /// Its name.
    pub name: String,
    /// A description of one line: what is reached.
    pub about: String,
    /// What shows that it was reached.
    pub effect: String,
    /// Its ways, in the order of reports.
    pub ways: Vec<WayRecord>,
}

/// A way of a scenario.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct WayRecord {
    /// Its name.
    pub name: String,
    /// A description of one line.
    pub about: String,
    /// Whether it is an allowed neighbour, which policies have to let through.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub allowed: bool,
    /// Whether it runs as root. Others run as an ordinary user.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub as_root: bool,
    /// What the user supplied, if it is a custom way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custom: Option<CustomWayRecord>,
}

/// A custom way. The digest of its payload is that of the custom workload of the same name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CustomWayRecord {
    /// The command and its arguments.
    pub command: Vec<String>,
    /// The effect, as the user gave it: `exists:/run/reached`.
    pub effect: String,
    /// The user that runs it.
    pub user: u32,
    /// The payload, as the user named it: packages, paths of files and folders.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bring: Vec<String>,
    /// Where its window opens.
    #[serde(default, skip_serializing_if = "CustomWindow::is_default")]
    pub window: CustomWindow,
}

/// A policy in a grade.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PolicyRecord {
    /// Its name with its grade: `bpf-lsm+deny[complete]`.
    pub name: String,
    /// A description of one line.
    pub about: String,
    /// What it does about a way that it sees.
    pub action: Action,
    /// How thorough it is.
    pub grade: Grade,
    /// Whether it keeps records of what it sees.
    pub keeps_records: bool,
}
