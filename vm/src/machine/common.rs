//! The arguments that the machines of all accelerators share.

use super::arguments::Arguments;

/// What differs between the machines, apart from the accelerator.
pub(super) struct Parts<'a> {
    /// The CPU model.
    pub(super) cpu: &'a str,
    /// The guest's memory, in MiB.
    pub(super) memory_mib: u32,
    /// The number of CPUs.
    pub(super) cpus: u16,
    /// The machine type with its properties.
    pub(super) machine: &'a str,
}

/// Adds the parts of a machine to `accelerator`, the arguments that choose the accelerator.
pub(super) fn machine(accelerator: Arguments, parts: &Parts<'_>) -> Arguments {
    accelerator
        .option("-cpu", parts.cpu)
        .option("-m", format!("{}M", parts.memory_mib))
        .option("-smp", parts.cpus.to_string())
        .option("-machine", parts.machine)
        .option("-display", "none")
        .flag("-nodefaults")
        .flag("-no-user-config")
        .flag("-no-reboot")
}
