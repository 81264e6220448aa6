//! Records that security modules write through audit. hookbench's reader receives them and
//! knows those of the behaviour by the words in them. Audit itself stays as it was at the
//! boot, without rules and without the context of system calls.

use anyhow::Result;

use super::audit_link::{AuditLink, Setting};
use super::reader::{Reader, SharedCounts};
use super::{AttachRequest, Attached, EventCounts};

/// `AUDIT_AVC`: a record of a security module.
const AVC_RECORD: u16 = 1400;

/// How many records may wait before the tasks that make them must wait.
const BACKLOG_LIMIT: u32 = 8192;

/// How to recognise a behaviour's record.
#[derive(Debug, Clone, Copy)]
pub struct RecordMark {
    /// The behaviour, by name.
    pub behaviour: &'static str,
    /// Words that such a record contains, all of them.
    pub words: &'static [&'static str],
}

/// A running reader of records.
pub struct AvcReader {
    link: AuditLink,
    lost: u32,
    reader: Reader,
}

impl AvcReader {
    /// Starts the reader.
    ///
    /// # Errors
    /// When audit is off, or the reader does not start.
    pub fn start(request: &AttachRequest, marks: &'static [RecordMark]) -> Result<AvcReader> {
        let link = AuditLink::open_or_fail()?;
        link.set(Setting::BacklogLimit(BACKLOG_LIMIT))?;
        let lost = link.status()?.lost;
        let own = marks.iter().filter(|mark| mark.behaviour == request.behaviour.name).collect();
        let reader = Reader::start(request.readers, |counts| read_records(counts, own))?;
        Ok(AvcReader { link, lost, reader })
    }
}

fn read_records(counts: &SharedCounts, marks: Vec<&RecordMark>) -> Result<()> {
    let link = AuditLink::open_or_fail()?;
    // As auditd does: with a receiver, the kernel does not print the records.
    link.set(Setting::Receiver(std::process::id()))?;
    counts.ready();
    loop {
        let Some((AVC_RECORD, record)) = link.receive(None)? else { continue };
        let text = String::from_utf8_lossy(&record);
        if marks.iter().any(|mark| mark.words.iter().all(|word| text.contains(word))) {
            counts.event();
        }
    }
}

impl Attached for AvcReader {
    fn seen(&mut self) -> Result<EventCounts> {
        let lost = self.link.status()?.lost.saturating_sub(self.lost);
        let seen = self.reader.counted()?.read;
        Ok(EventCounts { seen, lost: lost.into() })
    }

    fn detach(&mut self) -> Result<()> {
        // The module stays active until the guest ends.
        Ok(())
    }
}
