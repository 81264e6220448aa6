//! What runs mean: statistics of samples, what a monitor adds, whether clocks with noise
//! differ, two runs compared, the gate, and hardware compared with exact counts.
//!
//! Pure functions of runs. How they are shown is the business of the crate `reports`.

pub mod agreement;
pub mod baseline;
pub mod compare;
pub mod correlate;
pub mod gate;
pub mod noisy;
pub mod random;
pub mod stats;
mod students_t;

pub use compare::Comparison;
pub use stats::Summary;
