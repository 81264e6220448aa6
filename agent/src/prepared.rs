//! What a cell needs and what does not depend on the cell: made before the
//! machine is stopped for its snapshot, so that no cell waits for it.

use anyhow::{Context, Result};
use hookbench_model::KernelVersion;
use hookbench_model::protocol::HostOrder;

use crate::beside::Beside;
use crate::idle::Spinner;
use crate::meter::{self, Rate};
use crate::shared::Samples;
use crate::{kernel, stop};

/// Room for the samples of most cells; for more it is made when they are known.
const ROOM: usize = 4096;

/// See the module.
pub(crate) struct Prepared {
    /// What keeps the CPU busy; nothing does on a machine of others.
    pub(crate) spinner: Option<Spinner>,
    pub(crate) rate: Rate,
    pub(crate) kernel: KernelVersion,
    samples: Samples,
    /// Other clocks, where the clock is one of hardware.
    pub(crate) beside: Option<Beside>,
    /// Whether the machine is one of others, and not a guest of ours.
    pub(crate) of_others: bool,
}

impl Prepared {
    /// Prepares; afterwards the agent comes before all that it starts.
    pub(crate) fn new(spinner: Spinner) -> Result<Prepared> {
        kernel::warm();
        let kernel = kernel::release()?.parse()?;
        let samples = Samples::map(ROOM).context("failed to map memory for samples")?;
        stop::come_first().context("failed to come before what a cell starts")?;
        // Now nobody comes between the two clocks.
        let rate = meter::rate();
        Ok(Prepared { spinner: Some(spinner), rate, kernel, samples, beside: None, of_others: false })
    }

    /// Prepares on a machine of others, whose settings and caches stay as they are.
    pub(crate) fn of_host(order: &HostOrder) -> Result<Prepared> {
        // Nothing is loaded for a monitor that loads nothing.
        let monitor = hookbench_probes::find(&order.cell.monitor);
        if monitor.is_some_and(|monitor| monitor.sink.requires.config.contains(&"CONFIG_BPF_SYSCALL")) {
            hookbench_probes::attach::bpf::warm();
        }
        let samples =
            Samples::map(order.cell.samples as usize).context("failed to map memory for samples")?;
        let beside = Some(Beside::prepare(&order.cell, &order.beside)?);
        let kernel = kernel::release()?.parse()?;
        Ok(Prepared { spinner: None, rate: meter::rate(), kernel, samples, beside, of_others: true })
    }

    /// Room for so many samples.
    pub(crate) fn samples(&self, count: usize) -> Result<Samples> {
        match self.samples.first(count) {
            Some(samples) => Ok(samples),
            None => Samples::map(count).context("failed to map memory for samples"),
        }
    }
}
