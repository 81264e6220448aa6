//! Runs the fuzz targets one after the other and prints a table of the results. The
//! properties that they check are in `properties`, the targets in `fuzz`.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::run::{Failure, Result, target_dir, workspace};

/// How long each target runs by default, in seconds.
const SECONDS: u64 = 600;
/// The largest allocation that a target may make, in MiB: the largest permitted
/// dictionary of xz has 160 MiB.
const LARGEST_ALLOCATION: u64 = 192;
/// The length of the longest input, in bytes: some formats have headers of a kilobyte.
const LONGEST: u64 = 16 << 10;
/// The time limit of an input, in seconds. No input takes one second, but this is wall
/// time, and a machine that was suspended for a minute has found nothing.
const TIMEOUT: u64 = 200;

/// The arguments.
#[derive(Debug, PartialEq, Eq)]
struct Asked {
    seconds: u64,
    targets: Vec<String>,
}

/// How a target ended.
#[derive(Debug, Default, PartialEq, Eq)]
struct Ended {
    executions: u64,
    /// Edges of the program that were executed.
    coverage: u64,
    seconds: u64,
    /// The files with the inputs that made it fail.
    findings: Vec<String>,
}

/// Runs the targets that `arguments` name, or all; fails when there are findings.
pub(crate) fn fuzz(arguments: &[String]) -> Result<()> {
    let known = targets(&workspace().join("fuzz/fuzz_targets"))?;
    let asked = understand(arguments, &known)?;
    has(&["+nightly", "--version"], "a nightly compiler", "rustup toolchain install nightly")?;
    has(&["fuzz", "--version"], "cargo fuzz", "cargo install cargo-fuzz --locked")?;
    let mut all = Vec::new();
    for target in asked.targets {
        let ended = run(&target, asked.seconds)?;
        all.push((target, ended));
    }
    print!("{}", table(&all));
    let found = all.iter().flat_map(|(_, ended)| &ended.findings).count();
    if found == 0 {
        Ok(())
    } else {
        Err(Failure::new(format!("the fuzz targets have {found} findings; they are listed above")))
    }
}

/// The names of the files in `folder`, sorted.
fn targets(folder: &Path) -> Result<Vec<String>> {
    let entries = fs::read_dir(folder)
        .map_err(|error| Failure::new(format!("failed to list {}: {error}", folder.display())))?;
    let files = entries.flatten().map(|entry| PathBuf::from(entry.file_name()));
    let mut names: Vec<String> = files
        .filter(|file| file.extension().is_some_and(|extension| extension == "rs"))
        .filter_map(|file| Some(file.file_stem()?.to_str()?.to_owned()))
        .collect();
    names.sort_unstable();
    Ok(names)
}

fn understand(arguments: &[String], known: &[String]) -> Result<Asked> {
    let mut asked = Asked { seconds: SECONDS, targets: Vec::new() };
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        if argument == "--seconds" {
            let number = arguments.next().and_then(|number| number.parse().ok()).filter(|number| *number > 0);
            asked.seconds =
                number.ok_or_else(|| Failure::usage("--seconds needs a whole number of at least 1"))?;
        } else if known.contains(argument) {
            asked.targets.push(argument.clone());
        } else {
            let known = known.join(", ");
            return Err(Failure::usage(format!(
                "there is no fuzz target {argument:?}; the targets are {known}"
            )));
        }
    }
    if asked.targets.is_empty() {
        asked.targets = known.to_vec();
    }
    Ok(asked)
}

/// Fails unless cargo with `arguments` succeeds; `install` is the command that helps.
fn has(arguments: &[&str], what: &str, install: &str) -> Result<()> {
    let mut command = rustups_cargo();
    let status = command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).status();
    if status.is_ok_and(|status| status.success()) {
        return Ok(());
    }
    Err(Failure::new(format!("fuzzing needs {what}; install it with: {install}")))
}

/// rustup's cargo, which chooses a toolchain: the cargo that runs this task has set its
/// own compiler for its children.
fn rustups_cargo() -> Command {
    let mut command = Command::new("cargo");
    for name in ["CARGO", "RUSTC", "RUSTDOC", "RUSTUP_TOOLCHAIN"] {
        command.env_remove(name);
    }
    command.current_dir(workspace());
    command
}

fn command(target: &str, seconds: u64) -> Command {
    let mut command = rustups_cargo();
    command.args(["+nightly", "fuzz", "run", target]);
    // A separate folder: nightly and stable would discard each other's artifacts.
    command.arg("--target-dir").arg(target_dir().join("fuzz"));
    // libFuzzer writes new inputs into the first folder only.
    command.arg(format!("fuzz/corpus/{target}")).arg(format!("fuzz/seeds/{target}"));
    command.args(["--", "-print_final_stats=1", "-dict=fuzz/dictionary"]);
    command.arg(format!("-timeout={TIMEOUT}")).arg(format!("-report_slow_units={TIMEOUT}"));
    command.arg(format!("-max_total_time={seconds}")).arg(format!("-max_len={LONGEST}"));
    command.arg(format!("-malloc_limit_mb={LARGEST_ALLOCATION}"));
    command
}

