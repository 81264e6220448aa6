//! What a cell needs and what does not depend on the cell: made before the
//! machine is stopped for its snapshot, so that no cell waits for it.

use anyhow::{Context, Result};
use hookbench_results::KernelVersion;

use crate::idle::Spinner;
use crate::meter::{self, Rate};
use crate::shared::Samples;
use crate::{kernel, stop};

/// Room for the samples of most cells; for more it is made when they are known.
const ROOM: usize = 4096;

/// See the module.
pub(crate) struct Prepared {
    pub(crate) spinner: Spinner,
    pub(crate) rate: Rate,
    pub(crate) kernel: KernelVersion,
    samples: Samples,
}

impl Prepared {
    /// Prepares; afterwards the agent comes before all that it starts.
    pub(crate) fn new(spinner: Spinner) -> Result<Prepared> {
        kernel::warm();
        let kernel = kernel::release()?.parse()?;
        let samples = Samples::map(ROOM).context("failed to map memory for samples")?;
        stop::come_first().context("failed to come before what a cell starts")?;
        // Now nobody comes between the two clocks.
        Ok(Prepared { spinner, rate: meter::rate(), kernel, samples })
    }

    /// Room for so many samples.
    pub(crate) fn samples(&self, count: usize) -> Result<Samples> {
        match self.samples.first(count) {
            Some(samples) => Ok(samples),
            None => Samples::map(count).context("failed to map memory for samples"),
        }
    }
}
