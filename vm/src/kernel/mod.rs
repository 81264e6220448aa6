//! Kernels: the table of known ones, fetching and unpacking them, and building
//! modules and the audit pair.

pub mod audit_pair;
mod compression;
pub mod loadable;
pub mod modules;
mod stored;
pub mod table;
pub mod vmlinux;

pub use stored::Kernel;
pub(crate) use stored::{Origin, read, store};
