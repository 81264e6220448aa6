//! Statistics of noisy clocks, whose samples come in rounds: a median with a bootstrap
//! confidence interval, and whether two cells differ.
//!
//! Rounds are the independent unit, because the samples of one round share the state of the
//! machine. Exact clocks need nothing from here.

mod difference;
mod interval;
mod outliers;
mod resample;
mod rounds;
#[cfg(test)]
mod tests;

pub use difference::{ChangeVerdict, NoiseRule, NoisyDifference, compare, difference};
pub use interval::{Interval, median_interval};
pub use outliers::{Outliers, outliers};
pub use rounds::split_into_rounds;
