//! The harness puts the parts together: a plan becomes cells, a session runs
//! them, a journal keeps them, and a run with its reports is made of that.

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
