//! What users supply: custom monitors and workloads, and the kernel modules that
//! monitors and custom kernels load.

mod essential;
pub mod module;
pub mod monitor;
mod payload;
pub(crate) mod program;
mod start;
pub mod workload;
