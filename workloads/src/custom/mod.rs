//! Custom workloads: the description of each kind, and what its way is. They are not rows of the table, because
//! nothing can list them before the user names them. How each kind is timed is in its own file.

use hookbench_model::{Behaviour, CustomWorkload, CustomWorkloadKind, DenyScope, Enforcement, Params};

use crate::{Denial, Info, Way, Workload};

#[cfg(feature = "ask")]
pub mod ask;
mod command;
mod sequence;

/// The folder in the guest, relative to its root, that holds a command's payload and in which the command runs.
/// Custom monitors that are commands use it too.
pub const FOLDER: &str = "own";

const COMMAND: Info = Info {
    name: "cmd",
    behaviour: "exec",
    params: &[],
    samples: 20,
    warmup: 5,
    about: "a custom command, from its fork to its end: cmd:COMMAND",
};

const CALLS: Info = Info {
    name: "syscalls",
    behaviour: "mprotect",
    params: &[],
    samples: 200,
    warmup: 20,
    about: "system calls that a file describes: syscalls:FILE.toml",
};

/// The descriptions of the kinds. A sequence has another one once its file is read.
static KINDS: [Info; 2] = [COMMAND, CALLS];

/// The description of the kind of custom workload that `name` names; `None` if it names none.
pub(crate) fn info(name: &str) -> Option<&'static Info> {
    let (kind, rest) = CustomWorkloadKind::of(name)?;
    kind.names(rest).then_some(match kind {
        CustomWorkloadKind::Command => &KINDS[0],
        CustomWorkloadKind::Calls => &KINDS[1],
    })
}

/// A custom workload.
pub struct Custom<'a> {
    info: Info,
    /// A command or a sequence has one way: what the user wrote.
    way: [&'a dyn Way; 1],
    is_command: bool,
}

impl<'a> Custom<'a> {
    /// The workload that `work` describes; `None` if hookbench does not know its behaviour.
    pub(crate) fn new(work: &'a CustomWorkload) -> Option<Custom<'a>> {
        Some(match work {
            CustomWorkload::Command(command) => Custom { info: COMMAND, way: [command], is_command: true },
            CustomWorkload::Calls(sequence) => {
                let named = sequence.behaviour.as_deref().unwrap_or(CALLS.behaviour);
                let info = Info { behaviour: Behaviour::find(named)?.name, ..CALLS };
                Custom { info, way: [sequence], is_command: false }
            }
        })
    }
}

impl Workload for Custom<'_> {
    fn info(&self) -> &Info {
        &self.info
    }

    fn ways(&self) -> &[&dyn Way] {
        &self.way
    }

    /// The policies do not know custom workloads. Only a monitor that refuses every exec refuses a command. What
    /// a custom monitor has to refuse, the user says.
    fn denial(&self, _: &Params, enforcement: Enforcement) -> Option<Denial> {
        let refuses_all = match enforcement {
            Enforcement::Denies(DenyScope::Everyone) => self.is_command,
            Enforcement::Expects(_) => true,
            _ => false,
        };
        if refuses_all { Denial::of_every_operation(enforcement) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hookbench_model::custom_workload::{CommandWorkload, Sequence};

    use crate::Effect;

    #[test]
    fn a_name_of_a_kind_is_known_before_it_is_read() {
        assert_eq!(crate::info("cmd:true").map(|info| info.samples), Some(20));
        assert_eq!(crate::info("syscalls:a.toml").map(|info| info.samples), Some(200));
        for wrong in ["cmd:", "cmd:a b", "syscalls:a", "elf:a"] {
            assert!(crate::info(wrong).is_none(), "{wrong}");
        }
    }

    fn sequence(behaviour: Option<&str>) -> CustomWorkload {
        let behaviour = behaviour.map(String::from);
        CustomWorkload::Calls(Sequence { behaviour, events: 3, ..Sequence::default() })
    }

    /// The behaviour of `work` and the events of so many operations.
    fn expected_events(work: &CustomWorkload, operations: u64) -> Option<(&'static str, u64)> {
        let custom = Custom::new(work)?;
        let workload: &dyn Workload = &custom;
        let expected = workload.expected(Params::NONE, Enforcement::Observes, operations);
        Some((custom.info.behaviour, expected.events))
    }

    #[test]
    fn a_sequence_owes_the_events_that_its_file_names() {
        assert_eq!(expected_events(&sequence(Some("exec")), 5), Some(("exec", 15)));
        let at_end = crate::unwatched::MPROTECTS;
        assert_eq!(expected_events(&sequence(None), 5), Some(("mprotect", at_end)));
        assert_eq!(expected_events(&sequence(Some("telepathy")), 5), None);
    }

    #[test]
    fn a_refused_command_leaves_nothing_behind() {
        let command =
            CommandWorkload { program: "/bin/true".into(), words: vec!["true".into()], expect_exit: 3 };
        let work = CustomWorkload::Command(command);
        let custom = Custom::new(&work).unwrap();
        let workload: &dyn Workload = &custom;
        let effect = |enforcement| workload.expected(Params::NONE, enforcement, 25).effect;
        assert_eq!(effect(Enforcement::Observes), Some(Effect::ExitCode(3)));
        assert_eq!(effect(Enforcement::Denies(DenyScope::Policy)), Some(Effect::ExitCode(3)));
        assert_eq!(effect(Enforcement::Denies(DenyScope::Everyone)), Some(Effect::Nothing));
    }
}
