//! What runs mean: statistics of samples, what a monitor adds, whether noisy clocks differ,
//! how two runs compare, verdicts on scenarios, advice about policies, the gate, and how hardware correlates with exact
//! counts.
//!
//! Pure functions of runs. How the results are shown is the business of the crate `reports`.

pub mod advice;
pub mod agreement;
pub mod attribution;
pub mod baseline;
mod cell_name;
pub mod compare;
pub mod correlate;
#[cfg(test)]
mod fixture;
pub mod gate;
pub mod noisy;
pub mod random;
pub mod scenario;
pub mod stats;
mod students_t;

pub use compare::Comparison;
pub use stats::Summary;
