//! Custom monitors: what each kind needs. They have no row in the table of mechanisms,
//! because hookbench does not know their names before the user gives them.

use hookbench_model::CustomMonitorKind;

use crate::info::BPF_CONFIG;
use crate::mechanism::mechanism;
use crate::mechanisms::audit::AUDIT_STAYS;
use crate::{Mechanism, MechanismInfo, Monitor, Requires, SinkInfo, Watches};

pub(crate) mod payload;
pub mod rules;
pub(crate) mod tuning;

pub use payload::{COMMAND, FOLDER, Held, MonitorCommand, OBJECT, ObjectFacts};
pub use tuning::{AttachTarget, EXPECT, KINDS, ObjectTuning, Pattern, TuningError, is_choice};

mechanism!(CustomBpf, BPF, crate::attach::custom::object::attach);
mechanism!(CustomAudit, AUDIT, crate::attach::custom::rules::attach);
mechanism!(CustomCommand, COMMAND_INFO, crate::attach::custom::command::attach);

/// The sink of a kind. It owes no count: what it watches is not known before it runs.
const fn sink(requires: Requires, about: &'static str) -> [SinkInfo; 1] {
    [SinkInfo::new("", Watches::Nothing, requires, about)]
}

static BPF: MechanismInfo = MechanismInfo::new(
    "bpf",
    &sink(
        Requires::config(BPF_CONFIG),
        "every program of a compiled object, attached by its section, and a reader of its buffers",
    ),
    "a custom BPF object",
);

static AUDIT: MechanismInfo = MechanismInfo::new(
    "audit",
    &sink(
        Requires::config(&["CONFIG_AUDIT", "CONFIG_AUDITSYSCALL"]),
        "rules that auditctl loads, without a reader of the records",
    ),
    "custom audit rules",
)
.staying(AUDIT_STAYS);

static COMMAND_INFO: MechanismInfo = MechanismInfo::new(
    "cmd",
    &sink(Requires::config(&[]), "a command that is ready before the operations and runs during them"),
    "a custom command",
)
.staying("a command can only be ended, and its end frees its memory");

/// The monitor that stands for all monitors of a kind.
pub fn monitor(kind: CustomMonitorKind) -> Monitor {
    let mechanism: &'static dyn Mechanism = match kind {
        CustomMonitorKind::Bpf => &CustomBpf,
        CustomMonitorKind::Audit => &CustomAudit,
        CustomMonitorKind::Command => &CustomCommand,
    };
    Monitor { mechanism, sink: &mechanism.info().sinks[0] }
}

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
