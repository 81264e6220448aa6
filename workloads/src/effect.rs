//! Effects: what operations left behind, as the kernel shows it. The agent compares the effect that it finds with
//! the expected one, so a workload that does nothing is not measured. Which effect a way has is in the way's file.

use std::fmt;

/// What operations left behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Nothing at all.
    Nothing,
    /// So many system calls returned the right value.
    Returned(u64),
    /// So many programs exited with 0.
    Exited(u64),
    /// The last program exited with this code.
    ExitCode(i32),
    /// So many children were put into a new user namespace.
    Namespaces(u64),
    /// The kernel can write to the page.
    Writable,
    /// The kernel cannot write to the page.
    ReadOnly,
    /// So many system calls of the last operation returned what they have to.
    LastReturned(u64),
    /// So many children of fork exited as they had to.
    Forked(u64),
}

impl Effect {
    /// The kind and the number of the effect, as the worker leaves them in shared memory. No kind is 0.
    pub const fn parts(self) -> (u32, u64) {
        match self {
            Effect::Nothing => (1, 0),
            Effect::Returned(calls) => (2, calls),
            Effect::Exited(programs) => (3, programs),
            Effect::ExitCode(code) => (4, code as u64),
            Effect::Namespaces(children) => (5, children),
            Effect::Writable => (6, 0),
            Effect::ReadOnly => (7, 0),
            Effect::LastReturned(calls) => (8, calls),
            Effect::Forked(children) => (9, children),
        }
    }

    /// The effect with these [`parts`](Effect::parts); `None` if no effect has this kind.
    pub const fn from_parts(kind: u32, number: u64) -> Option<Effect> {
        match kind {
            1 => Some(Effect::Nothing),
            2 => Some(Effect::Returned(number)),
            3 => Some(Effect::Exited(number)),
            4 => Some(Effect::ExitCode(number as i32)),
            5 => Some(Effect::Namespaces(number)),
            6 => Some(Effect::Writable),
            7 => Some(Effect::ReadOnly),
            8 => Some(Effect::LastReturned(number)),
            9 => Some(Effect::Forked(number)),
            _ => None,
        }
    }
}

impl fmt::Display for Effect {
    /// `30 programs that exited with 0`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Effect::Nothing => f.write_str("nothing"),
            Effect::Returned(calls) => write!(f, "{calls} system calls that returned the right value"),
            Effect::Exited(programs) => write!(f, "{programs} programs that exited with 0"),
            Effect::ExitCode(code) => write!(f, "exit code {code}"),
            Effect::Namespaces(children) => write!(f, "{children} children in a new user namespace"),
            Effect::Writable => f.write_str("a writable page"),
            Effect::ReadOnly => f.write_str("a read-only page"),
            Effect::LastReturned(calls) => {
                write!(f, "{calls} system calls of the last operation with the right result")
            }
            Effect::Forked(children) => write!(f, "{children} children that exited as they had to"),
        }
    }
}

/// What operations have to do, with their number and the monitor known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expected {
    /// How many events of the workload's behaviour they raise, timed or not, and those of
    /// [`Operation::finish`](crate::Operation::finish) with them.
    pub events: u64,
    /// Whether they may raise more of them, as a command does that executes other programs.
    pub at_least: bool,
    /// What they leave behind. `None` if the monitor kills: a killed operation may have happened, and the agent
    /// counts those with a witness instead.
    pub effect: Option<Effect>,
}

/// How many operations were made, and how many of these no monitor stopped. The stopped ones are the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operations {
    /// All of them, the untimed ones included.
    pub made: u64,
    /// Those that passed.
    pub passed: u64,
}

impl Operations {
    /// Whether the last operation passed.
    pub fn last_passed(self) -> bool {
        self.passed == self.made
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_effect_is_read_back_from_its_parts() {
        let all = [
            Effect::Nothing,
            Effect::Returned(220),
            Effect::Exited(520),
            Effect::ExitCode(-1),
            Effect::Namespaces(120),
            Effect::Writable,
            Effect::ReadOnly,
            Effect::LastReturned(3),
            Effect::Forked(120),
        ];
        for effect in all {
            let (kind, number) = effect.parts();
            assert_eq!(Effect::from_parts(kind, number), Some(effect));
        }
        // Shared memory that nobody wrote.
        assert_eq!(Effect::from_parts(0, 0), None);
    }
}
