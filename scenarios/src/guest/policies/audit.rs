//! Audit rules. hookbench reads the records itself, as the audit daemon; or a killer is the daemon, which kills the
//! process that a record names, and hookbench listens.

use std::io;
use std::os::fd::RawFd;

use anyhow::{Context, Result, bail, ensure};

use super::killer;
use super::{Attach, Attached};
use crate::exchange::{Object, Record};
use crate::guest::audit::{Event, Events, Link, Log, encode, window_rules};
use crate::guest::kept::Kept;
use crate::policy::Action;
use crate::policy_file::audit::{Matches, Rule, rules};
use crate::scenario::Abi;
use crate::subject::Subject;

/// Attaches the rules of `subject`.
///
/// # Errors
/// When the kernel refuses one that it should have.
pub(super) fn attach(subject: Subject) -> Result<Attach> {
    let rules = rules(&subject);
    if rules.is_empty() {
        return Ok(Attach::Unsupported(format!(
            "no call and no file is typical of {}",
            subject.scenario.name
        )));
    }
    let (killer, reader) = match subject.action {
        Action::Kill => (Some(killer::start(subject.scenario.policy)?), Link::listen()?),
        _ => {
            let reader = Link::open()?;
            reader.become_daemon()?;
            (None, reader)
        }
    };
    let mut added = Rules::none(subject, Log::new(reader)?);
    added._killer = killer;
    for rule in window_rules() {
        added.add(&rule)?.with_context(|| format!("the kernel refused the rule {rule}"))?;
    }
    for rule in rules {
        match added.add(&rule)? {
            Ok(()) => added.names.push(rule.to_string()),
            // Linux 5.16 added the list.
            Err(error) if error.raw_os_error() == Some(libc::EINVAL) && is_about_uring(&rule.matches) => {
                added.lacks.push(format!("the list io_uring: {rule}"));
            }
            Err(error) => bail!("the kernel refused the rule {rule}: {error}"),
        }
    }
    ensure!(!added.names.is_empty(), "the kernel has none of the rules: {}", added.lacks.join(", "));
    Ok(Attach::Attached(Box::new(added)))
}

fn is_about_uring(matches: &Matches) -> bool {
    matches!(matches, Matches::Calls(Abi::Uring, ..))
}

/// Reads the records of the rules of `subject`, which another process has added and whose daemon it is; deletes the rules
/// when it is dropped, if they are still there.
///
/// # Errors
/// When the kernel refuses.
pub(in crate::guest) fn listen(subject: Subject) -> Result<Box<dyn Attached>> {
    let all = rules(&subject).iter().chain(&window_rules()).map(encode).collect();
    let mut rules = Rules::none(subject, Log::new(Link::listen()?)?);
    rules.added = all;
    Ok(Box::new(rules))
}

/// Rules, and the socket with their records.
struct Rules {
    names: Vec<String>,
    lacks: Vec<String>,
    /// The rules that were added, as the kernel reads them.
    added: Vec<Vec<u8>>,
    subject: Subject,
    log: Log,
    /// The records that were read so far.
    events: Events,
    _killer: Option<Kept>,
}

impl Rules {
    /// No rules yet.
    fn none(subject: Subject, log: Log) -> Rules {
        let (names, lacks, added) = (Vec::new(), Vec::new(), Vec::new());
        Rules { names, lacks, added, subject, log, events: Events::default(), _killer: None }
    }

    fn add(&mut self, rule: &Rule) -> Result<io::Result<()>> {
        let bytes = encode(rule);
        let result = self.log.control().add(&bytes)?;
        if result.is_ok() {
            self.added.push(bytes);
        }
        Ok(result)
    }

    /// The events of the window, of all records so far.
    fn events(&mut self) -> Result<Vec<Event>> {
        self.log.each(|kind, text| {
            self.events.take(kind, text, self.subject.scenario.policy);
        })?;
        Ok(self.events.finish())
    }

    fn record(&self, event: &Event) -> Record {
        let call = self.subject.calls_of(event.abi).find(|call| call.number == event.number);
        let what = call.map_or_else(|| format!("number {}", event.number), |call| call.name.into());
        let is_target = |(device, inode): (u64, u64)| {
            let device = (libc::major(device), libc::minor(device));
            event.files.iter().any(|(of_file, of_inode, _)| *of_file == device && *of_inode == inode)
        };
        // Of a scenario that is not about files, as of mounting a disk, no record names the target.
        let target = self.subject.target.filter(|_| !self.subject.scenario.files.is_empty());
        let object = match target {
            Some(target) if is_target(target) => Object::Right,
            Some(_) if !event.files.is_empty() => Object::Wrong,
            _ => Object::None,
        };
        let files: Vec<&str> = event.files.iter().map(|(.., name)| name.as_str()).collect();
        Record { what, object, text: files.join(" ") }
    }
}

impl Attached for Rules {
    fn names(&self) -> &[String] {
        &self.names
    }

    fn lacks(&self) -> &[String] {
        &self.lacks
    }

    fn clear(&mut self) -> Result<()> {
        self.events()?;
        self.log.forget_lost()
    }

    fn records(&mut self, _: (u64, u64)) -> Result<Vec<Record>> {
        let own = std::process::id();
        let events = self.events()?;
        Ok(events.iter().filter(|event| event.process != own).map(|event| self.record(event)).collect())
    }

    fn lost(&self) -> Result<u64> {
        self.log.lost()
    }

    fn waits_on(&self) -> Option<RawFd> {
        Some(self.log.reader().descriptor())
    }

    fn collect(&mut self) -> Result<()> {
        while let Some((kind, text)) = self.log.reader().receive_now()? {
            self.events.take(kind, &text, self.subject.scenario.policy);
        }
        Ok(())
    }
}

impl Drop for Rules {
    fn drop(&mut self) {
        for rule in self.added.drain(..) {
            // An error cannot be reported here; a guest ends with its cell.
            let _ = self.log.control().delete(&rule);
        }
    }
}
