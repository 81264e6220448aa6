//! Custom workloads, which users supply: a command, or a sequence of system calls. Their names
//! in cells, and their description for the guest. The host parses the files; the crate
//! `workloads` times the operations.

use serde::{Deserialize, Serialize};

use crate::monitor::plain_name;

/// A kind of custom workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CustomWorkloadKind {
    /// A command: `cmd:NAME`.
    Command,
    /// A file that describes system calls: `syscalls:NAME.toml`.
    Calls,
}

impl CustomWorkloadKind {
    /// All kinds.
    pub const ALL: [CustomWorkloadKind; 2] = [CustomWorkloadKind::Command, CustomWorkloadKind::Calls];

    /// The part before the `:`.
    pub const fn prefix(self) -> &'static str {
        match self {
            CustomWorkloadKind::Command => "cmd",
            CustomWorkloadKind::Calls => "syscalls",
        }
    }

    /// The end of the name.
    pub const fn suffix(self) -> &'static str {
        match self {
            CustomWorkloadKind::Command => "",
            CustomWorkloadKind::Calls => ".toml",
        }
    }

    /// Splits `text` at the `:` into its kind and its name; `None` if it has no known kind.
    pub fn of(text: &str) -> Option<(CustomWorkloadKind, &str)> {
        let (prefix, rest) = text.split_once(':')?;
        CustomWorkloadKind::ALL.into_iter().find(|kind| kind.prefix() == prefix).map(|kind| (kind, rest))
    }

    /// Whether `name` is valid after the `:` in a cell.
    pub fn names(self, name: &str) -> bool {
        plain_name(name, self.suffix())
    }
}

/// A custom workload as the host describes it to the guest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum CustomWorkload {
    /// A command.
    Command(CommandWorkload),
    /// System calls.
    Calls(Sequence),
}

/// A command, timed from its fork to its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommandWorkload {
    /// The program's path in the guest.
    pub program: String,
    /// The arguments, beginning with the program's name.
    pub words: Vec<String>,
    /// The exit code that it must end with.
    pub expect_exit: i32,
}

/// The system calls of one operation, and those before and after it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sequence {
    /// The name of the behaviour of its calls; `None` if they have none.
    pub behaviour: Option<String>,
    /// The number of events of that behaviour per operation.
    pub events: u32,
    /// Calls once before all operations.
    pub setup: Vec<Call>,
    /// Untimed calls before each operation.
    pub before: Vec<Call>,
    /// The timed calls.
    pub call: Vec<Call>,
    /// Untimed calls after each operation.
    pub after: Vec<Call>,
    /// Calls once after all operations.
    pub teardown: Vec<Call>,
    /// The initial contents of the memory that arguments point to.
    pub memory: Vec<Memory>,
    /// The number of results to keep.
    pub results: u32,
}

/// A block of memory that arguments point to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Memory {
    /// The size in bytes.
    pub size: u32,
    /// The first bytes; the rest is zero.
    pub bytes: Vec<u8>,
}

impl Memory {
    /// Returns the initial contents of the whole block.
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
    /// The arguments, at most six.
    pub args: Vec<Argument>,
    /// The index under which its result is kept.
    pub result: Option<u32>,
    /// The result that it must return.
    pub expect: Expect,
}

/// An argument of a system call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Argument {
    /// A number.
    Number(i64),
    /// The result of an earlier call, by its index.
    Result(u32),
    /// The address of a block of [`Sequence::memory`], by its index.
    Address(u32),
    /// The 32-bit number at an offset in such a block at the time of the call.
    Word(u32, u32),
}

/// The result that a system call must return. An error is its negated number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Expect {
    /// Any result.
    Anything,
    /// No error, and at least this number.
    AtLeast(i64),
    /// Exactly this number.
    Exactly(i64),
}

impl Expect {
    /// Whether `result` is as expected. Results from -4095 to -1 are errors; any other bits may
    /// be an address.
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
    fn a_workload_has_a_kind_and_a_plain_name() {
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
    fn expectations_hold_for_the_right_results_only() {
        assert!(Expect::AtLeast(0).holds(0) && !Expect::AtLeast(0).holds(-2));
        assert!(Expect::Exactly(-2).holds(-2) && !Expect::Exactly(-2).holds(0));
        assert!(!Expect::AtLeast(-4095).holds(-1) && Expect::Anything.holds(-1));
    }
}
