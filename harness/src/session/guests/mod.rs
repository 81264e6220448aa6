//! The sessions that run each cell in a separate QEMU guest: with the exact clock under
//! TCG, or with hardware clocks under KVM. What the guests of both get is in
//! `provisions.rs`; what one cell gets is in `cell.rs`.

mod cell;
mod environment;
pub mod exact;
mod image;
pub mod kvm;
mod needs;
mod provisions;
mod qemu;
mod snapshots;

pub use exact::{BUDGET, ExactOptions, ExactSession};
pub use kvm::{Kvm, KvmSession};
pub use needs::Needs;
pub use provisions::Provisions;
pub use qemu::qemu_version;
