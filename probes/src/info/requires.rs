//! What a monitor needs of a kernel and its boot line.

use hookbench_model::KernelVersion;

/// What a monitor needs of a kernel and its boot line.
#[derive(Debug, Clone, Copy)]
pub struct Requires {
    /// The first kernel that has it.
    pub since: KernelVersion,
    /// Options that the kernel's configuration must set to `y`.
    pub config: &'static [&'static str],
    /// Security modules that the boot line's `lsm=` must name.
    pub lsm: &'static [&'static str],
    /// Security modules for the boot line's `lsm=`, which names as many of them, from the
    /// first on, as the monitor's parameter [`STACKED`](crate::STACKED) says.
    pub lsm_stack: &'static [&'static str],
    /// Words added to the boot line for this monitor alone.
    pub boot: &'static [&'static str],
    /// The kernel module it loads, by the name of its source in `modules`.
    pub module: Option<&'static str>,
    /// The compiled policy it loads, by its path in the guest.
    pub policy: Option<&'static str>,
}

/// The first kernel that hookbench measures. It has everything for which a row does not
/// name a later one.
const FIRST: KernelVersion = KernelVersion::new(5, 10);

/// The first kernel in which the policies of deny.bpf.h load: they count with an
/// atomic fetch and add (5.12) and look at the registers of a system call (5.15).
pub(crate) const POLICY: KernelVersion = KernelVersion::new(5, 15);

/// What every CO-RE object needs.
pub(crate) const BPF_CONFIG: &[&str] = &["CONFIG_BPF_SYSCALL", "CONFIG_BPF_JIT", "CONFIG_DEBUG_INFO_BTF"];

impl Requires {
    /// Only these options.
    pub const fn config(config: &'static [&'static str]) -> Self {
        Self { since: FIRST, config, lsm: &[], lsm_stack: &[], boot: &[], module: None, policy: None }
    }

    /// These options, and this kernel module.
    pub const fn module(name: &'static str, config: &'static [&'static str]) -> Self {
        Self { module: Some(name), ..Self::config(config) }
    }
}
