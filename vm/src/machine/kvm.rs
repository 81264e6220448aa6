//! The machine under KVM: the host's CPU, with the same devices as the exact
//! machine, because the agent talks through them. `guest/kvm.rs` starts it.

use std::ffi::OsString;

use super::arguments::Arguments;
use super::common::{self, Parts};
use crate::arch::ONE_CPU_MACHINE;

/// A machine with one CPU under KVM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kvm {
    /// The host's CPU to which hookbench pins the guest's CPU.
    pub host_cpu: u32,
    /// The guest's memory, in MiB.
    pub memory_mib: u32,
}

impl Kvm {
    /// Returns QEMU's arguments for the machine. They do not depend on
    /// [`host_cpu`](Kvm::host_cpu).
    #[must_use]
    pub fn arguments(&self) -> Vec<OsString> {
        self.build().into_vec()
    }

    fn build(&self) -> Arguments {
        let parts = Parts { cpu: "host", memory_mib: self.memory_mib, cpus: 1, machine: ONE_CPU_MACHINE };
        common::machine(Arguments::default().option("-accel", "kvm"), &parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_under_kvm_is_as_it_was() {
        let machine = Kvm { host_cpu: 3, memory_mib: 256 };
        insta::assert_snapshot!(machine.build().text().join(" "), @"-accel kvm -cpu host -m 256M -smp 1 -machine microvm,isa-serial=on,acpi=off,rtc=on,pic=on,pit=on -display none -nodefaults -no-user-config -no-reboot");
    }
}
