//! What differs between CPU architectures, for the code that attaches monitors. Each
//! architecture has a file with the same names; the C sources have theirs in
//! `bpf/arch`, and `build.rs` picks the compiler's options.

#[cfg(target_arch = "x86_64")]
mod x86_64;
#[cfg(target_arch = "x86_64")]
pub(crate) use x86_64::*;

#[cfg(not(target_arch = "x86_64"))]
compile_error!("hookbench measures x86-64 kernels only; add a file to probes/src/arch for this architecture");
