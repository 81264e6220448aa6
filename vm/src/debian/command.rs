//! Runs another program until it ends and returns its output, or an error of one
//! line. QEMU is started elsewhere.

use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// Runs `command` without input and in the C locale. Returns its output.
///
/// # Errors
/// When the program cannot be started or does not exit with 0. The error contains the
/// program's own error messages, in one line.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    output_with_input(command, Stdio::null())
}

/// Runs `command` as [`output`] does, with `input`.
///
/// # Errors
/// As [`output`].
pub(crate) fn output_with_input(command: &mut Command, input: impl Into<Stdio>) -> Result<String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output =
        command.env("LC_ALL", "C").stdin(input).output().with_context(|| {
            format!("failed to start {program} (it comes with every Debian; is it in PATH?)")
        })?;
    if !output.status.success() {
        bail!(
            "{program} failed ({}): {}",
            output.status,
            error_messages(&program, &String::from_utf8_lossy(&output.stderr))
        );
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Returns the first lines that begin as apt's errors do, or with the program's name;
/// else the last line.
fn error_messages(program: &str, stderr: &str) -> String {
    const SHOWN: usize = 3;
    let lines = || stderr.lines().map(str::trim).filter(|line| !line.is_empty());
    let own = format!("{program}: ");
    let begin = |begin: &str| lines().filter(|line| line.starts_with(begin)).take(SHOWN).collect::<Vec<_>>();
    let last = || lines().next_back().into_iter().collect();
    let chosen = [begin("E: "), begin(&own), last()].into_iter().find(|chosen| !chosen.is_empty());
    chosen.map_or_else(|| "it printed no error".to_owned(), |chosen: Vec<&str>| chosen.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_program_prints_is_returned() {
        assert_eq!(output(Command::new("echo").arg("hello")).unwrap(), "hello\n");
    }

    #[test]
    fn a_failure_is_one_line_with_the_reason() {
        let script = "printf 'W: late\\nE: no such host\\nE: gave up\\nbye\\n' >&2; exit 3";
        let error = output(Command::new("sh").args(["-c", script])).unwrap_err().to_string();
        assert_eq!(error, "sh failed (exit status: 3): E: no such host; E: gave up");
        let error = output(Command::new("sh").args(["-c", "echo bye >&2; false"])).unwrap_err().to_string();
        assert!(error.ends_with("bye"), "{error}");
        assert!(output(&mut Command::new("false")).unwrap_err().to_string().ends_with("it printed no error"));
    }

    #[test]
    fn a_reason_before_the_last_line_is_not_lost() {
        let printed = "x: a: No space left\nx: Exiting with failure status\n";
        assert_eq!(error_messages("x", printed), "x: a: No space left; x: Exiting with failure status");
        assert_eq!(error_messages("y", printed), "x: Exiting with failure status");
    }

    #[test]
    fn an_error_names_a_program_that_does_not_exist() {
        let error = output(&mut Command::new("no-such-program")).unwrap_err().to_string();
        assert!(error.contains("no-such-program"), "{error}");
    }
}
