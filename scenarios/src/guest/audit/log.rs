//! The audit records so far: hookbench makes a record of its own, and reads until it comes.

use anyhow::{Context, Result};

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

    /// The socket with the records.
    pub(in crate::guest) fn reader(&self) -> &Link {
        &self.reader
    }

    /// Gives `take` the type and the text of each record so far that it has not had.
    ///
    /// # Errors
    /// When the records cannot be read.
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
        Ok(())
    }

    /// How many records were lost since the log was opened, or they were last forgotten.
    ///
    /// # Errors
    /// When the kernel does not tell.
    pub(in crate::guest) fn lost(&self) -> Result<u64> {
        Ok(u64::from(self.control.lost()?.saturating_sub(self.lost)))
    }

    /// Forgets the records that were lost so far.
    ///
    /// # Errors
    /// When the kernel does not tell how many.
    pub(in crate::guest) fn forget_lost(&mut self) -> Result<()> {
        self.lost = self.control.lost()?;
        Ok(())
    }
}
