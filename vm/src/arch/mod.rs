//! The facts that depend on the architecture of the guests: QEMU's program and
//! machine types, Debian's names, the format of kernel images. There is one
//! folder for each architecture, and each exports the same names.

#[cfg(target_arch = "x86_64")]
mod x86_64;
#[cfg(target_arch = "x86_64")]
pub(crate) use x86_64::*;

#[cfg(not(target_arch = "x86_64"))]
compile_error!("hookbench-vm runs x86-64 guests only; build it for x86_64 (see vm/src/arch)");
