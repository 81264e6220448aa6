//! Audit rules of a user's own: loaded by Debian's auditctl, as at a boot. Events are
//! counted by their serial numbers; nobody reads them.

use std::process::Command;

use anyhow::{Context, Result, anyhow, bail};
use hookbench_model::Behaviour;

use super::{Own, Program, brought};
use crate::attach::audit_link::{AuditLink, BACKLOG_LIMIT, Closed, Setting, kauditd};
use crate::attach::{Attached, Error, Request, Seen};

const AUDITCTL: &str = "/usr/sbin/auditctl";

/// Loaded rules.
struct Loaded {
    link: AuditLink,
    rules: usize,
    begin: u64,
    /// Events that asking for a serial number makes by itself.
    own: u64,
    end: Option<u64>,
}

pub(crate) fn attach(request: &Request) -> Result<Box<dyn Attached>, Error> {
    let link = match AuditLink::open() {
        Err(Closed::Off) => return Err(Error::Unsupported("the kernel's audit subsystem is off".into())),
        Err(Closed::Error(error)) => return Err(error.into()),
        Ok(link) => link,
    };
    link.set(Setting::BacklogLimit(BACKLOG_LIMIT))?;
    link.set(Setting::Enabled(1))?;
    request.readers.place(kauditd()?)?;
    let file = brought(request);
    auditctl(&["-R", &file.to_string_lossy()])
        .with_context(|| format!("auditctl refused {}", request.sink))?;
    if link.status()?.enabled == 0 {
        return Err(anyhow!("{} switches audit off: there is nothing to measure", request.sink).into());
    }
    let listed = auditctl(&["-l"]).context("failed to list the rules")?;
    let rules = listed.lines().filter(|line| line.starts_with('-')).count();
    if rules == 0 {
        return Err(anyhow!("{} holds no rule", request.sink).into());
    }
    // Joining and leaving the listeners are events too: two marks with nothing
    // between them count those.
    let first = link.serial("first")?;
    let begin = link.serial("begin")?;
    Ok(Box::new(Loaded { link, rules, begin, own: begin - first, end: None }))
}

/// Runs auditctl; what it said, or the lines in which it complained.
fn auditctl(arguments: &[&str]) -> Result<String> {
    let output = Command::new(AUDITCTL)
        .args(arguments)
        .output()
        .with_context(|| format!("failed to start {AUDITCTL}, which the image has to have"))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_string();
    if !output.status.success() {
        let complaints = text(&output.stderr);
        bail!("{} ({})", complaints.lines().collect::<Vec<_>>().join("; "), output.status);
    }
    Ok(text(&output.stdout))
}

impl Attached for Loaded {
    fn seen(&mut self, _: &Behaviour) -> Result<Seen> {
        Ok(Seen::default())
    }

    fn own(&mut self) -> Option<&mut dyn Own> {
        Some(self)
    }

    fn detach(&mut self) -> Result<()> {
        auditctl(&["-D"]).map(|_| ())
    }
}

impl Own for Loaded {
    fn did(&mut self) -> Result<Vec<String>> {
        // The first question is the last: ours would count themselves.
        let end = match self.end {
            Some(end) => end,
            None => *self.end.insert(self.link.serial("end")?),
        };
        let events = end.saturating_sub(self.begin + self.own);
        let lost = self.link.status()?.lost;
        Ok(vec![format!("{events} audit events by {} rules, {lost} records lost", self.rules)])
    }

    fn programs(&self) -> Result<Vec<Program>> {
        Ok(Vec::new())
    }

    fn owes_runs(&self) -> bool {
        false
    }
}
