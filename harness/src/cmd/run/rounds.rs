//! Measuring in rounds, for the hardware clocks of `--target kvm` and `--target host`.

use anyhow::Result;
use hookbench_plan::Planned;
use hookbench_results::hardware::Hardware;

use super::opened::Opened;
use super::record::Recorder;
use crate::cmd::say;
use crate::run::rounds::{self, Rounds};
use crate::session::hardware::HardwareOptions;
use crate::session::host::machine;

/// Measures each of `planned` once per round. Adds to `hardware` the order of the cells and
/// the time that a hypervisor took away.
///
/// # Errors
/// When `recorder` cannot record a measurement.
pub(super) fn measure(
    planned: &[Planned],
    options: &HardwareOptions,
    opened: &Opened,
    recorder: &mut Recorder,
    hardware: &mut Option<Hardware>,
) -> Result<()> {
    for warning in hardware.iter().flat_map(|hardware| &hardware.warnings) {
        say::aside(&format!("warning: {warning}"));
    }
    let before = machine::steal();
    let rounds = Rounds { count: options.rounds, seed: options.seed };
    let record = |event| recorder.record(event);
    let order = rounds::run(&*opened.session, planned, rounds, &opened.interrupt, record)?;
    if let Some(hardware) = hardware {
        hardware.order = order;
        hardware.steal_ticks = machine::steal().saturating_sub(before);
        if hardware.steal_ticks > 0 {
            let ticks = hardware.steal_ticks;
            hardware.warnings.push(format!("a hypervisor took {ticks} ticks away during the run (steal)"));
        }
    }
    Ok(())
}
