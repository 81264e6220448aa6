//! What hookbench's plugin of QEMU says about a guest, and the kernel's functions, whose names the plugin does not
//! know. How the plugin gets there is in `machine` and `guest`; what the numbers mean is elsewhere.

mod symbols;
pub mod windows;

pub use symbols::Symbols;
pub use windows::{Path, Window, Windows};
