//! A run while it is being made: cells on threads or in rounds, the run's folder, and
//! what interrupts it.

pub mod folder;
pub mod interrupt;
pub mod rounds;
pub mod runner;
