//! The harness ties the other crates together: it expands a plan into cells, runs them
//! in a session, appends each measurement to a journal, and builds the run and its
//! reports from the journal.

pub mod baseline;
mod check;
pub mod cmd;
mod described;
pub mod folder;
pub mod host;
mod kernels;
pub mod kvm;
mod modules;
mod outcome;
pub mod own;
pub mod own_name;
pub mod plan;
pub mod qemu;
mod requirements;
pub mod rounds;
pub mod runner;
pub mod select;
pub mod session;
mod snapshots;
pub mod stop;
mod trial;
pub mod work;
