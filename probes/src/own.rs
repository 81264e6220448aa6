//! Monitors of one's own: what each kind needs and where the guest finds what is
//! brought for it. They are no rows of the table of mechanisms, for nobody can list
//! them before they are named.

use hookbench_model::CustomMonitorKind;
use serde::{Deserialize, Serialize};

use crate::info::BPF_CONFIG;
use crate::{Mechanism, MechanismInfo, Monitor, Requires, SinkInfo, Watches};

/// The folder in the guest, from the root, that holds what is brought for one.
pub const FOLDER: &str = "own";

/// The file in it that says what a command is: a [`Command`] as JSON.
pub const COMMAND: &str = "command.json";

/// The parameter of an object that says which of its programs are loaded, joined by
/// `+`; its others are its global variables, by their names.
pub const ONLY: &str = "only";

/// A command that is a monitor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Command {
    /// The program and its arguments.
    pub words: Vec<String>,
    /// What it has to have written before it counts as ready, as a regular expression.
    pub ready: Option<String>,
}

struct Bpf;
struct Audit;
struct Cmd;

/// What a kind can do is not known before it is tried: none owes a count.
const fn sink(requires: Requires, about: &'static str) -> [SinkInfo; 1] {
    [SinkInfo::new("", Watches::Nothing, requires, about)]
}

static BPF: MechanismInfo = MechanismInfo {
    name: "bpf",
    sinks: &sink(
        Requires::config(BPF_CONFIG),
        "every program of a compiled object, attached by its section; its buffers are read",
    ),
    about: "a BPF object of one's own",
};

static AUDIT: MechanismInfo = MechanismInfo {
    name: "audit",
    sinks: &sink(
        Requires::config(&["CONFIG_AUDIT", "CONFIG_AUDITSYSCALL"]),
        "rules that auditctl loads, and nobody who reads the records",
    ),
    about: "audit rules of one's own",
};

static CMD: MechanismInfo = MechanismInfo {
    name: "cmd",
    sinks: &sink(Requires::config(&[]), "a command that runs in the guest, from when it is ready on"),
    about: "a command of one's own",
};

/// The monitor that all of a kind are.
pub fn monitor(kind: CustomMonitorKind) -> Monitor {
    let mechanism: &'static dyn Mechanism = match kind {
        CustomMonitorKind::Bpf => &Bpf,
        CustomMonitorKind::Audit => &Audit,
        CustomMonitorKind::Command => &Cmd,
    };
    Monitor { mechanism, sink: &mechanism.info().sinks[0] }
}

macro_rules! mechanism {
    ($name:ident, $info:ident, $guest:ident) => {
        impl Mechanism for $name {
            fn info(&self) -> &'static MechanismInfo {
                &$info
            }

            #[cfg(feature = "attach")]
            fn attach(
                &self,
                request: &crate::attach::Request,
            ) -> Result<Box<dyn crate::attach::Attached>, crate::attach::Error> {
                crate::attach::own::$guest::attach(request)
            }
        }
    };
}

mechanism!(Bpf, BPF, object);
mechanism!(Audit, AUDIT, rules);
mechanism!(Cmd, CMD, command);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_called_as_its_names_begin() {
        for kind in CustomMonitorKind::ALL {
            assert_eq!(monitor(kind).mechanism.info().name, kind.prefix());
        }
    }
}
