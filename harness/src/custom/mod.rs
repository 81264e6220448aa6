//! What users supply: custom monitors and workloads, and the kernel modules that
//! monitors and custom kernels load.

pub(crate) mod cannot_start;
mod essential;
pub mod module;
pub mod monitor;
mod object;
mod payload;
mod program;
mod rules;
mod start;
pub(crate) mod stock;
pub mod workload;
