//! The session under KVM: guests on this machine's CPU with hardware clocks. Each cell
//! boots a guest. A trial boot comes first, because `/dev/kvm` may open on a machine that
//! cannot run a guest.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use hookbench_analysis::Summary;
use hookbench_model::protocol::{CLOCKS_WORD, CellSpec};
use hookbench_model::{Cell, Clock, FailureKind, History, Outcome, Target};
use hookbench_results::Environment;
use hookbench_results::hardware::Hardware;
use hookbench_vm::guest::Start;
use hookbench_vm::machine::{self, Machine};

use super::cell::{Guests, Preparation};
use super::environment::{arguments, of_guests};
use super::provisions::Provisions;
use crate::interrupt::Interrupt;
use crate::session::environment::HARDWARE;
use crate::session::hardware::HardwareOptions;
use crate::session::host::machine::quietest_cpu;
use crate::session::validate::validate_clocks;
use crate::session::{Answered, Session, trial};
use crate::verify::check::TargetRules;
use crate::verify::requirements;

/// The device of the kernel's KVM.
const DEVICE: &str = "/dev/kvm";

/// KVM as this machine offers it: the CPU for guests, and the options of the run.
pub struct Kvm {
    cpu: u32,
    budget: Duration,
    hardware: Hardware,
}

/// Guests under KVM with hardware clocks.
pub struct KvmSession {
    guests: Guests,
    kvm: Kvm,
    environment: Environment,
}

impl Kvm {
    /// KVM on the quietest CPU.
    ///
    /// # Errors
    /// When the machine has no KVM or no usable time-stamp counter, or the first clock is
    /// not `tsc`.
    pub fn choose(options: &HardwareOptions) -> Result<Kvm> {
        check_device()?;
        options.secondary_clocks()?;
        let cpu = quietest_cpu()?;
        Ok(Kvm { cpu, budget: options.budget, hardware: options.describe(cpu)? })
    }

    fn machine(&self, memory_mib: u32) -> Machine {
        Machine::Kvm(machine::Kvm { host_cpu: self.cpu, memory_mib })
    }

    /// Adds to a guest's boot line which clocks the agent reads.
    fn with_clocks(&self, line: &str) -> String {
        format!("{line} {CLOCKS_WORD}{}", self.hardware.clocks.join(","))
    }

    /// What a run records about the machine and the clock.
    fn describe(&self, guests: Environment) -> Environment {
        Environment {
            target: Target::Kvm,
            clock: Clock::Tsc,
            cpu: format!("host ({})", self.hardware.cpu_model),
            machine: arguments(self.machine(guests.memory_mib)),
            hardware: Some(self.hardware.clone()),
            unattributed: HARDWARE.into(),
            ..guests
        }
    }
}

impl KvmSession {
    /// A session of guests with these provisions, which ends them as soon as `interrupt` is
    /// requested.
    ///
    /// # Errors
    /// When a kernel's configuration cannot be read, or no folder for the guests' files can
    /// be created.
    pub fn open(provisions: Provisions, kvm: Kvm, interrupt: &Interrupt) -> Result<KvmSession> {
        let guests = of_guests(&provisions, |monitor, kernel, cell| {
            Ok(kvm.with_clocks(&requirements::boot_line(monitor, kernel, cell)?))
        })?;
        let environment = kvm.describe(guests);
        let guests = Guests::new(provisions, kvm.budget, None, interrupt.clone())?;
        Ok(KvmSession { guests, kvm, environment })
    }

    /// Boots a guest with `kernel` and times getppid. Returns the median in TSC cycles.
    ///
    /// # Errors
    /// When KVM cannot run the guest; the error says why.
    pub fn try_boot(&self, kernel: &str) -> Result<u64> {
        match trial::getppid(self, kernel) {
            Outcome::Measured(measured) => {
                Ok(Summary::from_samples(&measured.samples).context("no samples")?.p50)
            }
            other => bail!("{DEVICE} exists, but KVM cannot run a guest: {}", other.reason()),
        }
    }

    fn try_run(&self, cell: &Cell, spec: &CellSpec) -> Result<Outcome> {
        let mut ready = match self.guests.prepare(cell, spec)? {
            Preparation::Ready(ready) => ready,
            Preparation::Unsupported(why) => return Ok(Outcome::Unsupported(why)),
        };
        ready.boot_line = self.kvm.with_clocks(&ready.boot_line);
        let machine = self.kvm.machine(cell.boot.memory_mib);
        let boot = self.guests.boot(ready.kernel, &ready.boot_line);
        let answer = self.guests.run(&ready, Start::Boot(boot), machine);
        Ok(validate_clocks(&ready.spec, ready.outcome(TargetRules::KVM, answer)))
    }
}

impl Session for KvmSession {
    fn environment(&self) -> &Environment {
        &self.environment
    }

    fn history(&self, _: &Cell) -> Option<History> {
        Some(History::Cold)
    }

    fn run(&self, cell: &Cell, spec: &CellSpec) -> Answered {
        let outcome = self.try_run(cell, spec);
        outcome.map_or_else(|error| Answered::prevented(FailureKind::Qemu, &error), Answered::from)
    }
}

/// Checks that `/dev/kvm` exists and can be opened.
///
/// # Errors
/// When it does not, or cannot.
pub fn check_device() -> Result<()> {
    if !Path::new(DEVICE).exists() {
        bail!(
            "there is no {DEVICE}: the module kvm-intel or kvm-amd is not loaded, or the CPU does not \
             support virtualisation"
        );
    }
    std::fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open(DEVICE)
        .with_context(|| format!("failed to open {DEVICE} (on Debian, add your user to the group kvm)"))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_boot_line_tells_the_agent_which_clocks_to_read() {
        let clocks = ["tsc", "perf"].map(String::from).to_vec();
        let hardware = Hardware { clocks, cpu_model: "A".into(), ..Hardware::default() };
        let kvm = Kvm { cpu: 1, budget: Duration::from_secs(1), hardware };
        assert_eq!(kvm.with_clocks("quiet lsm=bpf"), "quiet lsm=bpf hookbench.clocks=tsc,perf");
        let environment = kvm.describe(Environment::default());
        assert_eq!((environment.target, environment.clock), (Target::Kvm, Clock::Tsc));
        assert_eq!(environment.cpu, "host (A)");
        assert!(environment.machine.contains(&"kvm".to_string()));
    }
}
