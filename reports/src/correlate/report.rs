//! What the formats of a correlation render.

use hookbench_analysis::correlate::{Correlation, HardwareAndTcg};

/// A correlation to render.
#[derive(Debug, Clone, Copy)]
pub struct CorrelationReport<'a> {
    /// The names of the runs: a folder, or a baseline.
    pub names: HardwareAndTcg<&'a str>,
    /// The correlation itself.
    pub correlation: &'a Correlation,
    /// The largest number of lines in the lists of cells.
    pub most: usize,
}
