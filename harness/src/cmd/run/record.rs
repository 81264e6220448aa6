//! Records the measurements of a run as they end: in the journal, on the terminal and in
//! memory, in this order.

use std::collections::HashMap;
use std::path::Path;

use anyhow::Result;
use hookbench_model::{Cell, Measurement};
use hookbench_results::store::Journal;

use crate::cmd::progress::Progress;
use crate::run::runner::Event;

/// The measurements of a run so far.
pub(super) struct Recorder {
    journal: Journal,
    progress: Progress,
    done: HashMap<Cell, Measurement>,
}

impl Recorder {
    /// Opens the journal in `folder`. `done` are the measurements that it already has,
    /// `left` is the number of cells without one. With `plain`, the progress is lines
    /// even on a terminal: a bar and the guest's console would garble each other.
    ///
    /// # Errors
    /// When the journal cannot be opened.
    pub(super) fn begin(
        folder: &Path,
        done: HashMap<Cell, Measurement>,
        left: usize,
        plain: bool,
    ) -> Result<Recorder> {
        let journal = Journal::open(folder)?;
        let progress = if plain { Progress::plain(left) } else { Progress::begin("cells", left) };
        Ok(Recorder { journal, progress, done })
    }

    /// Records what the runner reports.
    ///
    /// # Errors
    /// When the journal or an attachment cannot be written. The measurement is then not recorded.
    pub(super) fn record(&mut self, event: Event) -> Result<()> {
        match event {
            Event::Begun(cell) => self.progress.begun(&cell),
            Event::Ended { measurement, attachments, took } => {
                self.journal.append_with(&measurement, &attachments)?;
                self.progress.ended(&measurement, took);
                self.done.insert(measurement.cell.clone(), *measurement);
            }
        }
        Ok(())
    }

    /// Ends the progress. Returns all measurements.
    pub(super) fn end(self) -> HashMap<Cell, Measurement> {
        self.done
    }
}
