//! What AppArmor and SELinux refuse: they write a record by audit. The records are read from the first way on; a policy
//! that nobody asks for records needs no audit.

use anyhow::{Context, Result};

use crate::exchange::{Object, Record};
use crate::guest::audit::{Link, Log, Window, encode, field, window_rules};
use crate::subject::Subject;

/// `AUDIT_AVC`: a record of a security module.
const AVC: u16 = 1400;

/// A reader of such records.
pub(super) struct Denials {
    /// Makes the record of a text; `None` if that is of no refusal.
    describe: fn(&str, &Subject) -> Option<Record>,
    subject: Subject,
    log: Option<Log>,
    window: Window,
}

impl Denials {
    /// A reader that has not begun to read. `describe` makes the record of a text; `None` if that is of no refusal.
    pub(super) fn new(subject: Subject, describe: fn(&str, &Subject) -> Option<Record>) -> Denials {
        Denials { describe, subject, log: None, window: Window::default() }
    }

    /// Forgets the records so far, after it has begun to read.
    ///
    /// # Errors
    /// When audit cannot be read.
    pub(super) fn clear(&mut self) -> Result<()> {
        if self.log.is_none() {
            self.log = Some(open().context("failed to read the records of the security module")?);
        }
        self.read()?;
        self.log.as_mut().map_or(Ok(()), Log::forget_lost)
    }

    /// How many records were lost since they were last forgotten.
    ///
    /// # Errors
    /// When the kernel does not tell.
    pub(super) fn lost(&self) -> Result<u64> {
        self.log.as_ref().map_or(Ok(0), Log::lost)
    }

    /// The refusals in the window, by their records.
    ///
    /// # Errors
    /// When records cannot be read.
    pub(super) fn read(&mut self) -> Result<Vec<Record>> {
        let Some(log) = &mut self.log else { return Ok(Vec::new()) };
        let own = std::process::id().to_string();
        let mut records = Vec::new();
        log.each(|kind, text| {
            let is_open = self.window.look(kind, text);
            if is_open && kind == AVC && field(text, "pid=") != Some(own.as_str()) {
                records.extend((self.describe)(text, &self.subject));
            }
        })?;
        // A way that was killed leaves it open.
        self.window = Window::default();
        Ok(records)
    }
}

/// Becomes the audit daemon, with rules on the marker call.
fn open() -> Result<Log> {
    let reader = Link::open()?;
    reader.become_daemon()?;
    let log = Log::new(reader)?;
    for rule in window_rules() {
        let added = log.control().add(&encode(&rule))?;
        added.with_context(|| format!("the kernel refused the rule {rule}"))?;
    }
    Ok(log)
}

/// The value of the field called `name`, which ends in `=`. Values with unusual characters are in hexadecimal.
pub(super) fn value(text: &str, name: &str) -> Option<String> {
    let value = field(text, name)?;
    let bytes = |value: &str| -> Option<Vec<u8>> {
        let pairs = (0..value.len()).step_by(2).map(|at| value.get(at..at + 2));
        pairs.map(|pair| u8::from_str_radix(pair?, 16).ok()).collect()
    };
    Some(match name {
        "path=" | "name=" if !value.starts_with('"') => {
            bytes(value).map_or_else(|| value.into(), |bytes| String::from_utf8_lossy(&bytes).into())
        }
        _ => value.trim_matches('"').into(),
    })
}

/// What the record says about the object, if the scenario is about a file: whether it names it. `named` is whether the
/// record names the right file; `None` if it names none.
pub(super) fn object(subject: &Subject, named: Option<bool>) -> Object {
    match named.filter(|_| !subject.scenario.files.is_empty()) {
        None => Object::None,
        Some(true) => Object::Right,
        Some(false) => Object::Wrong,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_quoted_or_in_hexadecimal() {
        let text = "audit(1.0:3): name=\"/a\" path=2F6D656D66643A612062 ino=12";
        assert_eq!(
            ["name=", "path=", "ino="].map(|name| value(text, name).unwrap()),
            ["/a", "/memfd:a b", "12"]
        );
        assert_eq!(value(text, "dev="), None);
    }
}
