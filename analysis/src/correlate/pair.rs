//! A cell that both runs measured, and cells that have no pair.

use serde::Serialize;

use super::sides::HardwareAndTcg;
use crate::Summary;
use crate::cell_name::by_name;
use hookbench_model::{Cell, Measured, Measurement};

/// A cell that both runs measured.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CellPair {
    /// The cell, by its name in TCG.
    #[serde(serialize_with = "by_name")]
    pub cell: Cell,
    /// The medians: in the hardware clock's unit, and in instructions.
    pub p50: HardwareAndTcg<u64>,
    /// The median on hardware divided by the median in TCG.
    pub ratio: f64,
    /// The ratio divided by the median of all ratios. At 2 the cell costs twice as much on
    /// hardware as its instructions suggest.
    #[serde(rename = "off")]
    pub deviation: f64,
}

/// A cell that was not compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OmittedCell {
    /// The cell, by its name in its own run.
    #[serde(serialize_with = "by_name")]
    pub cell: Cell,
    /// Why it was not compared.
    pub why: &'static str,
}

impl CellPair {
    /// Pairs two measurements of a cell. `deviation` is 1 until the median ratio is known.
    ///
    /// # Errors
    /// If they cannot be compared; the error says why.
    pub(super) fn new(hardware: &Measurement, tcg: &Measurement) -> Result<CellPair, &'static str> {
        let (Some(one), Some(two)) = (hardware.measured(), tcg.measured()) else {
            return Err("no number in one of the runs");
        };
        let errno = |measured: &Measured| measured.refused.as_ref().map(|refused| refused.errno.clone());
        if errno(one) != errno(two) {
            return Err("the monitor enforces differently in the two runs");
        }
        let (Some(one), Some(two)) =
            (Summary::from_samples(&one.samples), Summary::from_samples(&two.samples))
        else {
            return Err("no number in one of the runs");
        };
        if one.p50 == 0 || two.p50 == 0 {
            return Err("a median is zero, so there is no ratio");
        }
        let p50 = HardwareAndTcg { hardware: one.p50, tcg: two.p50 };
        Ok(CellPair { cell: tcg.cell.clone(), p50, ratio: one.p50 as f64 / two.p50 as f64, deviation: 1.0 })
    }
}
