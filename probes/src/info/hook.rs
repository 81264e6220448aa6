//! Where a mechanism's BPF programs run, and which loaders can attach them there.
//! How a loader does it is in `attach/bpf`.

/// Where BPF programs are attached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BpfHook {
    /// The LSM hook of the behaviour.
    LsmHook,
    /// The LSM hook of the behaviour, for the tasks of the root cgroup.
    CgroupLsmHook,
    /// The entry of the behaviour's function, by kprobe.
    FunctionEntry,
    /// The return from the behaviour's function, by kretprobe.
    FunctionReturn,
    /// The entry of the behaviour's function, by fprobe.
    FunctionEntries,
    /// The function of the behaviour, by trampoline; the program's section says whether
    /// its entry or its return.
    Trampoline,
    /// The function of the behaviour, by trampoline, where the program can replace its
    /// result (BPF_MODIFY_RETURN).
    FunctionResult,
    /// The entry of each system call of the behaviour, by kprobe.
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
}
