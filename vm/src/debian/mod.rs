//! Debian's packages: finding, fetching and unpacking them without installing
//! anything, and what hookbench takes out of them for guests and for builds.

pub mod apt;
pub(crate) mod command;
pub mod mirror;
pub mod package_names;
pub mod packages;
mod policies;
pub(crate) mod toolchain;
pub mod userland;
