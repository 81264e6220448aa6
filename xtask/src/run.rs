//! Runs one command in the workspace and says what came of it. Which commands,
//! and in which order, is decided by those who call.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Instant;

/// Why a task ended early.
#[derive(Debug)]
pub(crate) struct Failure {
    /// What failed, on what, why and what to do, for people.
    pub message: String,
    /// The status to exit with.
    pub code: u8,
}

pub(crate) type Result<T> = std::result::Result<T, Failure>;

impl Failure {
    /// Something did not work.
    pub(crate) fn new(message: impl Into<String>) -> Failure {
        Failure { message: message.into(), code: 1 }
    }

    /// The command line is wrong.
    pub(crate) fn usage(message: impl Into<String>) -> Failure {
        Failure { message: message.into(), code: 2 }
    }
}

/// The workspace's folder.
pub(crate) fn workspace() -> &'static Path {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own)
}

/// Where cargo puts what it builds.
pub(crate) fn target_dir() -> PathBuf {
    workspace().join(env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| OsString::from("target")))
}

/// The cargo that runs this, to be run in the workspace with `arguments`.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")));
    command.current_dir(workspace()).args(arguments);
    if env::var_os("CI").is_some_and(|value| value == "true") {
        command.env("CARGO_TERM_COLOR", "never").env("CARGO_TERM_PROGRESS_WHEN", "never");
    }
    command
}

/// Runs `command` as a step called `name`, and says how long it took.
pub(crate) fn step(name: &str, command: &mut Command) -> Result<()> {
    println!("==> {name}");
    let begin = Instant::now();
    let status = status(command)?;
    let seconds = begin.elapsed().as_secs_f64();
    if status.success() {
        println!("==> {name}: ok in {seconds:.1} s");
        return Ok(());
    }
    // Ended by a signal, it has no code.
    let code = status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1);
    Err(Failure { message: format!("{name} failed after {seconds:.1} s ({status})"), code })
}

/// Runs `command` to its end.
pub(crate) fn status(command: &mut Command) -> Result<ExitStatus> {
    command.status().map_err(|error| {
        Failure::new(format!("failed to start {}: {error}", command.get_program().to_string_lossy()))
    })
}

/// Whether `option` is among `arguments`, with its value behind `=` or not.
pub(crate) fn given(arguments: &[String], option: &str) -> bool {
    arguments.iter().any(|argument| argument.split('=').next() == Some(option))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_is_seen_in_both_spellings() {
        let arguments = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert!(given(&arguments("--kernel 6.1 --out here"), "--out"));
        assert!(given(&arguments("--out=here"), "--out"));
        assert!(!given(&arguments("--outer x --kernel --"), "--out"));
    }

    #[test]
    fn a_failing_step_has_its_name_and_its_code() {
        let mut command = Command::new("sh");
        let failure = step("the step", command.args(["-c", "exit 101"])).unwrap_err();
        assert_eq!(failure.code, 101);
        assert!(failure.message.starts_with("the step failed"), "{}", failure.message);
        assert!(step("true", &mut Command::new("true")).is_ok());
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let failure = step("no", &mut Command::new("no-such-program")).unwrap_err();
        assert!(failure.message.contains("no-such-program"), "{}", failure.message);
    }

    #[test]
    fn the_workspace_is_where_the_members_are() {
        assert!(workspace().join("xtask/src/main.rs").exists());
    }
}
