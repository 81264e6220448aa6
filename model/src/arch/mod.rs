//! What differs between CPU architectures in the table of behaviours.

#[cfg(target_arch = "x86_64")]
mod x86_64;
#[cfg(target_arch = "x86_64")]
pub(crate) use x86_64::*;

#[cfg(not(target_arch = "x86_64"))]
compile_error!("hookbench measures x86-64 kernels only; add a file to model/src/arch for this architecture");
