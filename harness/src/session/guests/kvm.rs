//! How a session under KVM differs: its clocks, its machine, and a trial boot, because
//! `/dev/kvm` may open on a machine that cannot run a guest. The session itself is that
//! of all guests (`qemu.rs`).

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use hookbench_analysis::Summary;
use hookbench_model::boot::USUAL_MEMORY;
use hookbench_model::protocol::CLOCKS_WORD;
use hookbench_model::{Clock, Outcome, Target};
use hookbench_results::Environment;
use hookbench_results::hardware::Hardware;
use hookbench_vm::machine::Machine;

use crate::run::trial;
use crate::session::guests::QemuSession;
use crate::session::host::{Terms, machine};

/// The device of the kernel's KVM.
const DEVICE: &str = "/dev/kvm";

/// The settings of guests under KVM.
pub struct Kvm {
    cpu: u32,
    hardware: Hardware,
}

impl Kvm {
    /// Settings with these options, on the quietest CPU.
    ///
    /// # Errors
    /// When the machine has no KVM or no usable time-stamp counter, or the first clock is
    /// not `tsc`.
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

    /// Records in `environment` what differs from TCG.
    pub(crate) fn describe(&self, environment: &mut Environment) {
        environment.target = Target::Kvm;
        environment.clock = Clock::Tsc;
        environment.cpu = format!("host ({})", self.hardware.cpu_model);
        let machine = self.machine(USUAL_MEMORY).arguments().into_iter();
        environment.machine = machine.map(|argument| argument.to_string_lossy().into_owned()).collect();
        environment.hardware = Some(self.hardware.clone());
    }

    /// The guest's boot line, which tells the agent which clocks to read.
    pub(crate) fn boot_line(&self, line: &str) -> String {
        format!("{line} {CLOCKS_WORD}{}", self.hardware.clocks.join(","))
    }
}

/// Checks that `/dev/kvm` exists and can be opened.
///
/// # Errors
/// When it does not, or cannot.
pub fn is_there() -> Result<()> {
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

/// Boots a guest with `kernel` and times getppid. Returns the median in TSC cycles.
///
/// # Errors
/// When KVM cannot run the guest; the error says why.
pub fn boots(session: &QemuSession, kernel: &str) -> Result<u64> {
    match trial::getppid(session, kernel, Target::Kvm) {
        Outcome::Measured(measured) => {
            Ok(Summary::from_samples(&measured.samples).context("no samples")?.p50)
        }
        other => bail!("{DEVICE} exists, but KVM cannot run a guest: {}", other.reason()),
    }
}

/// The options of a trial boot with the time limit `longest`.
pub fn trial(longest: Duration) -> Terms {
    Terms { clocks: vec![Clock::Tsc], rounds: 1, seed: 0, budget: longest }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_boot_line_tells_the_agent_which_clocks_to_read() {
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
