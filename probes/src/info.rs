//! What a mechanism says of itself: data that is checked before a guest boots
//! and that lists and reports show.

use hookbench_model::param::{ParamInfo, Values};
use hookbench_model::{DenyScope, Enforcement, KernelVersion};

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
    /// At the file, for those behaviours that use one.
    Files,
}

impl Watches {
    /// In words.
    pub const fn about(self) -> &'static str {
        match self {
            Watches::Nothing => "counts nothing",
            Watches::Syscalls => "sees system calls",
            Watches::LsmHook => "sees LSM hooks",
            Watches::Function => "sees kernel functions",
            Watches::Files => "sees files",
        }
    }
}

/// Whom a monitor watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// All tasks of the system.
    System,
    /// The task that put it on itself, and its children.
    Process,
}

impl Scope {
    /// In words.
    pub const fn about(self) -> &'static str {
        match self {
            Scope::System => "system-wide",
            Scope::Process => "per process",
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
    /// What it does with a behaviour it sees.
    pub enforcement: Enforcement,
    /// Whom it watches.
    pub scope: Scope,
    /// Behaviours that it cannot watch, with the reason.
    pub blind_to: &'static [(&'static str, &'static str)],
    /// What can be changed about it.
    pub params: &'static [ParamInfo],
    /// Whether a BPF record carries the event, which can hold the value of LD_PRELOAD.
    pub records: bool,
    /// Whether it looks now and then, and misses what happens in between: how much
    /// it misses is then what one measures.
    pub samples: bool,
    /// One line for a reader.
    pub about: &'static str,
}

impl SinkInfo {
    /// A sink that sees and no more, to be changed where it does more.
    pub const fn new(name: &'static str, watches: Watches, requires: Requires, about: &'static str) -> Self {
        Self {
            name,
            watches,
            requires,
            enforcement: Enforcement::Observes,
            scope: Scope::System,
            blind_to: &[],
            params: &[],
            records: false,
            samples: false,
            about,
        }
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

    /// A BPF program that sends SIGKILL.
    pub(crate) const fn kill(watches: Watches, requires: Requires) -> Self {
        let about = "a BPF program kills who does what the policy of the behaviour refuses";
        Self::new("kill", watches, Requires { since: POLICY, ..requires }, about).killing()
    }

    /// Whether it sees events, so that a count is owed.
    pub fn sees(&self) -> bool {
        self.watches != Watches::Nothing
    }

    /// The same, with a record for user space.
    pub const fn recording(self) -> Self {
        Self { records: true, ..self }
    }

    /// The same, without those behaviours that it cannot watch.
    pub const fn but(self, blind_to: &'static [(&'static str, &'static str)]) -> Self {
        Self { blind_to, ..self }
    }

    /// The same, with parameters.
    pub const fn with(self, params: &'static [ParamInfo]) -> Self {
        Self { params, ..self }
    }

    /// The same, loaded by whom one likes.
    pub(crate) const fn by_either_loader(self) -> Self {
        self.with(LOADERS)
    }

    /// The same, looking now and then only.
    pub const fn sampling(self) -> Self {
        Self { samples: true, ..self }
    }

    /// The same, refusing `whom`.
    pub const fn denying(self, whom: DenyScope) -> Self {
        Self { enforcement: Enforcement::Denies(whom), ..self }
    }

    /// The same, killing those who do what the behaviour's policy refuses.
    pub const fn killing(self) -> Self {
        Self { enforcement: Enforcement::Kills, ..self }
    }

    /// The same, for the worker alone, which puts it on itself.
    pub const fn of_a_process(self) -> Self {
        Self { scope: Scope::Process, ..self }
    }

    /// Whether it kills whoever does what the policy refuses, so that one can ask
    /// whether it came too late. One of a process kills before anything happens.
    pub fn kills_all(&self) -> bool {
        self.enforcement == Enforcement::Kills && self.scope == Scope::System
    }

    /// Whether it stops operations in one way or another. It is then attached for
    /// the measured behaviour alone.
    pub fn stops(&self) -> bool {
        self.enforcement != Enforcement::Observes
    }
}

/// What a monitor needs of a kernel and its boot line.
#[derive(Debug, Clone, Copy)]
pub struct Requires {
    /// The first kernel that has it.
    pub since: KernelVersion,
    /// Options that the kernel's config must have as `y`.
    pub config: &'static [&'static str],
    /// Security modules that the boot line's `lsm=` has to name.
    pub lsm: &'static [&'static str],
    /// Security modules of which it names as many, from the first on, as the
    /// monitor's parameter [`STACKED`] says.
    pub lsm_stack: &'static [&'static str],
    /// Words that the boot line gets for this monitor alone.
    pub boot: &'static [&'static str],
    /// The kernel module it loads, by the name of its source in `modules`.
    pub module: Option<&'static str>,
}

/// The first kernel that hookbench measures; everything is in it unless a row
/// says otherwise.
pub(crate) const FIRST: KernelVersion = KernelVersion::new(5, 10);

/// The first kernel in which the policies of deny.bpf.h load: they count with an
/// atomic fetch and add (5.12) and look at the registers of a system call (5.15).
pub(crate) const POLICY: KernelVersion = KernelVersion::new(5, 15);

impl Requires {
    /// Only these options.
    pub const fn config(config: &'static [&'static str]) -> Self {
        Self { since: FIRST, config, lsm: &[], lsm_stack: &[], boot: &[], module: None }
    }

    /// These options, and this kernel module.
    pub const fn module(name: &'static str, config: &'static [&'static str]) -> Self {
        Self { module: Some(name), ..Self::config(config) }
    }
}

/// The parameter that says how many of [`Requires::lsm_stack`] there are.
pub const STACKED: &str = "modules";

/// The parameter of BPF mechanisms that says how many programs are attached to each
/// hook or function, all alike.
pub(crate) const PROGRAMS: &str = "programs";

const PROGRAMS_PARAM: ParamInfo = ParamInfo {
    name: PROGRAMS,
    values: Values::Range(1, 32),
    usual: &["1"],
    about: "programs on each hook or function, all alike",
};

/// The parameter that says who loads a sink's BPF object.
pub const LOADER: &str = "loader";

/// The loader that is not the usual one.
pub(crate) const AYA: &str = "aya";

/// For the sinks whose programs both loaders know.
pub(crate) const LOADERS: &[ParamInfo] = &[LOADER_PARAM];

const LOADER_PARAM: ParamInfo = ParamInfo {
    name: LOADER,
    values: Values::Words(&["libbpf", AYA]),
    usual: &["libbpf"],
    about: "who loads the BPF object: what attaching costs, and what it keeps, is the loader's",
};

/// For the sinks of which there can be several at one place as well.
pub(crate) const LOADER_AND_PROGRAMS: &[ParamInfo] = &[LOADER_PARAM, PROGRAMS_PARAM];

/// What every CO-RE object needs.
pub(crate) const BPF_CONFIG: &[&str] = &["CONFIG_BPF_SYSCALL", "CONFIG_BPF_JIT", "CONFIG_DEBUG_INFO_BTF"];
