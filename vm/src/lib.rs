//! The only place that knows QEMU: which kernels there are and how to get
//! them, what the guest's image holds, and how a virtual machine is run.
//!
//! What is measured in a guest, and what the numbers mean, is elsewhere.

pub mod answer;
pub mod apt;
pub mod args;
pub mod brought;
pub mod cache;
mod closure;
mod command;
pub mod console;
mod copy;
mod device;
mod digest;
pub mod elf;
mod error;
pub mod flock;
pub mod guest;
pub mod image;
pub mod kernel;
pub mod kernels;
mod kvm;
pub mod loadable;
pub mod mirror;
pub mod modules;
pub mod names;
pub mod packages;
pub mod pair;
mod pair_build;
mod place;
mod policy;
mod process;
pub mod program;
mod qmp;
pub mod scratch;
pub mod snapshot;
mod toolchain;
pub mod userland;
pub mod vmlinux;
