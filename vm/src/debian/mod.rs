//! Debian's packages: finding, fetching and unpacking them without installing
//! anything, and the programs, libraries and compilers in them.

pub mod apt;
pub(crate) mod command;
pub mod mirror;
pub mod package_names;
pub mod packages;
mod policies;
pub(crate) mod toolchain;
pub mod userland;
