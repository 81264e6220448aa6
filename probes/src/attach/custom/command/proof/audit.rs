//! The audit subsystem: its rules, and who receives the records.

use anyhow::{Context, Result, bail};

use super::{Saw, Sign, counted};
use crate::attach::audit_link::{AuditLink, OpenError};

/// Its state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Audit {
    is_on: bool,
    /// The process that receives the records; 0 for none.
    receiver: u32,
    rules: usize,
}

impl Audit {
    /// Asks the kernel; `None` if its audit subsystem is off for good.
    ///
    /// # Errors
    /// When the kernel does not answer.
    pub(super) fn read() -> Result<Option<Audit>> {
        let link = match AuditLink::open() {
            Err(OpenError::Off) => return Ok(None),
            Err(OpenError::Failed(error)) => bail!("failed to open the audit socket: {error}"),
            Ok(link) => link,
        };
        let status = link.status().context("failed to ask for the status of audit")?;
        let rules = link.rules().context("failed to ask for the audit rules")?;
        Ok(Some(Audit { is_on: status.enabled != 0, receiver: status.pid, rules }))
    }

    /// What is there now and was not `before`. Audit that is off records nothing.
    pub(super) fn since(now: Option<&Audit>, before: Option<&Audit>) -> Option<Sign> {
        let (now, before) = (now?, before?);
        let mut new = Vec::new();
        if now.rules > before.rules {
            new.push(counted(now.rules - before.rules, "audit rule"));
        }
        if now.receiver != before.receiver && now.receiver != 0 {
            new.push("a receiver of the audit records".into());
        }
        if !before.is_on && new.is_empty() {
            new.push("audit".into());
        }
        (now.is_on && !new.is_empty())
            .then(|| Sign::new(new.join(" and "), Saw::Uncounted).of_parts(now.rules))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_and_receivers_count_while_audit_is_on() {
        let audit = |is_on, receiver, rules| Audit { is_on, receiver, rules };
        let since = |now: Audit, before: Audit| {
            Audit::since(Some(&now), Some(&before)).map(|sign| sign.text).unwrap_or_default()
        };
        let off = audit(false, 0, 0);
        assert_eq!(since(audit(true, 70, 2), off), "2 audit rules and a receiver of the audit records");
        assert_eq!(since(audit(true, 0, 0), off), "audit");
        assert_eq!(since(audit(false, 70, 2), off), "");
        assert_eq!(since(audit(true, 0, 1), audit(true, 0, 1)), "");
        assert_eq!(Audit::since(None, None), None);
    }
}
