//! The virtual machine as arguments of QEMU: the machine of the exact clock and
//! the one under KVM, their devices, and the kernel's command line. Starting
//! QEMU is the business of `guest`.

pub(crate) mod arguments;
mod boot;
mod boot_line;
mod common;
pub(crate) mod devices;
mod kvm;
mod plugin;
mod qemu;
mod tcg;

use std::ffi::OsString;

use crate::arch::firmware;

pub use boot::Boot;
pub(crate) use boot::{MemoryWrites, memory_file};
pub use boot_line::{Additions, boot_line, words_for};
pub use kvm::Kvm;
pub use plugin::Plugin;
pub use qemu::{QEMU_VARIABLE, Qemu};
pub use tcg::Tcg;

/// The CPU model of [`Tcg`].
pub const CPU: &str = crate::arch::CPU;

/// The most clocks, with their events, that one operation is measured with on
/// hardware.
const MOST_HARDWARE_CLOCKS: u64 = 16;

/// The machine on which a guest runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Machine {
    /// Emulated, with the exact clock.
    Tcg(Tcg),
    /// On the host's CPU, with the hardware's clocks.
    Kvm(Kvm),
}

impl Machine {
    /// Returns QEMU's arguments for the machine, without devices.
    #[must_use]
    pub fn arguments(&self) -> Vec<OsString> {
        match self {
            Machine::Tcg(machine) => machine.arguments(),
            Machine::Kvm(machine) => machine.arguments(),
        }
    }

    /// Returns the machine's firmware, if it is not the one of QEMU.
    pub(crate) fn firmware(&self) -> Option<&'static [u8]> {
        match self {
            Machine::Tcg(Tcg { cpus: 1, .. }) => Some(firmware()),
            Machine::Tcg(_) | Machine::Kvm(_) => None,
        }
    }

    /// Returns the guest's memory, in MiB.
    pub(crate) fn memory_mib(&self) -> u32 {
        match self {
            Machine::Tcg(machine) => machine.memory_mib,
            Machine::Kvm(machine) => machine.memory_mib,
        }
    }

    /// Returns how many numbers one operation can have in an answer.
    pub(crate) fn most_clocks(&self) -> u64 {
        match self {
            Machine::Tcg(_) => 1,
            Machine::Kvm(_) => MOST_HARDWARE_CLOCKS,
        }
    }

    /// Whether hookbench pins the whole QEMU process to one CPU of the host. Under
    /// KVM it pins the thread of the guest's CPU instead.
    pub(crate) fn pins_process(&self) -> bool {
        matches!(self, Machine::Tcg(_))
    }
}
