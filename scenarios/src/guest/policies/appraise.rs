//! IMA's appraisal: a file that has no label with its own hash is not used. What the guest had before has one, apart from
//! the scenario's file, as on a system whose files were labelled when it was installed. It has no records.

use std::ffi::CString;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::confining::Confining;
use super::{Attach, ima};
use crate::policy_file::ima::appraised;
use crate::scene::Scene;
use crate::subject::Subject;
use crate::sys::check;

/// The attribute with the label.
const LABEL: &std::ffi::CStr = c"security.ima";
/// The beginning of a label that is a SHA-256: the kernel's `IMA_XATTR_DIGEST_NG` and `HASH_ALGO_SHA256`.
const SHA256: [u8; 2] = [4, 4];

/// Labels files, and loads the rules of `subject`.
///
/// # Errors
/// When the kernel refuses.
pub(super) fn attach(subject: &Subject, scene: &Scene) -> Result<Attach> {
    let Some(rules) = appraised(subject) else {
        return Ok(Attach::Unsupported("no rule of IMA can refuse that and nothing else".into()));
    };
    if let Some(why) = ima::lack() {
        return Ok(Attach::Unsupported(why));
    }
    for folder in [&scene.folder, Path::new("/")] {
        for file in files_below(folder)? {
            let is_meant = subject.measured.iter().any(|path| Path::new(path) == file);
            if !is_meant {
                label(&file).with_context(|| format!("failed to label {}", file.display()))?;
            }
        }
    }
    ima::load(&rules)?;
    Ok(Attach::Attached(Box::new(Confining { names: rules, lacks: Vec::new() })))
}

/// The regular files in `folder` and below, on its own file system.
fn files_below(folder: &Path) -> Result<Vec<PathBuf>> {
    let device = fs::metadata(folder)?.dev();
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries =
            fs::read_dir(&folder).with_context(|| format!("failed to list {}", folder.display()))?;
        for entry in entries {
            let entry = entry?;
            let facts = entry.metadata()?;
            match facts.dev() == device {
                true if facts.is_dir() => folders.push(entry.path()),
                true if facts.is_file() => files.push(entry.path()),
                _ => {}
            }
        }
    }
    Ok(files)
}

/// Gives a file the label with its hash.
fn label(file: &Path) -> io::Result<()> {
    let path = CString::new(file.as_os_str().as_bytes())?;
    let label = [&SHA256[..], &ima::hash(&fs::read(file)?)].concat();
    // SAFETY: the texts end in NUL, and the kernel reads as many bytes of the label as it has.
    check(unsafe { libc::setxattr(path.as_ptr(), LABEL.as_ptr(), label.as_ptr().cast(), label.len(), 0) })
        .map(drop)
}
