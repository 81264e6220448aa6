//! The audit pair: two kernels, built from Debian's source, that differ in CONFIG_AUDIT
//! and in nothing else.

mod build;
mod cached;
mod halves;

pub use cached::build;
pub use halves::{COMMAND, HALVES, Half, NAME, find};
