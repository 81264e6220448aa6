//! How a custom monitor shows that it works. hookbench does not know which events such a
//! monitor should see, so it looks at what the kernel counts instead.

use anyhow::Result;
use hookbench_model::Caveat;

use super::bpf::runs::LoadedProgram;

/// Makes so many untimed operations in a worker that has ended when this returns.
pub type Operate<'a> = dyn FnMut(u32) -> Result<()> + 'a;

/// What an attached custom monitor can show. The agent calls the methods in this order.
pub trait Evidence {
    /// Waits until it is at work. Right afterwards the worker of the timed operations starts.
    ///
    /// # Errors
    /// When it has ended, or is not at work after some time.
    fn wait_until_at_work(&mut self, _operate: &mut Operate<'_>) -> Result<()> {
        Ok(())
    }

    /// Whether what attaching it cost is its own cost. It is not if hookbench tried several
    /// times, or looked meanwhile whether it is ready.
    fn has_attach_cost(&self) -> bool {
        true
    }

    /// What it did since it was attached, as notes for the report. The agent calls this
    /// after the timed operations, several times, because readers may lag behind.
    ///
    /// # Errors
    /// When it cannot be found out, or the monitor no longer works.
    fn notes(&mut self) -> Result<Vec<String>>;

    /// The part of the notes that says what it has done so far.
    ///
    /// # Errors
    /// Those of [`notes`](Evidence::notes).
    fn did(&mut self) -> Result<Vec<String>> {
        self.notes()
    }

    /// Its BPF programs that are in the kernel.
    ///
    /// # Errors
    /// When the kernel does not list them.
    fn programs(&self) -> Result<Vec<LoadedProgram>>;

    /// Whether at least one of its programs must run during the operations, because it
    /// has nothing else to watch with.
    fn owes_runs(&self) -> bool;

    /// Learns how often its programs ran, all together, during operations that the agent made
    /// for that. The agent calls this only if it has programs.
    fn ran(&mut self, _runs: u64) {}

    /// Why its number is not a plain one; empty if all of it was at work.
    ///
    /// # Errors
    /// When it cannot be found out.
    fn caveats(&mut self) -> Result<Vec<Caveat>> {
        Ok(Vec::new())
    }

    /// Ends it, as its user would, and returns what it wrote at its end.
    ///
    /// # Errors
    /// When it does not end.
    fn end(&mut self) -> Result<Vec<String>> {
        Ok(Vec::new())
    }
}
