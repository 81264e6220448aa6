//! A sink: what a mechanism does with an event. The constructors and the methods after
//! them describe one step by step, so that a row reads as a sentence.

use hookbench_model::param::ParamInfo;
use hookbench_model::{DenyScope, Enforcement};

use super::hook::{BpfHook, Loader};
use super::parameters::LOADERS;
use super::requires::{POLICY, Requires};

/// Where a monitor sees a behaviour. It decides which column of the table of behaviours
/// the monitor attaches to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Watches {
    /// Nowhere.
    Nothing,
    /// At the system calls; a system call that no row names goes unseen.
    Syscalls,
    /// At the LSM hook.
    LsmHook,
    /// At the kernel function.
    Function,
    /// At the file, for the behaviours that use one.
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

/// Which tasks a monitor watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// All tasks of the system.
    System,
    /// The task that puts the monitor on itself, and its children.
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
    /// Which tasks it watches.
    pub scope: Scope,
    /// Behaviours that it cannot watch, with the reason.
    pub blind_to: &'static [(&'static str, &'static str)],
    /// The only behaviours that it can watch, if it cannot watch all.
    pub only: Option<&'static [&'static str]>,
    /// What can be changed about it.
    pub params: &'static [ParamInfo],
    /// Where its BPF programs run, if it has any.
    pub hook: Option<BpfHook>,
    /// Whether a BPF record carries the event. Such a record can hold the value of
    /// LD_PRELOAD.
    pub records: bool,
    /// Whether it picks out the behaviour's system calls, although it neither counts nor stops them.
    pub selects: bool,
    /// Whether it looks only now and then, and so misses what happens in between. The
    /// share that it misses is then a result of the measurement.
    pub samples: bool,
    /// One line for a reader.
    pub about: &'static str,
}

impl SinkInfo {
    /// A sink that only observes; the methods below add to it.
    pub const fn new(name: &'static str, watches: Watches, requires: Requires, about: &'static str) -> Self {
        Self {
            name,
            watches,
            requires,
            enforcement: Enforcement::Observes,
            scope: Scope::System,
            blind_to: &[],
            only: None,
            params: &[],
            hook: None,
            records: false,
            selects: false,
            samples: false,
            about,
        }
    }

    /// BPF programs that count.
    pub(crate) const fn count(watches: Watches, requires: Requires) -> Self {
        Self::new("count", watches, requires, "a BPF program counts")
    }

    /// BPF programs that fill a ring buffer.
    pub(crate) const fn ringbuf(watches: Watches, requires: Requires) -> Self {
        let about = "a BPF program sends a record through a ring buffer to a reader";
        Self::new("ringbuf", watches, requires, about).recording()
    }

    /// BPF programs that fill perf buffers.
    pub(crate) const fn perfbuf(watches: Watches, requires: Requires) -> Self {
        let about = "a BPF program sends a record through per-CPU perf buffers to a reader";
        Self::new("perfbuf", watches, requires, about).recording()
    }

    /// BPF programs that send SIGKILL.
    pub(crate) const fn kill(watches: Watches, requires: Requires) -> Self {
        let about = "a BPF program kills the task that does what the behaviour's policy refuses";
        Self::new("kill", watches, Requires { since: POLICY, ..requires }, about).killing()
    }

    /// The same, its BPF programs attached to `hook`, by any loader that can.
    pub(crate) const fn at(self, hook: BpfHook) -> Self {
        let params = match hook.loaders() {
            [Loader::Libbpf] => self.params,
            _ => LOADERS,
        };
        Self { hook: Some(hook), params, ..self }
    }

    /// The same, with a record for user space.
    pub const fn recording(self) -> Self {
        Self { records: true, ..self }
    }

    /// The same, without the behaviours that it cannot watch.
    pub const fn but(self, blind_to: &'static [(&'static str, &'static str)]) -> Self {
        Self { blind_to, ..self }
    }

    /// The same, for these behaviours only.
    pub const fn only(self, behaviours: &'static [&'static str]) -> Self {
        Self { only: Some(behaviours), ..self }
    }

    /// The same, with these parameters.
    pub const fn with(self, params: &'static [ParamInfo]) -> Self {
        Self { params, ..self }
    }

    /// The same, picking out the behaviour's system calls.
    pub const fn selecting(self) -> Self {
        Self { selects: true, ..self }
    }

    /// The same, looking only now and then.
    pub const fn sampling(self) -> Self {
        Self { samples: true, ..self }
    }

    /// The same, refusing the operations in `scope`.
    pub const fn denying(self, scope: DenyScope) -> Self {
        Self { enforcement: Enforcement::Denies(scope), ..self }
    }

    /// The same, killing the tasks that do what the behaviour's policy refuses.
    pub const fn killing(self) -> Self {
        Self { enforcement: Enforcement::Kills, ..self }
    }

    /// The same, for the worker alone, which puts it on itself.
    pub const fn of_a_process(self) -> Self {
        Self { scope: Scope::Process, ..self }
    }

    /// Whether it sees events and must therefore report a count.
    pub fn sees(&self) -> bool {
        self.watches != Watches::Nothing
    }

    /// Whether it kills any task that does what the policy refuses. Such a kill may come
    /// too late; a monitor of one process kills before anything happens.
    pub fn kills_all(&self) -> bool {
        self.enforcement == Enforcement::Kills && self.scope == Scope::System
    }

    /// Whether it stops operations in any way.
    pub fn stops(&self) -> bool {
        self.enforcement != Enforcement::Observes
    }
}
