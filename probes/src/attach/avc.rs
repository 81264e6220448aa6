//! Records that security modules make through audit, read by a listener of ours
//! and told apart by the words in them. Audit itself stays as it was booted: no rule, no
//! context of a system call.

use anyhow::{Result, anyhow};
use hookbench_model::Behaviour;

use super::audit_link::{AuditLink, Setting};
use super::reader::{Counts, Reader};
use super::{Attached, Request, Seen};

/// `AUDIT_AVC`: a record of a security module's.
const RECORD: u16 = 1400;

/// Records that may wait before those who make them have to.
const BACKLOG_LIMIT: u32 = 8192;

/// What tells a behaviour's record.
#[derive(Debug, Clone, Copy)]
pub struct Mark {
    /// The behaviour, by name.
    pub behaviour: &'static str,
    /// Words that such a record has, all of them.
    pub words: &'static [&'static str],
}

/// A running reader of records.
pub struct Records {
    link: AuditLink,
    lost: u32,
    reader: Reader,
}

impl Records {
    /// Starts to read.
    ///
    /// # Errors
    /// When audit is off, or the reader does not start.
    pub fn read(request: &Request, marks: &'static [Mark]) -> Result<Records> {
        let link = AuditLink::open().map_err(|error| anyhow!("failed to open audit: {error:?}"))?;
        link.set(Setting::BacklogLimit(BACKLOG_LIMIT))?;
        let lost = link.status()?.lost;
        let reader = Reader::start(request.readers, |counts| listen(counts, marks))?;
        Ok(Records { link, lost, reader })
    }
}

fn listen(counts: &Counts, marks: &[Mark]) -> Result<()> {
    let link = AuditLink::open().map_err(|error| anyhow!("failed to open audit: {error:?}"))?;
    // As auditd does: the kernel then has somebody to send to, and does not print.
    link.set(Setting::Receiver(std::process::id()))?;
    counts.ready();
    loop {
        let Some((RECORD, record)) = link.receive(None)? else { continue };
        let text = String::from_utf8_lossy(&record);
        let of = marks.iter().find(|mark| mark.words.iter().all(|word| text.contains(word)));
        if let Some(behaviour) = of.and_then(|mark| Behaviour::find(mark.behaviour)) {
            counts.event(behaviour.index());
        }
    }
}

impl Attached for Records {
    fn seen(&mut self, behaviour: &Behaviour) -> Result<Seen> {
        let lost = self.link.status()?.lost.saturating_sub(self.lost);
        let (seen, _) = self.reader.counted(behaviour.index())?;
        Ok(Seen { seen, lost: lost.into(), of_all: false })
    }

    fn detach(&mut self) -> Result<()> {
        // The module goes on for as long as the guest does.
        Ok(())
    }
}
