//! The harness ties the other crates together: it expands a plan into cells, runs them
//! in a session, appends each measurement to a journal, and builds the run and its
//! reports from the journal.

pub mod baseline;
pub mod cmd;
pub mod custom;
pub mod interrupt;
mod kernels;
pub mod run;
pub mod scenario;
pub mod session;
mod verify;
