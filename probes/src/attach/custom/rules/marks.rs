//! Counts audit events by their serial numbers: hookbench makes records of its own before and after the operations.

use std::io;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::attach::audit_link::{AuditLink, Setting, TRUSTED_APP_RECORD, USER_RECORD};
use crate::attach::login;

/// How long the kernel counts records for a rate limit, and a bit more.
const RATE_PERIOD: Duration = Duration::from_millis(1100);

/// What makes a record.
#[derive(Clone, Copy)]
enum Kind {
    /// A message of this type. Rules of the lists `user` and `exclude` can drop it.
    Message(u16),
    /// A setting of audit that changes nothing. It is refused if the rules are locked.
    Setting,
}

const KINDS: [Kind; 3] = [Kind::Message(USER_RECORD), Kind::Message(TRUSTED_APP_RECORD), Kind::Setting];

/// A count that has begun.
pub(super) struct Marks {
    kind: Kind,
    begin: u64,
    /// Events that hookbench makes itself.
    own_events: u64,
    end: Option<End>,
}

/// The end of a count.
#[derive(Clone, Copy)]
struct End {
    serial: u64,
    /// Records that were lost because hookbench looked.
    own_lost: u32,
}

/// What happened to audit between two moments.
#[derive(Clone, Copy)]
pub(super) struct Counts {
    /// Events.
    pub(super) events: u64,
    /// Records that were lost because hookbench looked.
    pub(super) own_lost: u32,
}

impl Marks {
    /// Begins to count. `None` if the rules drop the records that hookbench counts with. `login_uid` is the login uid
    /// that the worker will set, which makes events too.
    ///
    /// # Errors
    /// When the kernel refuses a record.
    pub(super) fn begin(link: &AuditLink, login_uid: Option<u32>) -> Result<Option<Marks>> {
        for kind in KINDS {
            // A listener that joins or leaves makes events too. Two marks with nothing else between them count those.
            let Some(first) = mark(link, kind, "first")? else { continue };
            login_uid.map(set_in_a_child).transpose()?;
            let begin =
                mark(link, kind, "begin")?.context("hookbench's own audit record did not come back")?;
            return Ok(Some(Marks { kind, begin, own_events: begin - first, end: None }));
        }
        Ok(None)
    }

    /// The events since then. Only the first call looks: a later one would see the events that it made.
    ///
    /// # Errors
    /// When the kernel refuses a record, or it does not come back.
    pub(super) fn counts(&mut self, link: &AuditLink) -> Result<Counts> {
        let End { serial, own_lost } = match self.end {
            Some(end) => end,
            None => {
                let lost = link.status()?.lost;
                let serial = mark(link, self.kind, "end")?
                    .context("hookbench's own audit record did not come back")?;
                let own_lost = link.status()?.lost.saturating_sub(lost);
                *self.end.insert(End { serial, own_lost })
            }
        };
        Ok(Counts { events: serial.saturating_sub(self.begin + self.own_events), own_lost })
    }
}

/// Makes a record, in spite of a rate limit. Returns its serial number; `None` if it does not come back.
fn mark(link: &AuditLink, kind: Kind, name: &str) -> Result<Option<u64>> {
    let status = link.status()?;
    let lifted = status.rate_limit > 0 && status.enabled != LOCKED;
    if lifted {
        link.set(Setting::RateLimit(0))?;
    } else if status.rate_limit > 0 {
        std::thread::sleep(RATE_PERIOD);
    }
    let serial = match kind {
        Kind::Message(kind) => link.serial_of(kind, name),
        Kind::Setting if status.enabled == LOCKED => Ok(None),
        Kind::Setting => link.serial_of_setting(status.failure),
    };
    if lifted {
        link.set(Setting::RateLimit(status.rate_limit))?;
    }
    serial
}

/// The status of audit with locked rules.
const LOCKED: u32 = 2;

/// Sets a login uid in a process that ends, as the worker will.
fn set_in_a_child(uid: u32) -> Result<()> {
    // SAFETY: the agent has one thread; the child only writes a file and ends.
    let pid = match unsafe { libc::fork() } {
        -1 => return Err(io::Error::last_os_error()).context("failed to start a process"),
        0 => {
            let code = i32::from(login::set(uid).is_err());
            // SAFETY: leaves without running the agent's destructors.
            unsafe { libc::_exit(code) }
        }
        pid => pid,
    };
    let mut status = 0;
    // SAFETY: `status` is ours to write.
    let waited = unsafe { libc::waitpid(pid, &mut status, 0) };
    ensure!(waited == pid && status == 0, "failed to set the login uid {uid} (wait status {status:#x})");
    Ok(())
}
