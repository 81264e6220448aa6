//! Guests: starting QEMU with a cell, watching it until it ends, and reading
//! its answer.

pub mod answer;
pub mod console;
mod device_state;
mod ending;
mod kvm;
mod pinning;
mod process;
mod qmp;
mod running;
pub mod snapshot;

pub use ending::Error;
pub use running::{Answer, Boot, Start, Terms, run};
pub(crate) use running::{Guest, LOOK};
