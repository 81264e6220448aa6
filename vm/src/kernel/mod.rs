//! Kernels: the table of known ones, fetching and unpacking them, the modules of a
//! Debian kernel and of a custom one, hookbench's own modules, and the audit pair.

pub mod audit_pair;
mod compression;
mod configuration;
mod fetch;
pub mod loadable;
mod make;
pub mod modules;
pub mod stock_modules;
mod stored;
pub mod table;
pub mod vmlinux;

pub use fetch::NotAKernel;
pub use stored::Kernel;
