//! The only place that knows QEMU: which kernels there are and how to get
//! them, what the guest's image holds, and how a virtual machine is run.
//!
//! What is measured in a guest, and what the numbers mean, is elsewhere.

pub mod cache;
mod debian;
mod files;
pub mod guest;
pub mod image;
pub mod kernel;
pub mod machine;

pub use debian::{apt, mirror, package_names, packages, userland};
pub use files::{elf, flock, scratch};
pub use guest::{answer, console, snapshot};
pub use image::{payload, program};
pub use kernel::{audit_pair as pair, loadable, modules, table as kernels, vmlinux};
