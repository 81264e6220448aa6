//! The effect of a custom way: removing what an earlier try left, and looking whether it is there.

use std::fs;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::Ordering;

use super::Left;
use crate::exchange::{CustomEffect, CustomWay};
use crate::scenario::Scenario;
use crate::scene::{Scene, Shared};

/// Why nothing can be said of `custom`: its effect is there before it runs, or cannot be looked at. Asked before a
/// policy is attached.
pub(in crate::guest) fn is_there_already(
    custom: &CustomWay,
    scenario: &Scenario,
    scene: &Scene,
) -> io::Result<Option<String>> {
    (scenario.reset)(scene)?;
    remove(&custom.effect);
    Ok(match is_there(custom, scene.shared) {
        Ok(false) => None,
        Ok(true) => Some("its effect is there before it runs".into()),
        Err(error) => Some(error.to_string()),
    })
}

/// Removes what an earlier try left. What cannot be removed shows when the effect is looked at.
pub(super) fn remove(effect: &CustomEffect) {
    let (CustomEffect::Exists(path) | CustomEffect::Content { path, .. }) = effect else { return };
    if fs::remove_file(path).is_err() {
        let _ = fs::remove_dir(path);
    }
}

/// Whether the effect is there.
///
/// # Errors
/// When that cannot be found out.
pub(super) fn is_there(custom: &CustomWay, shared: &Shared) -> io::Result<bool> {
    let about = |path: &str, error: io::Error| {
        io::Error::other(format!("failed to look at its effect, the file {path}: {error}"))
    };
    match &custom.effect {
        // A link is there, whatever it names.
        CustomEffect::Exists(path) => match fs::symlink_metadata(path) {
            Ok(_) => Ok(true),
            Err(error) if is_missing(&error) => Ok(false),
            Err(error) => Err(about(path, error)),
        },
        CustomEffect::Content { path, text } => match fs::read(path) {
            Ok(bytes) => Ok(bytes.strip_suffix(b"\n").unwrap_or(&bytes) == text.as_bytes()),
            Err(error) if is_missing(&error) => Ok(false),
            Err(error) => Err(about(path, error)),
        },
        CustomEffect::Exit(code) => Ok(Left::Exit.of(shared).load(Ordering::SeqCst) == u64::from(*code) + 1),
        CustomEffect::Check { program, words } => ask(program, words, &custom.folder),
    }
}

/// Whether there is no such file, or no folder for it.
fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// What the user's check says: exit code 0 is yes, and 1 is no.
fn ask(program: &str, words: &[String], folder: impl AsRef<Path>) -> io::Result<bool> {
    let mut command = Command::new(program);
    command.args(words.iter().skip(1)).current_dir(folder).stdin(Stdio::null()).stdout(Stdio::null());
    let status = command.status().map_err(|error| {
        io::Error::other(format!("the check of its effect, {program}, cannot be executed: {error}"))
    })?;
    match status.code() {
        Some(0) => Ok(true),
        Some(1) => Ok(false),
        _ => Err(io::Error::other(format!(
            "the check of its effect, {program}, ended with {status}, which is neither 0 nor 1"
        ))),
    }
}
