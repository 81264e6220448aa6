//! What a mechanism says of itself: data that is checked before a guest boots
//! and that lists and reports show.

use hookbench_results::KernelVersion;

/// A mechanism and its sinks.
#[derive(Debug)]
pub struct MechanismInfo {
    /// The name used everywhere: `bpf-lsm`.
    pub name: &'static str,
    /// What it can do with an event.
    pub sinks: &'static [SinkInfo],
    /// One line for a reader.
    pub about: &'static str,
}

/// Where a monitor sees a behaviour; decides which column of the table of
/// behaviours it attaches to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Watches {
    /// Nowhere.
    Nothing,
    /// At the system calls; what reaches the behaviour by another is missed.
    Syscalls,
    /// At the LSM hook.
    LsmHook,
    /// At the kernel function.
    Function,
}

impl Watches {
    /// In words.
    pub const fn about(self) -> &'static str {
        match self {
            Watches::Nothing => "sees nothing",
            Watches::Syscalls => "sees system calls",
            Watches::LsmHook => "sees LSM hooks",
            Watches::Function => "sees kernel functions",
        }
    }
}

/// What a mechanism does with an event.
#[derive(Debug)]
pub struct SinkInfo {
    /// The part of the monitor's name after the `+`; empty for `none` alone.
    pub name: &'static str,
    /// Where it sees a behaviour.
    pub watches: Watches,
    /// What it needs.
    pub requires: Requires,
    /// Whether it refuses operations.
    pub denies: bool,
    /// Whether a BPF record carries the event, which can hold the value of LD_PRELOAD.
    pub records: bool,
    /// One line for a reader.
    pub about: &'static str,
}

impl SinkInfo {
    /// A sink that sees and no more, to be changed where it does more.
    pub const fn new(name: &'static str, watches: Watches, requires: Requires, about: &'static str) -> Self {
        Self { name, watches, requires, denies: false, records: false, about }
    }

    /// A BPF program that counts.
    pub(crate) const fn count(watches: Watches, requires: Requires) -> Self {
        Self::new("count", watches, requires, "a BPF program counts")
    }

    /// A BPF program that fills a ring buffer.
    pub(crate) const fn ringbuf(watches: Watches, requires: Requires) -> Self {
        let about = "a BPF program sends a record through a ring buffer to a reader";
        Self::new("ringbuf", watches, requires, about).recording()
    }

    /// A BPF program that fills perf buffers.
    pub(crate) const fn perfbuf(watches: Watches, requires: Requires) -> Self {
        let about = "a BPF program sends a record through per-CPU perf buffers to a reader";
        Self::new("perfbuf", watches, requires, about).recording()
    }

    /// Whether it sees events, so that a count is owed.
    pub fn sees(&self) -> bool {
        self.watches != Watches::Nothing
    }

    /// The same, with a record for user space.
    pub const fn recording(self) -> Self {
        Self { records: true, ..self }
    }

    /// The same, refusing.
    pub const fn denying(self) -> Self {
        Self { denies: true, ..self }
    }
}

/// What a monitor needs of a kernel and its boot line.
#[derive(Debug, Clone, Copy)]
pub struct Requires {
    /// The first kernel that has it.
    pub since: KernelVersion,
    /// Options that the kernel's config must have as `y`.
    pub config: &'static [&'static str],
    /// Security modules that the boot line's `lsm=` must name.
    pub lsm: &'static [&'static str],
    /// Words that the boot line gets for this monitor alone.
    pub boot: &'static [&'static str],
    /// The kernel module it loads, by the name of its source in `modules`.
    pub module: Option<&'static str>,
}

/// The first kernel that hookbench measures; everything is in it unless a row
/// says otherwise.
pub(crate) const FIRST: KernelVersion = KernelVersion::new(5, 10);

impl Requires {
    /// Only these options.
    pub const fn config(config: &'static [&'static str]) -> Self {
        Self { since: FIRST, config, lsm: &[], boot: &[], module: None }
    }

    /// These options, and this kernel module.
    pub const fn module(name: &'static str, config: &'static [&'static str]) -> Self {
        Self { module: Some(name), ..Self::config(config) }
    }
}

/// What every CO-RE object needs.
pub(crate) const BPF_CONFIG: &[&str] = &["CONFIG_BPF_SYSCALL", "CONFIG_BPF_JIT", "CONFIG_DEBUG_INFO_BTF"];
