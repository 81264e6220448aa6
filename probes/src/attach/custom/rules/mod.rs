//! Custom audit rules: Debian's auditctl loads them, as at a boot. The events are counted by
//! their serial numbers; nothing reads the records.

use std::fs;

use anyhow::{Context, Result, anyhow};
use hookbench_model::Caveat;

use super::{Evidence, LoadedProgram, payload_path};
use crate::attach::audit_link::{AuditLink, BACKLOG_LIMIT, OpenError, Setting, kauditd_pid};
use crate::attach::{AttachRequest, Attached, Error, EventCounts, login};
use crate::custom::rules::{RuleFile, refused_lines, unmatched};

mod auditctl;
mod load;
mod marks;
mod places;

use load::Loaded;
use marks::Marks;

/// Loaded rules.
struct LoadedRules {
    link: AuditLink,
    file: RuleFile,
    loaded: Loaded,
    /// `None` if events cannot be counted.
    marks: Option<Marks>,
    /// How many records were lost while they were loaded.
    lost_at_load: u32,
    /// How many had been lost when the operations began.
    lost_before: u32,
    /// How many were lost since then.
    lost: u32,
    /// A note about folders that hookbench made.
    made: Option<String>,
    /// The login uid that the cell asks for.
    login_uid: Option<u32>,
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
    let path = payload_path(request);
    let bytes = fs::read(&path).with_context(|| format!("failed to read {}", path.display()))?;
    let file = RuleFile::read(&bytes).map_err(|why| anyhow!("failed to read {}: {why}", request.sink))?;
    let made = places::make(&file);
    let lost = link.status()?.lost;
    let loaded = load::load(&link, &file, &path, request.sink)?;
    let status = link.status()?;
    if status.enabled == 0 {
        return Err(anyhow!("{} switches audit off, so there is nothing to measure", request.sink).into());
    }
    let lost_at_load = status.lost.saturating_sub(lost);
    let marks = Marks::begin(&link, request.login_uid)?;
    let (lost_before, login_uid) = (link.status()?.lost, request.login_uid);
    Ok(Box::new(LoadedRules {
        link,
        file,
        loaded,
        marks,
        lost_at_load,
        lost_before,
        lost: 0,
        made,
        login_uid,
    }))
}

impl Attached for LoadedRules {
    fn seen(&mut self) -> Result<EventCounts> {
        Ok(EventCounts::default())
    }

    fn evidence(&mut self) -> Option<&mut dyn Evidence> {
        Some(self)
    }

    fn detach(&mut self) -> Result<()> {
        match self.file.lock() {
            // The kernel keeps locked rules until the guest ends.
            Some(_) => Ok(()),
            None => auditctl::delete_all(),
        }
    }
}

impl LoadedRules {
    /// What became of the records.
    fn records_notes(&mut self) -> Result<Vec<String>> {
        let counts = self.marks.as_mut().map(|marks| marks.counts(&self.link)).transpose()?;
        let own_lost = counts.map_or(0, |counts| counts.own_lost);
        let lost = self.link.status()?.lost.saturating_sub(self.lost_before + own_lost);
        if let (Some(line), 1..) = (self.file.panics(), lost + self.lost_at_load) {
            return Err(anyhow!(
                "{} audit records were lost, and with line {} ({}) the kernel then panics; set -f 1, a larger backlog \
                 with -b, or no rate limit with -r",
                lost + self.lost_at_load,
                line.number,
                line.text
            ));
        }
        let held = self.loaded.held;
        let events = counts.map(|counts| counts.events);
        let mut notes = vec![match events {
            Some(events) => format!("{events} audit events by {held} rules, {lost} records lost"),
            None => format!(
                "{held} rules are loaded, {lost} records lost; the audit events cannot be counted, because the rules \
                 drop the record that hookbench counts them with"
            ),
        }];
        self.lost = lost;
        if events == Some(0) && lost == 0 {
            let why = match self.file.exempts_all() {
                Some(line) => {
                    format!("line {} takes the operations out of audit ({})", line.number, line.text)
                }
                None => "the number is the cost of evaluating the rules".into(),
            };
            notes.push(format!("no audit event was made: {why}"));
        }
        Ok(notes)
    }
}

impl Evidence for LoadedRules {
    fn notes(&mut self) -> Result<Vec<String>> {
        let mut notes = self.records_notes()?;
        if let Some((line, rate)) = self.file.rate() {
            notes.push(format!("line {} (-r) limits audit to {rate} records a second", line.number));
        }
        if let Some(line) = self.file.panics() {
            let number = line.number;
            notes.push(format!(
                "line {number} (-f 2) lets the kernel panic if a record is lost; hookbench set -f 1, and fails the \
                 cell if one is lost"
            ));
        }
        notes.extend(self.made.clone());
        Ok(notes)
    }

    fn programs(&self) -> Result<Vec<LoadedProgram>> {
        Ok(Vec::new())
    }

    fn owes_runs(&self) -> bool {
        false
    }

    fn caveats(&mut self) -> Result<Vec<Caveat>> {
        let Loaded { asked, held, refused } = &self.loaded;
        let counted = match asked == held {
            true => format!("{held} rules loaded as asked for, but not every line"),
            false => format!("{asked} rules asked for, {held} loaded"),
        };
        let refusals = (!refused.is_empty()).then(|| format!("{counted}: {}", refused_lines(refused)));
        let was_refused = |number: usize| refused.iter().any(|refusal| refusal.number == number);
        let in_effect = self.file.rules().filter(|(line, _)| !was_refused(line.number));
        let login_uid = login::of_stopped_child().unwrap_or(self.login_uid);
        let dead = unmatched(in_effect, login_uid);
        // A file that limits the rate wants records to be lost.
        let lost = (self.lost > 0 && self.file.rate().is_none()).then(|| {
            let lost = self.lost;
            format!("{lost} audit records were lost, because more waited than the backlog (-b) takes")
        });
        Ok(refusals.into_iter().chain(lost).chain(dead).map(Caveat::Partial).collect())
    }
}
