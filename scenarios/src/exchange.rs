//! What hookbench sends to the program in the guest, and what that answers: one JSON object each. hookbench does not
//! trust an answer.

use hookbench_model::Attribution;
use serde::{Deserialize, Serialize};

use crate::scenario::Effect;

/// The path of the program in the guest.
pub const PROGRAM: &str = "/scenarios/run";
/// The folder in the guest with the kernel modules that ways need.
pub const MODULES: &str = "/scenarios/modules";

/// The folder in the guest with the policies that hookbench compiled: a file for each, by its mechanism.
pub const POLICY_FOLDER: &str = "/scenarios/policies";
/// The ending of the names of those that deny nothing.
pub const ALLOWING: &str = "allowing";

/// The file in that folder with a line for each module: the modules that it needs, in the order in which to load them,
/// and at the end the module itself.
pub const MODULES_ORDER: &str = "order";
/// The file in that folder that says why it has no modules.
pub const MODULES_GONE: &str = "gone";

/// The file in that folder that says why hookbench could not build its own modules.
pub const MODULES_NOT_BUILT: &str = "not-built";

/// What the guest sets up. Machines that have done so can be copied, for orders about the same scenario.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// The scenario.
    pub scenario: String,
    /// Whether the guest tries all ways once with nothing watching, before it gets its order. QEMU has then translated
    /// what they execute.
    pub rehearses: bool,
    /// The policies that it attaches before that, and removes again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attaches: Vec<String>,
}

/// What the guest has to try: ways of its scenario under one policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// The policy, by its name.
    pub policy: String,
    /// The ways to try; empty for all of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ways: Vec<String>,
    /// Whether the policy is broken on purpose: it attaches, and is about calls, files and users that do not exist.
    #[serde(default, rename = "break", skip_serializing_if = "std::ops::Not::not")]
    pub is_broken: bool,
    /// A custom way, which is tried in place of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custom: Option<CustomWay>,
    /// How to time the allowed neighbours afterwards; `None` if they are not timed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timing: Option<Timing>,
}

/// How to time allowed neighbours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Timing {
    /// How often each is made before.
    pub warmup: u32,
    /// How often each is made and timed.
    pub operations: u32,
}

/// A way that the user supplied: a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CustomWay {
    /// Its name: `cmd:reach`.
    pub name: String,
    /// The path of the program in the guest.
    pub program: String,
    /// The command: the program as the user called it, and its arguments.
    pub words: Vec<String>,
    /// The folder in the guest in which it runs.
    pub folder: String,
    /// The user that runs it.
    pub user: u32,
    /// What shows that it reached its goal.
    pub effect: CustomEffect,
    /// Where its window opens.
    #[serde(default)]
    pub window: CustomWindow,
}

/// Where the window of a custom way opens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum CustomWindow {
    /// Where the program's own code begins: its loader, and the start of the C library, are not the way.
    #[default]
    Entry,
    /// Just before the program is executed: the exec and the program's start are part of the way.
    Exec,
}

impl CustomWindow {
    /// All of them, in the order of help texts.
    pub const ALL: [CustomWindow; 2] = [CustomWindow::Entry, CustomWindow::Exec];

    /// The name used everywhere.
    pub fn name(self) -> &'static str {
        match self {
            CustomWindow::Entry => "entry",
            CustomWindow::Exec => "exec",
        }
    }

    /// Whether it is the usual one.
    pub fn is_default(&self) -> bool {
        *self == CustomWindow::default()
    }
}

/// What shows that a custom way reached its goal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CustomEffect {
    /// There is a file at this path.
    Exists(String),
    /// A file has this content, apart from a line break at its end.
    Content {
        /// The path of the file.
        path: String,
        /// The content.
        text: String,
    },
    /// The command ends with this exit code.
    Exit(u8),
    /// This command of the user ends with exit code 0. It says no with 1; anything else is a failure of the check.
    Check {
        /// The path of the program in the guest.
        program: String,
        /// The program as the user called it, and its arguments.
        words: Vec<String>,
    },
}

/// What the guest found out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer<T = Found> {
    /// It was tried, and this came out. A guest tries the first of the ways alone if the policy cannot record more in it.
    Tried(T),
    /// The kernel cannot have this policy, for this reason.
    Unsupported(String),
}

