//! What users supply: custom monitors and workloads, and the kernel modules that
//! monitors and custom kernels load.

pub mod module;
pub mod monitor;
mod payload;
mod program;
mod rules;
pub mod workload;
