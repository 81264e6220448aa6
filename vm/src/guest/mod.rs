//! Guests: starting QEMU with a cell, watching it until it ends, and reading
//! its answer; and the snapshots from which guests resume. hookbench trusts
//! nothing that a guest writes.

pub mod answer;
pub mod console;
mod device_state;
mod ending;
mod fork_server;
mod kvm;
mod options;
mod orders;
mod pinning;
mod process;
mod qmp;
mod run;
mod running;
pub mod snapshot;

pub use crate::machine::Boot;
pub use ending::{Answer, Error};
pub use fork_server::ForkServer;
pub use options::GuestOptions;
pub use orders::Orders;
pub use run::{Start, run};
