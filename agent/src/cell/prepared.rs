//! What a cell needs and what does not depend on the cell. The agent makes it before the machine stops for its
//! snapshot, so no cell waits for it.

use anyhow::{Context, Result};
use hookbench_model::KernelVersion;
use hookbench_model::protocol::CellSpec;

use super::meter::{self, Rate};
use crate::boot::kernel;
use crate::clock::secondary::SecondaryClocks;
use crate::process;
use crate::shared_memory::Samples;
use crate::stage::Stage;

/// Room for the samples of most cells: with the effect it fills whole pages. A cell with more maps its own.
const ROOM: usize = 4095;

/// See the module.
pub(crate) struct Prepared {
    /// Where the agent runs.
    pub(crate) stage: Stage,
    /// How fast the clock runs compared with CPU time.
    pub(super) rate: Rate,
    /// The kernel's version.
    pub(super) kernel: KernelVersion,
    samples: Samples,
    /// Whether to send the kernel's dynamic functions after the timed operations.
    pub(crate) sends_symbols: bool,
    /// The secondary clocks; none where the clock is exact.
    pub(crate) secondary: Option<SecondaryClocks>,
}

impl Prepared {
    /// Prepares in a guest. Afterwards the agent comes before everything that it starts.
    ///
    /// # Errors
    /// When the kernel refuses something.
    pub(crate) fn for_guest(stage: Stage) -> Result<Prepared> {
        kernel::warm();
        let kernel = kernel::release()?.parse()?;
        let samples = Samples::map(ROOM).context("failed to map memory for samples")?;
        process::come_first().context("failed to come before the tasks of a cell")?;
        // Now nothing comes between the two clocks.
        let rate = meter::rate();
        Ok(Prepared { stage, rate, kernel, samples, sends_symbols: false, secondary: None })
    }

    /// Prepares for the cell `spec` on the host, whose settings and caches stay as they are.
    ///
    /// # Errors
    /// When the kernel refuses something.
    pub(crate) fn for_host(stage: Stage, spec: &CellSpec) -> Result<Prepared> {
        // A monitor that loads nothing gets nothing loaded.
        let monitor = hookbench_probes::find(&spec.monitor);
        if monitor.is_some_and(|monitor| monitor.sink.requires.config.contains(&"CONFIG_BPF_SYSCALL")) {
            hookbench_probes::attach::bpf::warm();
        }
        let samples = Samples::map(spec.samples as usize).context("failed to map memory for samples")?;
        let secondary = stage.clocks().map(|clocks| SecondaryClocks::prepare(spec, clocks)).transpose()?;
        let kernel = kernel::release()?.parse()?;
        Ok(Prepared { stage, rate: meter::rate(), kernel, samples, sends_symbols: false, secondary })
    }

    /// Room for `count` samples.
    ///
    /// # Errors
    /// When the kernel has no memory for them.
    pub(super) fn samples(&self, count: usize) -> Result<Samples> {
        match self.samples.first(count) {
            Some(samples) => Ok(samples),
            None => Samples::map(count).context("failed to map memory for samples"),
        }
    }
}
