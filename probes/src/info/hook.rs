//! Where a mechanism's BPF programs run, and which loaders can attach them there.
//! How a loader does it is in `attach/bpf`.

/// Where BPF programs are attached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BpfHook {
    /// The LSM hook of each behaviour.
    LsmHook,
    /// The LSM hook of each behaviour, for the tasks of the root cgroup.
    CgroupLsmHook,
    /// The entry of each behaviour's function, by kprobe.
    FunctionEntry,
    /// The return from each behaviour's function, by kretprobe.
    FunctionReturn,
    /// The entries of all functions at once, by fprobe.
    FunctionEntries,
    /// The function of each behaviour, by trampoline; the program's section says whether
    /// its entry or its return.
    Trampoline,
    /// The function of each behaviour, by trampoline, where the program can replace its
    /// result (BPF_MODIFY_RETURN).
    FunctionResult,
    /// The entry of each system call of a behaviour, by kprobe.
    SyscallEntry,
    /// The tracepoints `syscalls:sys_enter_NAME`, one program for all.
    SyscallTracepoints,
    /// The raw tracepoint of this name, one program.
    RawTracepoint(&'static str),
    /// The ticks of a perf event on each CPU, one program.
    PerfEvent,
}

/// A loader of BPF objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loader {
    /// The kernel developers' own: the default.
    Libbpf,
    /// The loader written in Rust.
    Aya,
}

impl BpfHook {
    /// The loaders that attach programs there, the default first.
    pub const fn loaders(self) -> &'static [Loader] {
        match self {
            BpfHook::LsmHook
            | BpfHook::FunctionEntry
            | BpfHook::FunctionReturn
            | BpfHook::Trampoline
            | BpfHook::SyscallTracepoints
            | BpfHook::RawTracepoint(_) => &[Loader::Libbpf, Loader::Aya],
            BpfHook::CgroupLsmHook
            | BpfHook::FunctionEntries
            | BpfHook::FunctionResult
            | BpfHook::SyscallEntry
            | BpfHook::PerfEvent => &[Loader::Libbpf],
        }
    }

    /// Whether one program serves all behaviours; else there is a program for each.
    pub const fn is_shared(self) -> bool {
        matches!(
            self,
            BpfHook::FunctionEntries
                | BpfHook::SyscallTracepoints
                | BpfHook::RawTracepoint(_)
                | BpfHook::PerfEvent
        )
    }
}
