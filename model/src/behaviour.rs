//! The behaviours: what a process does that security cares about, and where the kernel
//! shows it. One row each; a mechanism watches every row that has what it attaches to.

use std::ffi::c_long;

use crate::policy::Policy;
use crate::version::KernelVersion;

/// A system call by name and number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Syscall {
    /// As in the kernel's `unistd.h`, without the `__NR_`.
    pub name: &'static str,
    /// The number on the architecture that hookbench is built for, which is the guest's.
    pub number: u32,
}

const fn syscall(name: &'static str, number: c_long) -> Syscall {
    Syscall { name, number: number as u32 }
}

/// One row of the table: a behaviour and where the kernel shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Behaviour {
    /// The name used everywhere: `exec`.
    pub name: &'static str,
    /// The system calls that a syscall-based monitor watches for it.
    pub syscalls: &'static [Syscall],
    /// System calls that lead to the same behaviour and that a syscall-based
    /// monitor of `syscalls` does not see.
    pub bypasses: &'static [Syscall],
    /// The LSM hook, without a prefix: `bprm_check_security`.
    pub lsm_hook: &'static str,
    /// The kernel function that kprobe, fentry, fexit and ftrace attach to.
    pub function: &'static str,
    /// The first kernel that has hook and function.
    pub since: KernelVersion,
    /// A bit of the system calls' first argument without which they do something else; 0 if they always
    /// perform the behaviour.
    pub flag: u32,
    /// What a denying monitor refuses.
    pub policy: Policy,
    /// One line for a reader.
    pub about: &'static str,
}

/// All behaviours, in the order of reports.
pub const BEHAVIOURS: &[Behaviour] = &[
    Behaviour {
        name: "exec",
        syscalls: &[syscall("execve", libc::SYS_execve), syscall("execveat", libc::SYS_execveat)],
        bypasses: &[],
        lsm_hook: "bprm_check_security",
        function: "security_bprm_check",
        since: KernelVersion::new(5, 7),
        flag: 0,
        policy: Policy::LdPreload,
        about: "a program is executed",
    },
    Behaviour {
        name: "userns",
        syscalls: &[syscall("unshare", libc::SYS_unshare)],
        bypasses: &[syscall("clone", libc::SYS_clone), syscall("clone3", libc::SYS_clone3)],
        lsm_hook: "userns_create",
        function: "security_create_user_ns",
        since: KernelVersion::new(6, 1),
        flag: libc::CLONE_NEWUSER as u32,
        policy: Policy::Unprivileged,
        about: "a user namespace is created",
    },
    Behaviour {
        name: "mprotect",
        syscalls: &[
            syscall("mprotect", libc::SYS_mprotect),
            syscall("pkey_mprotect", libc::SYS_pkey_mprotect),
        ],
        bypasses: &[],
        lsm_hook: "file_mprotect",
        function: "security_file_mprotect",
        since: KernelVersion::new(5, 7),
        flag: 0,
        policy: Policy::AfterCalls,
        about: "the protection of mapped memory is changed",
    },
];

impl Behaviour {
    /// The row called `name`.
    pub fn find(name: &str) -> Option<&'static Behaviour> {
        BEHAVIOURS.iter().find(|row| row.name == name)
    }

    /// The row that watches the system call with this number.
    pub fn of_syscall(number: u32) -> Option<&'static Behaviour> {
        BEHAVIOURS.iter().find(|row| row.has_syscall(number))
    }

    /// Whether the system call with this number performs the behaviour.
    pub fn has_syscall(&self, number: u32) -> bool {
        self.syscalls.iter().any(|syscall| syscall.number == number)
    }

    /// The row's place in the table: the number that records carry.
    pub fn index(&self) -> usize {
        BEHAVIOURS.iter().position(|row| row.name == self.name).unwrap_or(BEHAVIOURS.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_and_syscalls_stand_in_one_row_only() {
        let names: BTreeSet<_> = BEHAVIOURS.iter().map(|row| row.name).collect();
        assert_eq!(names.len(), BEHAVIOURS.len());
        let numbers: Vec<_> = BEHAVIOURS.iter().flat_map(|row| row.syscalls).map(|s| s.number).collect();
        assert_eq!(numbers.iter().collect::<BTreeSet<_>>().len(), numbers.len());
    }

    #[test]
    fn each_row_is_found_at_its_index() {
        for (index, row) in BEHAVIOURS.iter().enumerate() {
            assert_eq!(Behaviour::find(row.name).map(Behaviour::index), Some(index));
        }
        assert_eq!(Behaviour::find("levitation"), None);
        assert_eq!(Behaviour::of_syscall(322).map(|row| row.name), Some("exec"));
        assert_eq!(Behaviour::of_syscall(39), None);
    }

    /// Recorded runs and modules of users name system calls by these numbers.
    #[cfg(target_arch = "x86_64")]
    #[test]
    fn numbers_of_system_calls_are_those_of_the_architecture() {
        let calls = BEHAVIOURS.iter().flat_map(|row| row.syscalls.iter().chain(row.bypasses));
        let numbers: Vec<_> = calls.map(|call| (call.name, call.number)).collect();
        let x86_64 = [
            ("execve", 59),
            ("execveat", 322),
            ("unshare", 272),
            ("clone", 56),
            ("clone3", 435),
            ("mprotect", 10),
            ("pkey_mprotect", 329),
        ];
        assert_eq!(numbers, x86_64);
    }
}
