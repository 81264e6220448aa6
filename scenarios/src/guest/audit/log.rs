//! The audit records so far: hookbench makes a record of its own, and reads until it comes.

use anyhow::{Context, Result, ensure};

use super::link::Link;

/// A socket with records.
pub(in crate::guest) struct Log {
    control: Link,
    reader: Link,
    /// Records that were lost before.
    lost: u32,
    /// How many marks were made.
    marks: u32,
}

impl Log {
    /// Reads from `reader`, which gets the records already.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub(in crate::guest) fn new(reader: Link) -> Result<Log> {
        let control = Link::open()?;
        let lost = control.lost()?;
        Ok(Log { control, reader, lost, marks: 0 })
    }

    /// A socket for requests.
    pub(in crate::guest) fn control(&self) -> &Link {
        &self.control
    }

    /// Gives `take` the type and the text of each record so far that it has not had.
    ///
    /// # Errors
    /// When the records cannot be read, or some were lost.
    pub(in crate::guest) fn each(&mut self, mut take: impl FnMut(u16, &str)) -> Result<()> {
        self.marks += 1;
        // A quoted text cannot be part of another one.
        let mark = format!("hookbench-mark-{}-end", self.marks);
        self.control.mark(&mark)?;
        loop {
            let (kind, text) = self.reader.receive().context("the audit records so far do not end")?;
            if text.contains(&mark) {
                break;
            }
            take(kind, &text);
        }
        let lost = self.control.lost()? - self.lost;
        ensure!(lost == 0, "audit lost {lost} records");
        Ok(())
    }
}
