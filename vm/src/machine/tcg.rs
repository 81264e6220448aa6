//! The machine of the exact clock: QEMU's TCG counts instructions. METHOD.md
//! gives the reason for each argument. A change of any argument changes numbers.

use std::ffi::OsString;

use super::arguments::Arguments;
use super::common::{self, Parts};
use crate::arch::{CPU, ONE_CPU_MACHINE, SEVERAL_CPUS_MACHINE};

/// A machine under TCG. Machines with the same fields are equal in every respect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tcg {
    /// The number of CPUs.
    pub cpus: u16,
    /// The guest's memory, in MiB.
    pub memory_mib: u32,
}

impl Tcg {
    /// Returns QEMU's arguments for the machine and its clock.
    #[must_use]
    pub fn arguments(&self) -> Vec<OsString> {
        self.build().into_vec()
    }

    fn build(&self) -> Arguments {
        let accelerator = Arguments::default()
            .option("-accel", "tcg")
            // One instruction is one nanosecond of the guest's time, whatever
            // the host does; idle time passes at once.
            .option("-icount", "shift=0,sleep=off")
            .option("-seed", "1")
            .option("-rtc", "base=2026-01-01T00:00:00,clock=vm");
        let machine = if self.cpus == 1 { ONE_CPU_MACHINE } else { SEVERAL_CPUS_MACHINE };
        let parts = Parts { cpu: CPU, memory_mib: self.memory_mib, cpus: self.cpus, machine };
        common::machine(accelerator, &parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_is_as_it_was() {
        let machine = Tcg { cpus: 1, memory_mib: 256 };
        insta::assert_snapshot!(machine.build().text().join("\n"));
    }

    #[test]
    fn several_cpus_get_a_machine_type_with_acpi() {
        let four = Tcg { cpus: 4, memory_mib: 256 }.build().text().join(" ");
        assert!(four.contains("-smp 4 -machine pc,"), "{four}");
    }
}
