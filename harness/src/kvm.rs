//! What is different in a session whose guests run under KVM: the clocks, the machine,
//! and whether it works at all, which only a boot tells: `/dev/kvm` may open on a
//! machine that then runs no guest. The session is that of all guests (`qemu.rs`).

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use hookbench_results::boot::USUAL_MEMORY;
use hookbench_results::hardware::Hardware;
use hookbench_results::protocol::CLOCKS_WORD;
use hookbench_results::{Clock, Environment, Outcome, Summary, Target};
use hookbench_vm::machine::Machine;

use crate::host::{Terms, machine};
use crate::qemu::QemuSession;
use crate::trial;

/// Where the kernel's KVM is reached.
const DEVICE: &str = "/dev/kvm";

/// How guests run under KVM.
pub struct Kvm {
    cpu: u32,
    hardware: Hardware,
}

impl Kvm {
    /// Under these terms, on the CPU that has least to do.
    ///
    /// # Errors
    /// When the machine has no KVM or no time-stamp counter, or the clocks cannot be had.
    pub fn of(terms: &Terms) -> Result<Kvm> {
        is_there()?;
        terms.beside()?;
        let cpu = machine::quietest_cpu()?;
        Ok(Kvm { cpu, hardware: terms.machine(cpu)? })
    }

    /// Returns the machine of a guest with so much memory, in MiB.
    pub(crate) fn machine(&self, memory_mib: u32) -> Machine {
        Machine::Kvm(hookbench_vm::machine::Kvm { host_cpu: self.cpu, memory_mib })
    }

    /// Says of `environment` what is different.
    pub(crate) fn describe(&self, environment: &mut Environment) {
        environment.target = Target::Kvm;
        environment.clock = Clock::Tsc;
        environment.cpu = format!("host ({})", self.hardware.cpu_model);
        let machine = self.machine(USUAL_MEMORY).arguments().into_iter();
        environment.machine = machine.map(|argument| argument.to_string_lossy().into_owned()).collect();
        environment.hardware = Some(self.hardware.clone());
    }

    /// The guest's boot line, which tells the agent of the clocks.
    pub(crate) fn boot_line(&self, line: &str) -> String {
        format!("{line} {CLOCKS_WORD}{}", self.hardware.clocks.join(","))
    }
}

/// Whether the machine has KVM at all.
///
/// # Errors
/// When it has not.
pub fn is_there() -> Result<()> {
    if !Path::new(DEVICE).exists() {
        bail!("there is no {DEVICE}: the module kvm-intel or kvm-amd is not loaded, or the CPU cannot do it");
    }
    std::fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open(DEVICE)
        .with_context(|| format!("{DEVICE} cannot be opened (Debian: be in the group kvm)"))?;
    Ok(())
}

/// Boots a guest with `kernel` and times getppid. Returns the median.
///
/// # Errors
/// With the reason why no guest runs.
pub fn boots(session: &QemuSession, kernel: &str) -> Result<u64> {
    match trial::getppid(session, kernel, Target::Kvm) {
        Outcome::Measured(measured) => Ok(Summary::of(&measured.samples).context("no samples")?.p50),
        other => bail!("KVM runs no guest on this machine, although {DEVICE} is there: {}", other.reason()),
    }
}

/// The terms of a trial, which ends after `longest`.
pub fn trial(longest: Duration) -> Terms {
    Terms { clocks: vec![Clock::Tsc], rounds: 1, seed: 0, budget: longest }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_agent_is_told_of_the_clocks_by_the_boot_line() {
        let clocks = ["tsc", "perf"].map(String::from).to_vec();
        let kvm = Kvm { cpu: 1, hardware: Hardware { clocks, cpu_model: "A".into(), ..Hardware::default() } };
        assert_eq!(kvm.boot_line("quiet lsm=bpf"), "quiet lsm=bpf hookbench.clocks=tsc,perf");
        let mut environment = Environment::default();
        kvm.describe(&mut environment);
        assert_eq!((environment.target, environment.clock), (Target::Kvm, Clock::Tsc));
        assert_eq!(environment.cpu, "host (A)");
        assert!(environment.machine.contains(&"kvm".to_string()));
    }
}