/// The ways that were tried, and the allowed neighbours that were timed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// The ways.
    #[serde(flatten)]
    pub tried: Tried,
    /// The allowed neighbours, in the order of the scenario; empty if they were not to be timed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub timed: Vec<Timed>,
}

/// An allowed neighbour that was timed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timed {
    /// The neighbour.
    pub way: String,
    /// The instructions of each timed operation; fewer than asked for if there is a reason.
    pub samples: Vec<u64>,
    /// Why it cannot be timed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// The ways that were tried.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Tried {
    /// What is attached, as the kernel names it: hooks, rules, calls.
    pub attached: Vec<String>,
    /// What the policy lacks on this kernel: hooks that it does not have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lacks: Vec<String>,
    /// The ways, in the order of the scenario.
    pub ways: Vec<Tries>,
    /// What the policy costs allowed neighbours, in the order of the scenario. hookbench adds it to what a guest answers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub prices: Vec<Price>,
    /// How many lines the policy's file has, without comments and blank lines. hookbench adds it too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines: Option<u32>,
}

/// What a policy costs an allowed neighbour, or why that is not known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Price {
    /// The neighbour.
    pub way: String,
    /// The cost; `None` if it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Cost>,
    /// Why it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// The cost of an operation, in instructions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Cost {
    /// The instructions of the operation without a policy: the median.
    pub operation: u64,
    /// What the policy adds, divided as the cost of a monitor is.
    pub parts: Attribution,
}

/// What became of one way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Tries {
    /// The way.
    pub way: String,
    /// What it did.
    pub effect: Effect,
    /// The error number that its decisive call returned, if it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub errno: Option<i32>,
    /// The signal that ended it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<i32>,
    /// Why nothing can be said of it: it lacks something, or it did not work as a way has to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invalid: Option<String>,
    /// The error number of what it tried before its decisive call, if it made that call all the same: tampering that
    /// was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hindered: Option<i32>,
    /// What the policy recorded meanwhile.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub records: Vec<Record>,
    /// How many records there were, if more than are listed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub more_records: Option<u64>,
    /// What a reader of the verdict has to know: how a custom way started, and what it left.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// How many records the policy lost meanwhile. A BPF program that the kernel did not run lost one too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost: Option<u64>,
}

/// Something that a policy recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Record {
    /// What it names: a hook, or a system call as the policy understands it.
    pub what: String,
    /// What it says about the object.
    pub object: Object,
    /// The record, for a reader.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
}

/// What a record says about the object of a way: the file, the process, the address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Object {
    /// It names the right one.
    Right,
    /// It has none, as a number of a system call has none.
    None,
    /// It should have one, and is blank.
    Blank,
    /// It names another one.
    Wrong,
    /// It names another call than was made: a 32-bit call under a 64-bit number.
    WrongName,
}

/// The word by which the program in the guest is told to time a policy.
pub const MITIGATE: &str = "mitigate";

/// The word by which the program in the guest is told to try who may attach a policy.
pub const PRIVILEGE: &str = "privilege";

/// A policy that the guest has to time, or to attach with different capabilities.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyOrder {
    /// The policy, by its name.
    pub policy: String,
}

/// How a policy came and went. Times are nanoseconds of the guest's clock, which counts an instruction as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mitigated {
    /// From the order to apply it until that was done.
    pub applied: u64,
    /// The CPU time that the process took for it. The rest was waiting, for example for the kernel's grace periods.
    pub apply_work: u64,
    /// From the order until the first refused call; `None` if none was ever refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<u64>,
    /// Whether it also stops a process that ran before.
    pub reaches_running: bool,
    /// From the order to remove it until the first call that passes; `None` if it cannot be removed, or
    /// refused nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undone: Option<u64>,
    /// The CPU time that the process took to remove it.
    pub undo_work: u64,
    /// Whether it still stops the call when the process that applied it has been killed.
    pub survives_agent: bool,
}

/// Whether an ordinary user with some capabilities can attach a policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrivilegeTry {
    /// The capabilities.
    pub capabilities: String,
    /// Whether the policy was attached, and refused what it has to refuse.
    pub attached: bool,
}
