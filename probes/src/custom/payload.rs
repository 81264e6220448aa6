//! The payload of a custom monitor: where the guest finds it, and how the harness describes
//! a command in it.

use serde::{Deserialize, Serialize};

/// The folder of a payload in the guest, relative to the root.
pub const FOLDER: &str = "own";

/// The file in it that describes a command: a [`MonitorCommand`] as JSON.
pub const COMMAND: &str = "command.json";

/// The file in it that describes a BPF object: [`ObjectFacts`] as JSON.
pub const OBJECT: &str = "object.json";

/// What the host reads from a BPF object because the loader cannot be asked for it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObjectFacts {
    /// The programs that the object puts into its arrays of programs. The object does not
    /// load without them.
    pub held: Vec<Held>,
}

/// A program in an array of programs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Held {
    /// Its name.
    pub program: String,
    /// The program that reaches it by tail calls; `None` if no other program does.
    pub called_by: Option<String>,
    /// Whether it begins a chain of tail calls that leads back to it.
    pub begins: bool,
}

/// A command that is a monitor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MonitorCommand {
    /// The program and its arguments.
    pub words: Vec<String>,
    /// The regular expression that its output must match before it counts as ready.
    pub ready: Option<String>,
}
