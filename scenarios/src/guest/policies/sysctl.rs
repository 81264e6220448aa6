//! Settings of the whole system, by which the kernel refuses something. They have no records.

use std::fs;

use anyhow::{Context, Result};

use super::{Attach, Attached};
use crate::subject::Subject;

/// Settings that were changed.
struct Settings {
    names: Vec<String>,
    lacks: Vec<String>,
    /// The files, and what was in them.
    before: Vec<(String, String)>,
}

/// Changes the settings of `subject`.
///
/// # Errors
/// When the kernel refuses.
pub(super) fn attach(subject: &Subject) -> Result<Attach> {
    if subject.settings.is_empty() {
        return Ok(Attach::Unsupported("no setting of the system is about that".into()));
    }
    let mut settings = Settings { names: Vec::new(), lacks: Vec::new(), before: Vec::new() };
    for (name, value) in &subject.settings {
        let path = format!("/proc/sys/{}", name.replace('.', "/"));
        let Ok(before) = fs::read_to_string(&path) else {
            settings.lacks.push((*name).to_owned());
            continue;
        };
        let value = value.unwrap_or(before.trim());
        fs::write(&path, value).with_context(|| format!("failed to set {name} to {value}"))?;
        settings.names.push(format!("{name} = {value}"));
        settings.before.push((path, before));
    }
    if settings.names.is_empty() {
        return Ok(Attach::Unsupported(format!("this kernel has no setting {}", settings.lacks.join(", "))));
    }
    Ok(Attach::Attached(Box::new(settings)))
}

impl Attached for Settings {
    fn names(&self) -> &[String] {
        &self.names
    }

    fn lacks(&self) -> &[String] {
        &self.lacks
    }
}

impl Drop for Settings {
    fn drop(&mut self) {
        for (path, before) in &self.before {
            // Some settings cannot be taken back. An error cannot be reported here; a guest ends with its cell.
            let _ = fs::write(path, before.trim());
        }
    }
}
