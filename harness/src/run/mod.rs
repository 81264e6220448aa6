//! A run while it is being made: cells on threads or in rounds, and the run's folder.

pub mod folder;
mod queue;
pub mod rounds;
pub mod runner;
pub(crate) mod workers;
