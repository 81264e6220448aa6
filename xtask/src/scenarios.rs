//! The published results of scenarios: all of them on all kernels, the experiments with races, mitigation and
//! privilege, and the page of claims that is made from these.

use std::fs::{self, File};
use std::path::Path;
use std::process::Command;

use crate::run::{Failure, Result, status, target_dir, workspace};

/// The published files of the run, and where they go, relative to the workspace. The pages of evidence would take 20 MB:
/// `hookbench report` renders them from the results.
const FILES: &[(&str, &str)] = &[
    ("run.json", "results/published/scenarios"),
    ("samples.csv.zst", "results/published/scenarios"),
    ("scenarios.csv", "results/published/scenarios"),
    ("report.html", "reports/published/scenarios"),
];
/// The experiments: the subcommand, the kernels, and the file of what it prints.
const EXPERIMENTS: &[(&str, &str, &str)] = &[
    ("race", "6.1,7.3", "races.json"),
    ("mitigate", "5.10,6.1,7.3", "mitigations.json"),
    ("privilege", "5.10,6.1,7.3", "privileges.json"),
];
/// The page of claims.
const CLAIMS: &str = "docs/claims.md";

/// Tries the scenarios, or resumes where an earlier run was interrupted, and publishes what came out.
pub(crate) fn reference() -> Result<()> {
    let out = target_dir().join("reference/scenarios");
    let mut run = hookbench(&["run", "--kernel", "all", "--out"]);
    run.arg(&out);
    if out.exists() {
        run.arg("--resume");
    }
    let ended = status(&mut run)?;
    if !ended.success() {
        return Err(Failure::new(format!(
            "the scenarios failed ({ended}); what was tried is in {}, and the same command resumes it",
            out.display()
        )));
    }
    for (file, folder) in FILES {
        let (from, to) = (out.join(file), workspace().join(folder).join(file));
        let wrong =
            |error| Failure::new(format!("failed to copy {} to {}: {error}", from.display(), to.display()));
        fs::create_dir_all(to.parent().unwrap_or(workspace()))
            .and_then(|()| fs::copy(&from, &to))
            .map_err(wrong)?;
        println!("{}", to.display());
    }
    fs::remove_dir_all(&out)
        .map_err(|error| Failure::new(format!("failed to remove {}: {error}", out.display())))?;
    let results = workspace().join("results/published/scenarios");
    for (experiment, kernels, file) in EXPERIMENTS {
        print_into(&mut hookbench(&[experiment, "--kernel", kernels, "--json"]), &results.join(file))?;
    }
    let mut claims = hookbench(&["claims"]);
    claims.arg(&results);
    for (option, (.., file)) in ["--races", "--mitigations", "--privileges"].iter().zip(EXPERIMENTS) {
        claims.arg(option).arg(results.join(file));
    }
    print_into(&mut claims, &workspace().join(CLAIMS))
}

/// A subcommand of `hookbench scenario`.
fn hookbench(arguments: &[&str]) -> Command {
    let mut command = Command::new(target_dir().join("release/hookbench"));
    command.current_dir(workspace()).arg("scenario").args(arguments);
    command
}

/// Runs `command`, whose output becomes the file `to`. A file that was there stays if the command fails.
fn print_into(command: &mut Command, to: &Path) -> Result<()> {
    let part = to.with_extension("part");
    let wrong = |error| Failure::new(format!("failed to write {}: {error}", to.display()));
    command.stdout(File::create(&part).map_err(wrong)?);
    let ended = status(command)?;
    if !ended.success() {
        return Err(Failure::new(format!("{} was not made ({ended})", to.display())));
    }
    fs::rename(&part, to).map_err(wrong)?;
    println!("{}", to.display());
    Ok(())
}
