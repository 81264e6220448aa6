//! Debian's packages: finding, fetching and unpacking them without installing
//! anything, and the programs, libraries and compilers in them.

pub mod alternatives;
pub mod apt;
pub(crate) mod command;
pub mod compilers;
pub mod mirror;
mod no_package;
pub mod package_names;
pub mod packages;
mod policies;
pub(crate) mod qemu;
pub(crate) mod toolchain;
mod unpack;
mod unpacked;
pub mod userland;
