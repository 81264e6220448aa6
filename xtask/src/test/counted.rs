//! Runs `cargo test` and counts and times each test. `tally.rs` reads the output.
//!
//! libtest measures its tests itself, but prints the times only behind an unstable
//! option, which RUSTC_BOOTSTRAP=1 allows on a stable compiler. Cargo sets it by a
//! runner, for the test programs alone: with it, the compiler would build every crate
//! again. cargo-nextest is not used: a fresh machine lacks it, and it runs each test in
//! a process of its own, while tests in `harness/tests` take turns by a lock in theirs.

use std::io::{self, BufRead, BufReader};
use std::process::Command;
use std::time::Instant;

use super::tally::Tally;
use crate::run::{Failure, Result, ended};

/// Test programs run through this; `cfg(all())` is every target.
const RUNNER: &str = r#"target."cfg(all())".runner = ["env", "RUSTC_BOOTSTRAP=1"]"#;

/// Arguments of libtest that make it print times.
const TIMES: [&str; 3] = ["-Z", "unstable-options", "--report-time"];

/// Tests of several steps, counted together.
#[derive(Debug)]
pub(super) struct Counted {
    tally: Tally,
    begin: Instant,
}

impl Counted {
    /// No tests so far; the time starts now.
    pub(super) fn new() -> Counted {
        Counted { tally: Tally::default(), begin: Instant::now() }
    }

    /// Runs `command`, a `cargo test` of programs, with `arguments` of libtest.
    pub(super) fn tests(&mut self, name: &str, command: &mut Command, arguments: &[&str]) -> Result<()> {
        // Every failing test is shown, not only those of the first program.
        command.args(["--no-fail-fast", "--config", RUNNER, "--"]).args(TIMES).args(arguments);
        self.step(name, command)
    }

    /// Runs `command`, a `cargo test` of examples in documentation: rustdoc counts them,
    /// but cannot time them.
    pub(super) fn examples(&mut self, name: &str, command: &mut Command) -> Result<()> {
        self.step(name, command)
    }

    /// Prints the slowest tests and how many there were.
    pub(super) fn print(&self) {
        print!("{}", self.tally.text(self.begin.elapsed().as_secs_f64()));
    }

    /// Runs `command` as a step; its output is shown as it comes, and counted.
    fn step(&mut self, name: &str, command: &mut Command) -> Result<()> {
        println!("==> {name}");
        let begin = Instant::now();
        let failed = |error: io::Error| Failure::new(format!("failed to start {name}: {error}"));
        let (reader, writer) = io::pipe().map_err(failed)?;
        // Cargo names a program on its standard error, and the program's tests follow.
        command.stderr(writer.try_clone().map_err(failed)?).stdout(writer);
        let mut child = command.spawn().map_err(failed)?;
        // The pipe ends when all writers are closed; the command keeps two open.
        command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        let mut reader = BufReader::new(reader);
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line).map_err(failed)? > 0 {
            let text = String::from_utf8_lossy(&line);
            print!("{text}");
            self.tally.line(text.trim_end());
            line.clear();
        }
        ended(name, begin, child.wait().map_err(failed)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_of_both_kinds_is_counted_in_its_order() {
        let script = "echo '     Running tests/guest.rs (target/debug/deps/guest-1)' >&2; \
                      echo 'test boots ... ok <1.0s>'; \
                      echo 'test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured'; exit 101";
        let mut counted = Counted::new();
        let failure = counted.step("tests", Command::new("sh").args(["-c", script])).unwrap_err();
        assert_eq!(failure.code, 101);
        let text = counted.tally.text(0.0);
        assert!(text.contains("guest boots") && text.ends_with("\n1 passed, 2 failed\n"), "{text}");
    }
}
