//! The rows of mechanisms as data: hookbench checks them before a guest boots, lists
//! them and records them in a run. How a mechanism is attached is in its own file.

mod hook;
mod parameters;
mod requires;
mod sink;

pub use hook::{BpfHook, Loader};
pub(crate) use parameters::LOADER_AND_PROGRAMS;
#[cfg(feature = "attach")]
pub(crate) use parameters::{AYA, PROGRAMS};
pub use parameters::{LOADER, STACKED};
pub use requires::Requires;
pub(crate) use requires::{BPF_CONFIG, POLICY};
pub use sink::{Scope, SinkInfo, Watches};

/// A mechanism and its sinks.
#[derive(Debug)]
pub struct MechanismInfo {
    /// The name used everywhere: `bpf-lsm`.
    pub name: &'static str,
    /// What it can do with an event.
    pub sinks: &'static [SinkInfo],
    /// Whether kernels as distributions build them let the mechanism refuse an operation
    /// before it happens, by the answer of a program or a filter, or by a policy.
    /// Some of its sinks may only observe.
    pub can_refuse: bool,
    /// Whether a kernel keeps it, or what it loads, until the next boot. Such a
    /// mechanism runs in guests only.
    pub permanent: bool,
    /// Why it cannot be detached without a new boot or the end of a process, if that is so.
    pub stays: Option<&'static str>,
    /// One line for a reader.
    pub about: &'static str,
}

impl MechanismInfo {
    /// A mechanism that cannot refuse anything and can be detached.
    pub const fn new(name: &'static str, sinks: &'static [SinkInfo], about: &'static str) -> Self {
        Self { name, sinks, can_refuse: false, permanent: false, stays: None, about }
    }

    /// The same, able to refuse an operation before it happens.
    pub const fn refusing(self) -> Self {
        Self { can_refuse: true, ..self }
    }

    /// The same, kept by the kernel until the next boot.
    pub const fn permanent(self) -> Self {
        Self { permanent: true, stays: Some("the kernel keeps it until the next boot"), ..self }
    }

    /// The same, impossible to detach for the reason `why`.
    pub const fn staying(self, why: &'static str) -> Self {
        Self { stays: Some(why), ..self }
    }
}
