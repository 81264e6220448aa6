//! Settings of the whole system, by which the kernel refuses something: those of sysctl, and files in `/sys`. They have
//! no records.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use super::{Attach, Attached};
use crate::subject::Subject;

/// Settings that were changed.
struct Settings {
    names: Vec<String>,
    lacks: Vec<String>,
    /// The files, and what was in them.
    before: Vec<(PathBuf, String)>,
}

/// The files of the setting `name`: one of sysctl, or those in `/sys` whose paths match it.
fn files(name: &str) -> Vec<PathBuf> {
    if !name.starts_with('/') {
        return vec![format!("/proc/sys/{}", name.replace('.', "/")).into()];
    }
    let mut found = vec![PathBuf::from("/")];
    for part in name.split('/').filter(|part| !part.is_empty()) {
        found = match part.split_once('*') {
            None => found.into_iter().map(|folder| folder.join(part)).collect(),
            Some((begin, end)) => {
                let entries = found.iter().flat_map(fs::read_dir).flatten().flatten();
                let is_meant = |entry: &fs::DirEntry| {
                    let name = entry.file_name().to_string_lossy().into_owned();
                    name.strip_prefix(begin).is_some_and(|rest| rest.ends_with(end))
                };
                entries.filter(is_meant).map(|entry| entry.path()).collect()
            }
        };
    }
    found
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
        let mut set = None;
        for path in files(name) {
            let Ok(before) = fs::read_to_string(&path) else { continue };
            let value = value.unwrap_or(before.trim()).to_owned();
            fs::write(&path, &value).with_context(|| format!("failed to set {name} to {value}"))?;
            settings.before.push((path, before));
            set = Some(value);
        }
        match set {
            Some(value) => settings.names.push(format!("{name} = {value}")),
            None => settings.lacks.push((*name).to_owned()),
        }
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
