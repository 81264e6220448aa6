//! Workloads of a user's own: a command, or a sequence of system calls. Their names in
//! cells, and what a guest is told of them. How they are asked for and read is known
//! to the host alone, how they are timed to the workloads crate.

use serde::{Deserialize, Serialize};

use crate::monitor::plain_name;

/// A kind of workload of one's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CustomWorkloadKind {
    /// A whole command: `cmd:NAME`.
    Command,
    /// A file that describes system calls: `syscalls:NAME.toml`.
    Calls,
}

impl CustomWorkloadKind {
    /// All of them.
    pub const ALL: [CustomWorkloadKind; 2] = [CustomWorkloadKind::Command, CustomWorkloadKind::Calls];

    /// The part before the `:`.
    pub const fn prefix(self) -> &'static str {
        match self {
            CustomWorkloadKind::Command => "cmd",
            CustomWorkloadKind::Calls => "syscalls",
        }
    }

    /// How the name ends.
    pub const fn suffix(self) -> &'static str {
        match self {
            CustomWorkloadKind::Command => "",
            CustomWorkloadKind::Calls => ".toml",
        }
    }

    /// The kind that `text` begins with, and what follows the `:`.
    pub fn of(text: &str) -> Option<(CustomWorkloadKind, &str)> {
        let (prefix, rest) = text.split_once(':')?;
        CustomWorkloadKind::ALL.into_iter().find(|kind| kind.prefix() == prefix).map(|kind| (kind, rest))
    }

    /// Whether `name` can follow the `:` in a cell.
    pub fn names(self, name: &str) -> bool {
        plain_name(name, self.suffix())
    }
}

/// What a guest is told of a workload of one's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum CustomWorkload {
    /// A command.
    Command(CommandWorkload),
    /// System calls.
    Calls(Sequence),
}

/// A command that is timed from its fork to its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommandWorkload {
    /// The program's path in the guest.
    pub program: String,
    /// The words that it is given, its own name first.
    pub words: Vec<String>,
    /// The exit code that it has to end with.
    pub expect_exit: i32,
}

/// System calls that are one operation, and those around it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sequence {
    /// The behaviour that its calls are, if they are any: a row's name.
    pub behaviour: Option<String>,
    /// How many events of it an operation raises.
    pub events: u32,
    /// Whether it makes calls of other behaviours as well.
    pub others: bool,
    /// Once, before all operations.
    pub setup: Vec<Call>,
    /// Before each operation, untimed.
    pub before: Vec<Call>,
    /// The operation.
    pub call: Vec<Call>,
    /// After each operation, untimed.
    pub after: Vec<Call>,
    /// Once, after all operations.
    pub teardown: Vec<Call>,
    /// The memory that arguments point to, as it is at first.
    pub memory: Vec<Memory>,
    /// How many results are kept.
    pub results: u32,
}

/// Memory that arguments point to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Memory {
    /// How many bytes it has.
    pub size: u32,
    /// What it begins with; the rest is zero.
    pub bytes: Vec<u8>,
}

impl Memory {
    /// The memory itself, as it is at first.
    pub fn made(&self) -> Vec<u8> {
        let mut memory = self.bytes.clone();
        memory.resize(self.size as usize, 0);
        memory
    }
}

/// One system call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// Its name, for messages.
    pub name: String,
    /// Its number on x86-64.
    pub number: u32,
    /// At most six.
    pub args: Vec<Argument>,
    /// Where its result is kept.
    pub result: Option<u32>,
    /// What it has to return.
    pub expect: Expect,
}

/// What a system call is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Argument {
    /// A number.
    Number(i64),
    /// What an earlier call returned.
    Result(u32),
    /// The address of a part of [`Sequence::memory`].
    Address(u32),
    /// The 32-bit number at an offset in it, as it is when the call is made.
    Word(u32, u32),
}

/// What a system call has to return; an error is the negative of its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Expect {
    /// Any result.
    Anything,
    /// No error, and so much at least.
    AtLeast(i64),
    /// This.
    Exactly(i64),
}

impl Expect {
    /// Whether `result` is as expected. Addresses have any bits but those of an error.
    pub fn holds(self, result: i64) -> bool {
        match self {
            Expect::Anything => true,
            Expect::AtLeast(least) => !(-4095..0).contains(&result) && result >= least,
            Expect::Exactly(exactly) => result == exactly,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_and_a_plain_name_make_a_workload() {
        assert_eq!(CustomWorkloadKind::of("cmd:a b"), Some((CustomWorkloadKind::Command, "a b")));
        assert_eq!(
            CustomWorkloadKind::of("syscalls:a/b.toml"),
            Some((CustomWorkloadKind::Calls, "a/b.toml"))
        );
        assert_eq!(CustomWorkloadKind::of("null-syscall"), None);
        assert!(
            CustomWorkloadKind::Calls.names("open-read.toml") && CustomWorkloadKind::Command.names("my-test")
        );
        for wrong in ["", "a b", "-a", "a/b", "a[b]"] {
            assert!(!CustomWorkloadKind::Command.names(wrong), "{wrong}");
        }
        assert!(!CustomWorkloadKind::Calls.names(".toml") && !CustomWorkloadKind::Calls.names("a"));
    }

    #[test]
    fn results_are_as_expected_or_not() {
        assert!(Expect::AtLeast(0).holds(0) && !Expect::AtLeast(0).holds(-2));
        assert!(Expect::Exactly(-2).holds(-2) && !Expect::Exactly(-2).holds(0));
        assert!(!Expect::AtLeast(-4095).holds(-1) && Expect::Anything.holds(-1));
    }
}
