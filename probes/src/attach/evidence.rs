//! How a custom monitor shows that it works. hookbench does not know which events such a
//! monitor should see, so it looks at what the kernel counts instead.

use anyhow::Result;

use super::bpf::runs::LoadedProgram;

/// What an attached custom monitor can show.
pub trait Evidence {
    /// What it did since it was attached, as notes for the report. The agent calls this
    /// after the timed operations, several times, because readers may lag behind.
    ///
    /// # Errors
    /// When it cannot be found out, or the monitor no longer works.
    fn notes(&mut self) -> Result<Vec<String>>;

    /// Its BPF programs that are in the kernel.
    ///
    /// # Errors
    /// When the kernel does not list them.
    fn programs(&self) -> Result<Vec<LoadedProgram>>;

    /// Whether at least one of its programs must run during the operations, because it
    /// has nothing else to watch with.
    fn owes_runs(&self) -> bool;

    /// Ends it, as its user would, and returns what it wrote at its end.
    ///
    /// # Errors
    /// When it does not end.
    fn end(&mut self) -> Result<Vec<String>> {
        Ok(Vec::new())
    }
}
