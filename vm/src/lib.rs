//! Virtual machines, and everything that only hookbench's guests need: QEMU, the
//! kernels and how to get them, Debian's packages, the guest's image, and the cache.
//!
//! How a cell is measured in a guest, and what its numbers mean, is elsewhere.

mod arch;
pub mod attribution;
pub mod cache;
mod debian;
mod files;
pub mod guest;
pub mod image;
pub mod kernel;
pub mod machine;

pub use debian::{alternatives, apt, compilers, mirror, package_names, packages, userland};
pub use files::{bpf_object, digest, elf, flock, scratch, script};
pub use guest::{answer, console, snapshot};
pub use image::{payload, program, tree};
pub use kernel::{audit_pair as pair, loadable, modules, stock_modules, table as kernels, vmlinux};
