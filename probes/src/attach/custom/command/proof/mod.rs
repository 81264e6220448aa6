//! What in the kernel shows that a command watches: each file here reads one place in which
//! that can be seen. A [`Look`] is all of it at one time; what is new in a later look are
//! [`Signs`].

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use super::processes::{self, descendants};
use crate::attach::bpf::runs::program_ids;
use audit::Audit;
use descriptors::Descriptors;
use tracing::Tracing;

mod audit;
mod descriptors;
mod modules;
mod ptrace;
mod security;
mod tracing;

/// What is known about the events that a sign stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Saw {
    /// The kernel does not count them.
    Uncounted,
    /// A number that changes with them.
    Count(u64),
    /// They wake the command.
    Wakes,
    /// Runs of BPF programs, which the agent counts later.
    Runs,
    /// The operations make none, for this reason.
    Nothing(&'static str),
}

/// One way in which a command watches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sign {
    /// What it is, in words.
    pub(super) text: String,
    /// What is known about its events.
    pub(super) saw: Saw,
    /// How many there are, if their number may not grow while the operations are made.
    pub(super) parts: Option<usize>,
}

impl Sign {
    fn new(text: impl Into<String>, saw: Saw) -> Sign {
        Sign { text: text.into(), saw, parts: None }
    }

    fn of_parts(self, parts: usize) -> Sign {
        Sign { parts: Some(parts), ..self }
    }
}

/// The ways in which a command watches, each under the name of its kind.
pub(super) type Signs = BTreeMap<&'static str, Sign>;

/// The state of the kernel and of a command's processes at one time.
#[derive(Debug, Default)]
pub(super) struct Look {
    tracing: Tracing,
    audit: Option<Audit>,
    modules: BTreeSet<String>,
    security: BTreeSet<String>,
    programs: BTreeSet<u32>,
    descriptors: Descriptors,
    traced: BTreeSet<libc::pid_t>,
}

impl Look {
    /// Looks at the kernel, and at the processes below `terminal`, if the command runs.
    ///
    /// # Errors
    /// When `/proc` or the status of audit cannot be read.
    pub(super) fn take(terminal: Option<libc::pid_t>) -> Result<Look> {
        let all = processes::all()?;
        let own = terminal.map(|terminal| descendants(&all, terminal)).unwrap_or_default();
        Ok(Look {
            tracing: Tracing::read(),
            audit: Audit::read()?,
            modules: modules::read(),
            security: security::read(),
            programs: program_ids(),
            descriptors: Descriptors::read(&own),
            traced: ptrace::traced(&all, &own),
        })
    }

    /// What is there now and was not `before`.
    pub(super) fn since(&self, before: &Look) -> Signs {
        let kinds = [
            ("programs", self.programs_since(before)),
            ("tracing", self.tracing.since(&before.tracing)),
            ("perf", self.descriptors.perf_events()),
            ("ptrace", ptrace::sign(&self.traced)),
            ("audit", Audit::since(self.audit.as_ref(), before.audit.as_ref())),
            ("modules", modules::since(&self.modules, &before.modules)),
            ("security", security::since(&self.security, &before.security)),
            ("marks", self.descriptors.marks()),
        ];
        kinds.into_iter().filter_map(|(kind, sign)| Some((kind, sign?))).collect()
    }

    fn programs_since(&self, before: &Look) -> Option<Sign> {
        let new = self.programs.difference(&before.programs).count();
        (new > 0).then(|| Sign::new(counted(new, "BPF program"), Saw::Runs).of_parts(new))
    }
}

/// `1 mark`, `2 marks`.
fn counted(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// Some of `names`, for a sentence.
fn listed(names: &[&str]) -> String {
    const SHOWN: usize = 3;
    let shown = names[..names.len().min(SHOWN)].join(", ");
    if names.len() > SHOWN { format!("{shown}, …") } else { shown }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_new_is_a_sign() {
        let look =
            |programs: &[u32]| Look { programs: programs.iter().copied().collect(), ..Look::default() };
        assert!(!look(&[1, 2]).since(&look(&[1, 2])).contains_key("programs"));
        let signs = look(&[1, 2]).since(&look(&[2]));
        assert_eq!(signs["programs"], Sign::new("1 BPF program", Saw::Runs).of_parts(1));
    }

    #[test]
    fn long_lists_are_cut() {
        assert_eq!(listed(&["a", "b"]), "a, b");
        assert_eq!(listed(&["a", "b", "c", "d"]), "a, b, c, …");
    }
}