/// Runs a target to its end and shows its output as it comes.
fn run(target: &str, seconds: u64) -> Result<Ended> {
    println!("==> fuzz {target}");
    let failed = |error| Failure::new(format!("failed to fuzz {target}: {error}"));
    let corpus = workspace().join("fuzz/corpus").join(target);
    fs::create_dir_all(&corpus).map_err(failed)?;
    let begin = Instant::now();
    let mut fuzzer = command(target, seconds).stderr(Stdio::piped()).spawn().map_err(failed)?;
    let mut ended = Ended::default();
    for line in fuzzer.stderr.take().into_iter().flat_map(|stderr| BufReader::new(stderr).split(b'\n')) {
        let line = String::from_utf8_lossy(&line.map_err(failed)?).into_owned();
        eprintln!("{line}");
        ended.line(&line);
    }
    ended.seconds = begin.elapsed().as_secs();
    let status = fuzzer.wait().map_err(failed)?;
    if status.success() || !ended.findings.is_empty() {
        return Ok(ended);
    }
    Err(Failure::new(format!("the fuzz target {target} failed without a finding ({status}); see above")))
}

impl Ended {
    /// Takes one line of libFuzzer's output.
    fn line(&mut self, line: &str) {
        let after = |word: &str| line.split_once(word).map(|(_, rest)| rest.trim());
        if let Some(number) = after("stat::number_of_executed_units:") {
            self.executions = number.parse().unwrap_or(self.executions);
        } else if let Some(file) = after("Test unit written to ") {
            self.findings.push(file.to_owned());
        } else if let Some(rest) = after(" cov: ").filter(|_| line.starts_with('#')) {
            let number = rest.split(' ').next().unwrap_or_default();
            self.coverage = number.parse().unwrap_or(self.coverage);
        }
    }
}

/// A line for each target, and below them the commands that reproduce each finding.
fn table(all: &[(String, Ended)]) -> String {
    let mut text = format!(
        "{:<10} {:>12} {:>9} {:>8} {:>9}\n",
        "target", "executions", "coverage", "seconds", "findings"
    );
    for (target, Ended { executions, coverage, seconds, findings }) in all {
        let number = findings.len();
        text += &format!("{target:<10} {executions:>12} {coverage:>9} {seconds:>8} {number:>9}\n");
    }
    for (target, ended) in all {
        for file in &ended.findings {
            text += &format!("{target}: {file}\n  again: cargo +nightly fuzz run {target} {file}\n");
            text += &format!("  smaller: cargo +nightly fuzz tmin {target} {file}\n");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn the_fuzz_crate_names_every_file_of_its_targets() {
        let fuzz = workspace().join("fuzz");
        let manifest = fs::read_to_string(fuzz.join("Cargo.toml")).unwrap();
        let targets = targets(&fuzz.join("fuzz_targets")).unwrap();
        for target in &targets {
            let named = format!("name = \"{target}\"\npath = \"fuzz_targets/{target}.rs\"\n");
            assert!(manifest.contains(&named), "{target}");
            assert!(fuzz.join("seeds").join(target).is_dir(), "{target}");
        }
        assert_eq!(manifest.matches("[[bin]]").count(), targets.len());
    }

    #[test]
    fn targets_and_seconds_are_read() {
        let known = words("answer run");
        let asked = |line: &str| understand(&words(line), &known);
        assert_eq!(asked("").unwrap(), Asked { seconds: 600, targets: known.clone() });
        let one = Asked { seconds: 5, targets: words("run") };
        assert_eq!(asked("run --seconds 5").unwrap(), one);
        for wrong in ["runs", "--seconds", "--seconds 0", "--seconds soon"] {
            assert_eq!(asked(wrong).unwrap_err().code, 2, "{wrong}");
        }
        assert!(asked("runs").unwrap_err().message.ends_with("the targets are answer, run"));
    }

    #[test]
    fn the_last_lines_of_libfuzzer_are_read() {
        let mut ended = Ended::default();
        for line in [
            "INFO: Seed: 42",
            "#2\tINITED cov: 40 ft: 41 corp: 1/1b exec/s: 0 rss: 30Mb",
            "#98972\tDONE   cov: 1404 ft: 2551 corp: 248/192Kb lim: 1364 exec/s: 6185 rss: 248Mb",
            "stat::number_of_executed_units: 98972",
            "artifact_prefix='a/'; Test unit written to a/crash-da39",
        ] {
            ended.line(line);
        }
        let findings = vec!["a/crash-da39".to_owned()];
        assert_eq!(ended, Ended { executions: 98972, coverage: 1404, seconds: 0, findings });
        let table = table(&[("run".into(), ended)]);
        assert!(table.contains("run               98972      1404        0         1\n"), "{table}");
        assert!(table.contains("cargo +nightly fuzz run run a/crash-da39"));
    }

    #[test]
    fn a_missing_tool_is_named_with_the_command_that_installs_it() {
        let failure = has(&["no-such-command"], "a thing", "install it so").unwrap_err();
        assert_eq!(failure.message, "fuzzing needs a thing; install it with: install it so");
    }
}
