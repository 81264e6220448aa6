//! Counts and times of tests, read from the output of cargo and libtest. `counted.rs`
//! starts the tests.

use std::fmt::Write;

/// So many of the slowest tests are listed.
const LISTED: usize = 10;

/// How tests ended, over all test programs.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Tally {
    passed: u64,
    failed: u64,
    skipped: u64,
    /// The test program that runs now, by the name of its crate or file.
    program: String,
    /// Tests that ran, with their times in seconds.
    times: Vec<(f64, String)>,
}

impl Tally {
    /// Takes one line of the output of `cargo test -- -Z unstable-options --report-time`.
    pub(super) fn line(&mut self, line: &str) {
        if let Some(program) = program(line) {
            self.program = program.to_owned();
        } else if let Some((name, seconds)) = timed(line) {
            let name = format!("{} {name}", self.program);
            self.times.push((seconds, name.trim_start().to_owned()));
        } else if let Some([passed, failed, skipped]) = counts(line) {
            self.passed += passed;
            self.failed += failed;
            self.skipped += skipped;
        }
    }

    /// The slowest tests, how many ran in how long, and the counts in a line of their own.
    pub(super) fn text(&self, seconds: f64) -> String {
        let mut text = String::new();
        let mut times: Vec<&(f64, String)> = self.times.iter().collect();
        times.sort_by(|one, two| two.0.total_cmp(&one.0));
        if !times.is_empty() {
            text.push_str("==> slowest tests\n");
        }
        for (seconds, name) in times.into_iter().take(LISTED) {
            let _ = writeln!(text, "    {seconds:>8.3} s  {name}");
        }
        let _ =
            writeln!(text, "==> {} tests in {seconds:.1} s, building included", self.passed + self.failed);
        let _ = write!(text, "{} passed, {} failed", self.passed, self.failed);
        if self.skipped > 0 {
            let _ = write!(text, ", {} skipped", self.skipped);
        }
        text.push('\n');
        text
    }
}

/// `Running unittests src/lib.rs (target/debug/deps/hookbench_vm-0123456789abcdef)` is
/// `hookbench_vm`, `Doc-tests hookbench_vm` as well.
fn program(line: &str) -> Option<&str> {
    let line = line.trim_start();
    if let Some(name) = line.strip_prefix("Doc-tests ") {
        return Some(name.trim());
    }
    let (_, path) = line.strip_prefix("Running ")?.rsplit_once('(')?;
    let file = path.trim_end().strip_suffix(')')?.rsplit('/').next()?;
    Some(file.rsplit_once('-').map_or(file, |(name, _)| name))
}

/// `test a::b ... ok <0.123s>` is the test's name and its seconds.
fn timed(line: &str) -> Option<(&str, f64)> {
    let (name, outcome) = line.strip_prefix("test ")?.split_once(" ... ")?;
    let (_, time) = outcome.rsplit_once('<')?;
    Some((name, time.trim_end().strip_suffix("s>")?.parse().ok()?))
}

/// The passed, failed and ignored of `test result: ok. 40 passed; 0 failed; 1 ignored; …`.
fn counts(line: &str) -> Option<[u64; 3]> {
    let (_, list) = line.strip_prefix("test result: ")?.split_once(". ")?;
    let mut parts = list.split("; ");
    let mut number = |what: &str| parts.next()?.strip_suffix(what)?.trim().parse().ok();
    Some([number("passed")?, number("failed")?, number("ignored")?])
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTPUT: &str = "\
     Running unittests src/lib.rs (target/debug/deps/hookbench_vm-99b2bb27f2d5e0e1)

running 3 tests
test cache::lock::waits ... ok <1.250s>
test kernel::odd - should panic ... FAILED <0.001s>
test kernel::slow ... ignored, takes minutes

failures:

test result: FAILED. 1 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out; finished in 1.26s

     Running tests/guest.rs (/build/target/debug/deps/guest-2c4a)
test guests_boot ... ok <30.000s>
test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 30.00s
   Doc-tests hookbench_vm
test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s
";

    fn tally(output: &str) -> Tally {
        let mut tally = Tally::default();
        output.lines().for_each(|line| tally.line(line));
        tally
    }

    #[test]
    fn the_slowest_come_first_and_the_counts_last() {
        let expected = "\
==> slowest tests
      30.000 s  guest guests_boot
       1.250 s  hookbench_vm cache::lock::waits
       0.001 s  hookbench_vm kernel::odd - should panic
==> 3 tests in 61.2 s, building included
2 passed, 1 failed, 1 skipped
";
        assert_eq!(tally(OUTPUT).text(61.23), expected);
    }

    #[test]
    fn ten_tests_are_listed() {
        let lines: Vec<String> =
            (0..12).map(|number| format!("test t{number} ... ok <{number}.0s>")).collect();
        let text = tally(&lines.join("\n")).text(1.0);
        assert_eq!(text.lines().filter(|line| line.contains(" s  t")).count(), LISTED);
        assert!(text.contains("11.000 s  t11") && !text.contains(" t1\n"), "{text}");
    }

    #[test]
    fn a_guests_own_result_line_is_not_counted() {
        assert_eq!(tally("test result: ok. 1 passed\ntest result: FAILED\n"), Tally::default());
        assert_eq!(tally("").text(0.0), "==> 0 tests in 0.0 s, building included\n0 passed, 0 failed\n");
    }
}
