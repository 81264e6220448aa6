//! Workloads of a user's own: what all of a kind are, and how each is timed. They are
//! no rows of the table, for nobody can list them before they are named.

use std::io;

use hookbench_model::{Behaviour, CustomWorkload, CustomWorkloadKind, Enforcement, Params};

use crate::{Denial, Info, Operation, Workload};

#[cfg(feature = "ask")]
pub mod ask;
mod command;
mod sequence;

/// The folder in the guest, from the root, that holds what a command brings, and in
/// which it runs: the one of monitors that are commands.
pub const FOLDER: &str = "own";

const COMMAND: Info = Info {
    name: "cmd",
    behaviour: "exec",
    others: true,
    calls: &[],
    in_children: true,
    params: &[],
    samples: 20,
    warmup: 5,
    about: "a command of one's own, from its fork to its end: cmd:COMMAND",
};

const CALLS: Info = Info {
    name: "syscalls",
    behaviour: "mprotect",
    others: false,
    calls: &[],
    in_children: false,
    params: &[],
    samples: 200,
    warmup: 20,
    about: "system calls that a file describes: syscalls:FILE.toml",
};

/// What all of a kind say of themselves; a sequence says more when it is known.
static KINDS: [Info; 2] = [COMMAND, CALLS];

/// What the workloads of `kind` say of themselves before they are read.
pub fn of_kind(kind: CustomWorkloadKind) -> &'static Info {
    match kind {
        CustomWorkloadKind::Command => &KINDS[0],
        CustomWorkloadKind::Calls => &KINDS[1],
    }
}

/// What the workload called `name` says of itself, if it is one of these.
pub(crate) fn info(name: &str) -> Option<&'static Info> {
    let (kind, rest) = CustomWorkloadKind::of(name)?;
    kind.names(rest).then(|| of_kind(kind))
}

/// One of them.
pub struct Own<'a> {
    work: &'a CustomWorkload,
    info: Info,
}

impl<'a> Own<'a> {
    /// The one that `work` describes; `None` when its behaviour is none.
    pub(crate) fn of(work: &'a CustomWorkload) -> Option<Own<'a>> {
        let info = match work {
            CustomWorkload::Command(_) => COMMAND,
            CustomWorkload::Calls(sequence) => {
                let named = sequence.behaviour.as_deref().unwrap_or(CALLS.behaviour);
                Info { behaviour: Behaviour::find(named)?.name, others: sequence.others, ..CALLS }
            }
        };
        Some(Own { work, info })
    }
}

impl Workload for Own<'_> {
    fn info(&self) -> &Info {
        &self.info
    }

    fn prepare(&self, _: &Params, _: Enforcement) -> io::Result<Box<dyn Operation>> {
        match self.work {
            CustomWorkload::Command(work) => command::prepare(work),
            CustomWorkload::Calls(sequence) => sequence::prepare(sequence),
        }
    }

    fn events(&self, operations: u64) -> u64 {
        match self.work {
            CustomWorkload::Command(_) => operations,
            CustomWorkload::Calls(sequence) => sequence::events(sequence, operations),
        }
    }

    /// A command may execute others.
    fn at_least(&self) -> bool {
        matches!(self.work, CustomWorkload::Command(_))
    }

    /// The policies know nothing of it: only who refuses every exec refuses a command.
    fn denial(&self, _: &Params, enforcement: Enforcement) -> Option<Denial> {
        let all = matches!(enforcement, Enforcement::Denies(hookbench_model::DenyScope::Everyone));
        (all && self.at_least()).then(|| Denial::of_each(enforcement)).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hookbench_model::custom_workload::Sequence;

    #[test]
    fn a_name_of_a_kind_is_known_before_it_is_read() {
        assert_eq!(crate::info("cmd:true").map(|info| info.samples), Some(20));
        assert_eq!(crate::info("syscalls:a.toml").map(|info| info.samples), Some(200));
        for wrong in ["cmd:", "cmd:a b", "syscalls:a", "elf:a"] {
            assert!(crate::info(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn a_sequence_owes_the_events_that_it_says() {
        let of = |behaviour: Option<&str>| {
            let behaviour = behaviour.map(String::from);
            CustomWorkload::Calls(Sequence { behaviour, events: 3, ..Sequence::default() })
        };
        assert_eq!(
            Own::of(&of(Some("exec"))).map(|own| (own.info.behaviour, own.events(5))),
            Some(("exec", 15))
        );
        let silent = of(None);
        let own = Own::of(&silent).unwrap();
        assert_eq!((own.info.behaviour, own.events(5)), ("mprotect", crate::null_syscall::MPROTECTS));
        assert!(Own::of(&of(Some("telepathy"))).is_none());
    }
}
