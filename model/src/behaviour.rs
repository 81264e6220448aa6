//! The behaviours: what a process does that security cares about, and where the kernel
//! shows it. One row each; a mechanism watches every row that has what it attaches to.

use std::ffi::c_long;

use crate::arch::call_without_arguments;
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
    /// The LSM hook, without a prefix: `bprm_check_security`. `None` if the kernel asks no security module.
    pub lsm_hook: Option<&'static str>,
    /// The kernel function that kprobe, fentry, fexit and ftrace attach to.
    pub function: &'static str,
    /// The first kernel that has hook and function.
    pub since: KernelVersion,
    /// A bit of the system calls' first argument without which they do something else; 0 if they always
    /// perform the behaviour.
    pub flag: u32,
    /// Whether hookbench's own processes perform it too while a monitor is attached. The agent then finds out how
    /// many such events there are, and counts those of the operations alone.
    pub busy: bool,
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
        lsm_hook: Some("bprm_check_security"),
        function: "security_bprm_check",
        since: KernelVersion::new(5, 7),
        flag: 0,
        busy: false,
        policy: Policy::LdPreload,
        about: "a program is executed",
    },
    Behaviour {
        name: "userns",
        syscalls: &[syscall("unshare", libc::SYS_unshare)],
        bypasses: &[syscall("clone", libc::SYS_clone), syscall("clone3", libc::SYS_clone3)],
        lsm_hook: Some("userns_create"),
        function: "security_create_user_ns",
        since: KernelVersion::new(6, 1),
        flag: libc::CLONE_NEWUSER as u32,
        busy: false,
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
        lsm_hook: Some("file_mprotect"),
        function: "security_file_mprotect",
        since: KernelVersion::new(5, 7),
        flag: 0,
        busy: false,
        policy: Policy::AfterCalls,
        about: "the protection of mapped memory is changed",
    },
    Behaviour {
        name: "open",
        syscalls: &[
            syscall("open", libc::SYS_open),
            syscall("openat", libc::SYS_openat),
            syscall("openat2", libc::SYS_openat2),
            syscall("creat", libc::SYS_creat),
        ],
        bypasses: &[
            syscall("open_by_handle_at", libc::SYS_open_by_handle_at),
            syscall("io_uring_enter", libc::SYS_io_uring_enter),
        ],
        lsm_hook: Some("file_open"),
        function: "security_file_open",
        since: KernelVersion::new(5, 10),
        flag: 0,
        busy: true,
        policy: Policy::Unprivileged,
        about: "a file is opened",
    },
    Behaviour {
        name: "unlink",
        syscalls: &[syscall("unlink", libc::SYS_unlink), syscall("unlinkat", libc::SYS_unlinkat)],
        bypasses: &[syscall("io_uring_enter", libc::SYS_io_uring_enter)],
        lsm_hook: Some("inode_unlink"),
        function: "security_inode_unlink",
        since: KernelVersion::new(5, 10),
        flag: 0,
        busy: false,
        policy: Policy::AfterCalls,
        about: "a name of a file is removed",
    },
    Behaviour {
        name: "rename",
        syscalls: &[
            syscall("rename", libc::SYS_rename),
            syscall("renameat", libc::SYS_renameat),
            syscall("renameat2", libc::SYS_renameat2),
        ],
        bypasses: &[syscall("io_uring_enter", libc::SYS_io_uring_enter)],
        lsm_hook: Some("inode_rename"),
        function: "security_inode_rename",
        since: KernelVersion::new(5, 10),
        flag: 0,
        busy: false,
        policy: Policy::AfterCalls,
        about: "a file gets another name",
    },
    Behaviour {
        name: "chmod",
        syscalls: &[
            syscall("chmod", libc::SYS_chmod),
            syscall("fchmod", libc::SYS_fchmod),
            syscall("fchmodat", libc::SYS_fchmodat),
        ],
        bypasses: &[syscall("fchmodat2", libc::SYS_fchmodat2)],
        lsm_hook: Some("path_chmod"),
        function: "security_path_chmod",
        since: KernelVersion::new(5, 10),
        flag: 0,
        busy: false,
        policy: Policy::AfterCalls,
        about: "the permissions of a file are changed",
    },
    Behaviour {
        name: "connect",
        syscalls: &[syscall("connect", libc::SYS_connect)],
        bypasses: &[
            syscall("sendto", libc::SYS_sendto),
            syscall("sendmsg", libc::SYS_sendmsg),
            syscall("io_uring_enter", libc::SYS_io_uring_enter),
        ],
        lsm_hook: Some("socket_connect"),
        function: "security_socket_connect",
        since: KernelVersion::new(5, 10),
        flag: 0,
        busy: false,
        policy: Policy::AfterCalls,
        about: "a socket is connected",
    },
    Behaviour {
        name: "fork",
        syscalls: &[
            syscall("fork", libc::SYS_fork),
            syscall("vfork", libc::SYS_vfork),
            syscall("clone", libc::SYS_clone),
            syscall("clone3", libc::SYS_clone3),
        ],
        bypasses: &[],
        lsm_hook: Some("task_alloc"),
        function: "security_task_alloc",
        since: KernelVersion::new(5, 10),
        flag: 0,
        busy: true,
        policy: Policy::Unprivileged,
        about: "a process or a thread is made",
    },
    Behaviour {
        name: "kill",
        syscalls: &[
            syscall("kill", libc::SYS_kill),
            syscall("tkill", libc::SYS_tkill),
            syscall("tgkill", libc::SYS_tgkill),
            syscall("rt_sigqueueinfo", libc::SYS_rt_sigqueueinfo),
            syscall("rt_tgsigqueueinfo", libc::SYS_rt_tgsigqueueinfo),
            syscall("pidfd_send_signal", libc::SYS_pidfd_send_signal),
        ],
        bypasses: &[],
        lsm_hook: Some("task_kill"),
        function: "security_task_kill",
        since: KernelVersion::new(5, 10),
        flag: 0,
        busy: true,
        policy: Policy::Unprivileged,
        about: "a process sends a signal",
    },
    Behaviour {
        name: "ptrace",
        syscalls: &[syscall("ptrace", libc::SYS_ptrace)],
        bypasses: &[
            syscall("process_vm_readv", libc::SYS_process_vm_readv),
            syscall("process_vm_writev", libc::SYS_process_vm_writev),
            syscall("pidfd_getfd", libc::SYS_pidfd_getfd),
        ],
        lsm_hook: Some("ptrace_access_check"),
        function: "security_ptrace_access_check",
        since: KernelVersion::new(5, 10),
        flag: 0,
        busy: false,
        policy: Policy::AfterCalls,
        about: "a process gets access to another, as a debugger does",
    },
    Behaviour {
        name: "mount",
        syscalls: &[syscall("mount", libc::SYS_mount)],
        bypasses: &[
            syscall("move_mount", libc::SYS_move_mount),
            syscall("fsmount", libc::SYS_fsmount),
            syscall("open_tree", libc::SYS_open_tree),
        ],
        lsm_hook: Some("sb_mount"),
        function: "security_sb_mount",
        since: KernelVersion::new(5, 10),
        flag: 0,
        busy: false,
        policy: Policy::AfterCalls,
        about: "a file system is mounted, or a mount is changed",
    },
    Behaviour {
        name: "module",
        syscalls: &[syscall("finit_module", libc::SYS_finit_module)],
        bypasses: &[syscall("init_module", libc::SYS_init_module)],
        lsm_hook: Some("kernel_read_file"),
        function: "security_kernel_read_file",
        since: KernelVersion::new(5, 10),
        flag: 0,
        busy: false,
        policy: Policy::AfterCalls,
        about: "a kernel module is loaded from a file",
    },
    Behaviour {
        name: "null",
        syscalls: &[syscall("getppid", libc::SYS_getppid)],
        bypasses: &[],
        lsm_hook: None,
        function: call_without_arguments!("getppid"),
        since: KernelVersion::new(5, 10),
        flag: 0,
        busy: false,
        policy: Policy::AfterCalls,
        about: "the system call that does nothing",
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
    use std::collections::{BTreeMap, BTreeSet};

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
        assert_eq!(Behaviour::of_syscall(39), None, "getpid");
    }

    /// Recorded runs and modules of users name system calls by these numbers.
    #[cfg(target_arch = "x86_64")]
    #[test]
    fn numbers_of_system_calls_are_those_of_the_architecture() {
        let known: BTreeMap<&str, u32> = X86_64.iter().copied().collect();
        let calls = BEHAVIOURS.iter().flat_map(|row| row.syscalls.iter().chain(row.bypasses));
        let named: BTreeMap<&str, u32> = calls.map(|call| (call.name, call.number)).collect();
        for (name, number) in known {
            assert_eq!(named.get(name), Some(&number), "{name}");
        }
    }

    #[cfg(target_arch = "x86_64")]
    const X86_64: &[(&str, u32)] = &[
        ("execve", 59),
        ("execveat", 322),
        ("unshare", 272),
        ("clone", 56),
        ("clone3", 435),
        ("mprotect", 10),
        ("pkey_mprotect", 329),
        ("open", 2),
        ("openat", 257),
        ("openat2", 437),
        ("creat", 85),
        ("unlinkat", 263),
        ("renameat2", 316),
        ("fchmodat", 268),
        ("fchmodat2", 452),
        ("connect", 42),
        ("fork", 57),
        ("vfork", 58),
        ("kill", 62),
        ("tgkill", 234),
        ("pidfd_send_signal", 424),
        ("ptrace", 101),
        ("mount", 165),
        ("finit_module", 313),
        ("getppid", 110),
    ];
}
