//! Custom audit rules: Debian's auditctl loads them, as at a boot. The events are counted by
//! their serial numbers; nothing reads the records.

use std::process::Command;

use anyhow::{Context, Result, anyhow, bail};
use hookbench_model::Behaviour;

use super::{Evidence, LoadedProgram, payload_path};
use crate::attach::audit_link::{AuditLink, BACKLOG_LIMIT, OpenError, Setting, kauditd_pid};
use crate::attach::{AttachRequest, Attached, Error, EventCounts};

const AUDITCTL: &str = "/usr/sbin/auditctl";

/// Loaded rules.
struct LoadedRules {
    link: AuditLink,
    rules: usize,
    begin: u64,
    /// Events that a request for a serial number makes by itself.
    own_events: u64,
    end: Option<u64>,
}

pub(crate) fn attach(request: &AttachRequest) -> Result<Box<dyn Attached>, Error> {
    let link = match AuditLink::open() {
        Err(OpenError::Off) => return Err(Error::Unsupported("the kernel's audit subsystem is off".into())),
        Err(OpenError::Failed(error)) => return Err(error.into()),
        Ok(link) => link,
    };
    link.set(Setting::BacklogLimit(BACKLOG_LIMIT))?;
    link.set(Setting::Enabled(1))?;
    request.readers.apply_to(kauditd_pid()?)?;
    let file = payload_path(request);
    run_auditctl(&["-R", &file.to_string_lossy()])
        .with_context(|| format!("auditctl refused {}", request.sink))?;
    if link.status()?.enabled == 0 {
        return Err(anyhow!("{} switches audit off, so there is nothing to measure", request.sink).into());
    }
    let listed = run_auditctl(&["-l"]).context("failed to list the rules")?;
    let rules = listed.lines().filter(|line| line.starts_with('-')).count();
    if rules == 0 {
        return Err(anyhow!("{} holds no rule", request.sink).into());
    }
    // A listener that joins or leaves makes events too. Two marks with nothing between
    // them count those.
    let first = link.serial("first")?;
    let begin = link.serial("begin")?;
    Ok(Box::new(LoadedRules { link, rules, begin, own_events: begin - first, end: None }))
}

/// Runs auditctl and returns its output; its complaints become the error.
fn run_auditctl(arguments: &[&str]) -> Result<String> {
    let output = Command::new(AUDITCTL)
        .args(arguments)
        .output()
        .with_context(|| format!("failed to start {AUDITCTL} in the guest"))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_string();
    if !output.status.success() {
        let complaints = text(&output.stderr);
        bail!("{} ({})", complaints.lines().collect::<Vec<_>>().join("; "), output.status);
    }
    Ok(text(&output.stdout))
}

impl Attached for LoadedRules {
    fn seen(&mut self, _: &Behaviour) -> Result<EventCounts> {
        Ok(EventCounts::default())
    }

    fn evidence(&mut self) -> Option<&mut dyn Evidence> {
        Some(self)
    }

    fn detach(&mut self) -> Result<()> {
        run_auditctl(&["-D"]).map(|_| ())
    }
}

impl Evidence for LoadedRules {
    fn notes(&mut self) -> Result<Vec<String>> {
        // Only the first request counts: later ones would see the events that the
        // earlier ones made.
        let end = match self.end {
            Some(end) => end,
            None => *self.end.insert(self.link.serial("end")?),
        };
        let events = end.saturating_sub(self.begin + self.own_events);
        let lost = self.link.status()?.lost;
        Ok(vec![format!("{events} audit events by {} rules, {lost} records lost", self.rules)])
    }

    fn programs(&self) -> Result<Vec<LoadedProgram>> {
        Ok(Vec::new())
    }

    fn owes_runs(&self) -> bool {
        false
    }
}
