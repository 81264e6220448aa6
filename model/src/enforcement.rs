//! Enforcement: what a monitor does with a behaviour it sees, and how a refused operation ends.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a monitor does with a behaviour it sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Enforcement {
    /// It observes, or it is attached without seeing anything.
    Observes,
    /// It makes operations fail.
    Denies(DenyScope),
    /// It kills the task whose operation the behaviour's policy refuses, with SIGKILL.
    Kills,
}

/// Which operations a denying monitor refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum DenyScope {
    /// The operations that the policy in the behaviour table names.
    Policy,
    /// All operations, because it cannot inspect them.
    Everyone,
}

impl Enforcement {
    /// Describes it in words.
    pub const fn about(self) -> &'static str {
        match self {
            Enforcement::Observes => "observes",
            Enforcement::Denies(DenyScope::Policy) => "denies by the policy",
            Enforcement::Denies(DenyScope::Everyone) => "denies all",
            Enforcement::Kills => "kills by the policy",
        }
    }

    /// Returns how a refused operation ends; `None` if the monitor only observes.
    pub const fn refusal(self) -> Option<Refusal> {
        match self {
            Enforcement::Observes => None,
            Enforcement::Denies(_) => Some(Refusal::Errno(libc::EPERM)),
            Enforcement::Kills => Some(Refusal::Signal(libc::SIGKILL)),
        }
    }
}

/// How a refused operation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The system call failed with this error number.
    Errno(i32),
    /// This signal killed the task.
    Signal(i32),
    /// The program gave up with this exit code.
    Exit(i32),
}

impl Refusal {
    /// Returns its kind and number, which the worker writes to shared memory.
    pub const fn parts(self) -> (u32, i32) {
        match self {
            Refusal::Errno(errno) => (1, errno),
            Refusal::Signal(signal) => (2, signal),
            Refusal::Exit(code) => (3, code),
        }
    }

    /// Returns the refusal with these [`parts`](Refusal::parts); `None` for an unknown kind.
    pub const fn of_parts(kind: u32, number: i32) -> Option<Refusal> {
        match kind {
            1 => Some(Refusal::Errno(number)),
            2 => Some(Refusal::Signal(number)),
            3 => Some(Refusal::Exit(number)),
            _ => None,
        }
    }
}

impl fmt::Display for Refusal {
    /// `EPERM`, `SIGKILL`, `exit code 1`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Refusal::Errno(libc::EPERM) => f.write_str("EPERM"),
            Refusal::Errno(libc::EACCES) => f.write_str("EACCES"),
            Refusal::Errno(libc::ENOMEM) => f.write_str("ENOMEM"),
            Refusal::Errno(libc::ENOENT) => f.write_str("ENOENT"),
            Refusal::Errno(libc::ENOSPC) => f.write_str("ENOSPC"),
            Refusal::Errno(libc::ENOSYS) => f.write_str("ENOSYS"),
            Refusal::Errno(other) => write!(f, "errno {other}"),
            Refusal::Signal(libc::SIGKILL) => f.write_str("SIGKILL"),
            Refusal::Signal(libc::SIGSYS) => f.write_str("SIGSYS"),
            Refusal::Signal(other) => write!(f, "signal {other}"),
            Refusal::Exit(code) => write!(f, "exit code {code}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_round_trip() {
        for refusal in [Refusal::Errno(1), Refusal::Signal(9), Refusal::Exit(127)] {
            let (kind, number) = refusal.parts();
            assert_eq!(Refusal::of_parts(kind, number), Some(refusal));
        }
        assert_eq!(Refusal::of_parts(0, 1), None);
    }

    #[test]
    fn known_numbers_are_shown_by_name() {
        let shown = [Refusal::Errno(1), Refusal::Errno(99), Refusal::Signal(9), Refusal::Exit(1)];
        assert_eq!(shown.map(|refusal| refusal.to_string()), ["EPERM", "errno 99", "SIGKILL", "exit code 1"]);
    }
}
