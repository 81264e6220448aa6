//! The sessions that run each cell in a separate QEMU guest: with the exact clock under
//! TCG, or with hardware clocks under KVM. Both kinds of guests get the provisions of
//! `provisions.rs`. `cell.rs` takes a cell through its guest.

mod attribution;
mod cell;
mod environment;
pub mod exact;
mod fork_servers;
mod histories;
mod image;
pub mod kvm;
mod needs;
mod padding;
mod program;
mod provisions;
mod site;
mod snapshots;

pub use attribution::{Attributed, Neighbour, Neighbours, Trace};
pub use exact::{BUDGET, ExactOptions, ExactSession};
pub use kvm::{Kvm, KvmSession};
pub use needs::Needs;
pub use program::{Program, Ran};
pub use provisions::Provisions;
