//! Runs one command in the workspace and reports how it ended. Callers decide which
//! commands run, and in which order.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Instant;

/// Why a task ended early.
#[derive(Debug)]
pub(crate) struct Failure {
    /// What failed, on what, why, and what to do about it.
    pub message: String,
    /// The status to exit with.
    pub code: u8,
}

pub(crate) type Result<T> = std::result::Result<T, Failure>;

impl Failure {
    /// A task that failed: exit code 1.
    pub(crate) fn new(message: impl Into<String>) -> Failure {
        Failure { message: message.into(), code: 1 }
    }

    /// A wrong command line: exit code 2.
    pub(crate) fn usage(message: impl Into<String>) -> Failure {
        Failure { message: message.into(), code: 2 }
    }
}

/// The workspace's folder.
pub(crate) fn workspace() -> &'static Path {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own)
}

/// The folder of cargo's build artifacts.
pub(crate) fn target_dir() -> PathBuf {
    workspace().join(env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| OsString::from("target")))
}

/// The cargo that runs this task, in the workspace, with `arguments`.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")));
    command.current_dir(workspace()).args(arguments);
    if env::var_os("CI").is_some_and(|value| value == "true") {
        command.env("CARGO_TERM_COLOR", "never").env("CARGO_TERM_PROGRESS_WHEN", "never");
    }
    command
}

/// Runs `command` as a step called `name`, and prints how long it took.
pub(crate) fn step(name: &str, command: &mut Command) -> Result<()> {
    println!("==> {name}");
    let begin = Instant::now();
    let status = status(command)?;
    ended(name, begin, status)
}

/// Prints how long the step `name` took since `begin`, or fails with its exit code.
pub(crate) fn ended(name: &str, begin: Instant, status: ExitStatus) -> Result<()> {
    let seconds = begin.elapsed().as_secs_f64();
    if status.success() {
        println!("==> {name}: ok in {seconds:.1} s");
        return Ok(());
    }
    // A command that a signal ended has no code.
    let code = status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1);
    Err(Failure { message: format!("{name} failed after {seconds:.1} s ({status})"), code })
}

/// Runs `command` and waits for its end.
pub(crate) fn status(command: &mut Command) -> Result<ExitStatus> {
    command.status().map_err(|error| {
        Failure::new(format!("failed to start {}: {error}", command.get_program().to_string_lossy()))
    })
}

/// Whether `option` is among `arguments`, as `--option VALUE` or `--option=VALUE`.
pub(crate) fn given(arguments: &[String], option: &str) -> bool {
    arguments.iter().any(|argument| argument.split('=').next() == Some(option))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_is_found_in_both_spellings() {
        let arguments = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert!(given(&arguments("--kernel 6.1 --out here"), "--out"));
        assert!(given(&arguments("--out=here"), "--out"));
        assert!(!given(&arguments("--outer x --kernel --"), "--out"));
    }

    #[test]
    fn a_failing_step_is_named_and_keeps_its_code() {
        let mut command = Command::new("sh");
        let failure = step("the step", command.args(["-c", "exit 101"])).unwrap_err();
        assert_eq!(failure.code, 101);
        assert!(failure.message.starts_with("the step failed"), "{}", failure.message);
        assert!(step("true", &mut Command::new("true")).is_ok());
    }

    #[test]
    fn a_missing_program_is_named() {
        let failure = step("no", &mut Command::new("no-such-program")).unwrap_err();
        assert!(failure.message.contains("no-such-program"), "{}", failure.message);
    }

    #[test]
    fn the_workspace_contains_the_members() {
        assert!(workspace().join("xtask/src/main.rs").exists());
    }
}
