//! What a cell needs and what does not depend on the cell: made before the
//! machine is stopped for its snapshot, so that no cell waits for it.

use anyhow::{Context, Result, anyhow};
use hookbench_results::KernelVersion;
use hookbench_results::protocol::HostOrder;

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
    /// Other clocks, on a machine of others.
    pub(crate) beside: Option<Beside>,
}

impl Prepared {
    /// Prepares; afterwards the agent comes before all that it starts.
    pub(crate) fn new(spinner: Spinner) -> Result<Prepared> {
        kernel::warm();
        let kernel = kernel::release()?.parse()?;
        let samples = Samples::map(ROOM).context("failed to map memory for samples")?;
        stop::come_first().context("failed to come before what a cell starts")?;
        // Now nobody comes between the two clocks.
        Ok(Prepared { spinner: Some(spinner), rate: meter::rate(), kernel, samples, beside: None })
    }

    /// Prepares on a machine of others, whose settings and caches stay as they are.
    pub(crate) fn of_host(order: &HostOrder) -> Result<Prepared> {
        // Nothing is loaded for a monitor that loads nothing.
        let monitor = hookbench_probes::find(&order.cell.monitor);
        if monitor.is_some_and(|monitor| monitor.sink.requires.config.contains(&"CONFIG_BPF_SYSCALL")) {
            hookbench_probes::attach::bpf::warm();
        }
        let workload = hookbench_workloads::find(&order.cell.workload);
        let workload =
            workload.ok_or_else(|| anyhow!("the agent has no workload {:?}", order.cell.workload))?;
        let samples =
            Samples::map(order.cell.samples as usize).context("failed to map memory for samples")?;
        let beside = Some(Beside::prepare(order, workload)?);
        let kernel = kernel::release()?.parse()?;
        Ok(Prepared { spinner: None, rate: meter::rate(), kernel, samples, beside })
    }

    /// Room for so many samples.
    pub(crate) fn samples(&self, count: usize) -> Result<Samples> {
        match self.samples.first(count) {
            Some(samples) => Ok(samples),
            None => Samples::map(count).context("failed to map memory for samples"),
        }
    }
}
