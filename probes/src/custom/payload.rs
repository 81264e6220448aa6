//! The payload of a custom monitor: where the guest finds it, and how the harness describes
//! a command in it.

use serde::{Deserialize, Serialize};

/// The folder of a payload in the guest, relative to the root.
pub const FOLDER: &str = "own";

/// The file in it that describes a command: a [`MonitorCommand`] as JSON.
pub const COMMAND: &str = "command.json";

/// The parameter of an object that says which of its programs to load, joined by `+`. Its
/// other parameters are its global variables, by name.
#[cfg(feature = "attach")]
pub(crate) const ONLY: &str = "only";

/// A command that is a monitor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MonitorCommand {
    /// The program and its arguments.
    pub words: Vec<String>,
    /// The regular expression that its output must match before it counts as ready.
    pub ready: Option<String>,
}
