//! Records that security modules write through audit. hookbench's reader receives them and
//! assigns each to a behaviour by the words in it. Audit itself stays as it was at the
//! boot, without rules and without the context of system calls.

use anyhow::Result;
use hookbench_model::Behaviour;

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
        let reader = Reader::start(request.readers, |counts| read_records(counts, marks))?;
        Ok(AvcReader { link, lost, reader })
    }
}

fn read_records(counts: &SharedCounts, marks: &[RecordMark]) -> Result<()> {
    let link = AuditLink::open_or_fail()?;
    // As auditd does: with a receiver, the kernel does not print the records.
    link.set(Setting::Receiver(std::process::id()))?;
    counts.ready();
    loop {
        let Some((AVC_RECORD, record)) = link.receive(None)? else { continue };
        let text = String::from_utf8_lossy(&record);
        let mark = marks.iter().find(|mark| mark.words.iter().all(|word| text.contains(word)));
        if let Some(behaviour) = mark.and_then(|mark| Behaviour::find(mark.behaviour)) {
            counts.event(behaviour.index());
        }
    }
}

impl Attached for AvcReader {
    fn seen(&mut self, behaviour: &Behaviour) -> Result<EventCounts> {
        let lost = self.link.status()?.lost.saturating_sub(self.lost);
        let seen = self.reader.counted(behaviour.index())?.read;
        Ok(EventCounts { seen, lost: lost.into(), of_all: false })
    }

    fn detach(&mut self) -> Result<()> {
        // The module stays active until the guest ends.
        Ok(())
    }
}
