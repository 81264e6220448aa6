//! What a monitor costs by call path: the instructions of its operations, divided into its own, those that it avoids,
//! those of interrupts, and those that the changed state of the kernel costs. Pure functions of profiles; who made a
//! profile is not known here.

mod baseline;
mod classes;
pub mod explanation;
mod name_table;
mod profile;
mod record;
mod split;
mod stored;
#[cfg(test)]
mod tests;

pub use baseline::{Baseline, EmptyBaseline};
pub use explanation::Explanation;
pub use profile::{Function, Kind, Path, Profile};
pub use record::record;
pub use split::{Part, Split};

/// Begins the note of a cell whose cost could not be divided; the reason follows.
pub const UNDIVIDED: &str = "its cost is not divided into the hook and its side effects: ";
