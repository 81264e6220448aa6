//! What hookbench asks the program in the guest about a race, and what that answers.

use serde::{Deserialize, Serialize};

use super::judge::Count;

/// The word by which the program in the guest is told to run a race.
pub const RACE: &str = "race";

/// A race that the guest has to run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RaceOrder {
    /// Who records the path.
    pub watcher: Watcher,
    /// The call that takes the path.
    pub call: RacedCall,
    /// How the path is rewritten.
    pub attack: Attack,
    /// The policy that is attached meanwhile, by its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
}

/// The place where a record is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Watcher {
    /// A BPF program at the entry of system calls reads the path.
    SysEnter,
    /// A BPF program on a kprobe of the function of the call reads it.
    Kprobe,
    /// A BPF program at the exit of system calls reads it.
    SysExit,
    /// A BPF program on an LSM hook takes the name of the file that the kernel opened.
    BpfLsm,
    /// The audit subsystem's record of the path.
    Audit,
    /// A supervisor that seccomp notifies reads the path in /proc/PID/mem and lets the call continue.
    Notify,
    /// The same supervisor refuses the evil file and lets other calls continue.
    NotifyDeny,
    /// The supervisor opens the path that it read, and gives the caller the descriptor.
    NotifyAddfd,
}

/// A call that takes a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RacedCall {
    /// `openat`.
    Openat,
    /// `openat2`, whose other argument is in memory too.
    Openat2,
    /// `execve`.
    Execve,
}

/// How the path is rewritten while the call runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Attack {
    /// Another process rewrites it at each of many instants around the call.
    Sweep {
        /// The distance of the instants in the first pass, in instructions.
        step: u32,
        /// The distance in the second pass, which looks closely at where records lied.
        fine: u32,
    },
    /// The kernel waits for a page meanwhile.
    SlowPage {
        /// By which means the page is slow.
        means: Means,
        /// What is in the page.
        page: Page,
    },
}

/// What makes a page slow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Means {
    /// An ordinary user drops a page of a file from its memory.
    Dropped,
    /// An ordinary user mounts a FUSE file system in a user namespace.
    Fuse,
    /// An ordinary user calls `userfaultfd`.
    Userfaultfd,
    /// Root calls `userfaultfd`.
    RootUserfaultfd,
}

/// What is in the slow page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Page {
    /// The path.
    Path,
    /// The `how` of `openat2`, which the kernel reads before the path.
    How,
}

/// How a race went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RaceAnswer {
    /// A sweep.
    Swept(Swept),
    /// Tries with a slow page.
    SlowPage(SlowPage),
    /// The kernel cannot have the watcher or the policy, for this reason.
    Unsupported(String),
}

/// What came out of a sweep.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Swept {
    /// The outcomes of all tries.
    pub count: Count,
    /// Where records lied; `None` if none did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<Width>,
}

/// The window in which rewriting the path makes the record lie, in instructions from the call to the write. What the
/// attacker's wake-up takes is part of both ends. The window is the one that fits most tries: an attacker whose wake-up
/// takes longer than usual, as when a tick of the kernel's clock comes in between, writes earlier than it seems.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Width {
    /// The last other try before the window; `None` if the sweep begins in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<i64>,
    /// The first lie.
    pub first: i64,
    /// The last lie.
    pub last: i64,
    /// The first other try after the window; `None` if the sweep ends in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<i64>,
    /// How many tries do not fit: lies outside of the window, and others inside.
    pub stray: u64,
}

impl Width {
    /// From the first lie to the last, in instructions. Where the kernel cannot be interrupted, no try writes: the
    /// window may be wider.
    pub fn at_least(&self) -> u64 {
        self.last.abs_diff(self.first)
    }

    /// From the last other try before the window to the first after it; `None` if the sweep does not cover the window.
    pub fn at_most(&self) -> Option<u64> {
        Some(self.after?.abs_diff(self.before?))
    }
}

/// What came out of tries with a slow page.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlowPage {
    /// The outcomes of all tries.
    pub count: Count,
    /// What the kernel refused, if the race could not be run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<Refusal>,
}

/// A call that the kernel refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// The call.
    pub call: String,
    /// Its error number.
    pub errno: i32,
}
