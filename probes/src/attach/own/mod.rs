//! Monitors of a user's own, in the guest: a file for each kind, and how often BPF
//! programs ran. Nobody knows what such a monitor has to see: that it was at work is
//! shown by what the kernel counts, and said beside the numbers.

use std::path::PathBuf;

use anyhow::Result;

use super::Request;

pub(crate) mod command;
pub(crate) mod object;
pub(crate) mod rules;
mod runs;
mod targets;
mod variables;

pub use runs::{Counting, Program};

/// A monitor of a user's own, once it is attached.
pub trait Own {
    /// What it did since it was attached, for who reads the numbers. Asked after the
    /// timed operations, more than once: readers may lag behind.
    ///
    /// # Errors
    /// When it cannot be told, or it is no longer at work.
    fn did(&mut self) -> Result<Vec<String>>;

    /// Its BPF programs that are in the kernel.
    ///
    /// # Errors
    /// When the kernel does not say.
    fn programs(&self) -> Result<Vec<Program>>;

    /// Whether one of them at least has to run while the operations are made: it has
    /// nothing else to watch with.
    fn owes_runs(&self) -> bool;

    /// Ends it, as its user would; what it said at its end.
    ///
    /// # Errors
    /// When it does not end.
    fn end(&mut self) -> Result<Vec<String>> {
        Ok(Vec::new())
    }
}

/// Where the guest has the file that was brought for the request.
fn brought(request: &Request) -> PathBuf {
    PathBuf::from("/").join(crate::own::FOLDER).join(request.sink)
}
