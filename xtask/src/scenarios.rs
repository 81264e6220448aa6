//! The published results of scenarios: all of them on all kernels, the experiments with races, mitigation,
//! privilege and reaction, and the page of claims that is made from these.

use std::fs::{self, File};
use std::path::Path;
use std::process::Command;

use crate::reference::{copy, hookbench, remove, run_or_resume};
use crate::run::{Failure, Result, status, target_dir, workspace};

/// The published files of the run, and where they go, relative to the workspace. The table and the pages of evidence would
/// take 90 MB: `hookbench report` renders them from the results.
const FILES: &[(&str, &str)] = &[
    ("run.json", "results/published/scenarios"),
    ("samples.csv.zst", "results/published/scenarios"),
    ("report.html", "reports/published/scenarios"),
];
/// The experiments: the arguments of `hookbench scenario`, and the file of what it prints.
const EXPERIMENTS: &[(&[&str], &str)] = &[
    (
        &[
            "race",
            "--kernel",
            "6.1,7.3",
            "--only",
            "sweep",
            "--call",
            "openat",
            "--watcher",
            "sys_enter,bpf-lsm,audit",
        ],
        "races.json",
    ),
    (&["mitigate", "--kernel", "5.10,6.1,7.3"], "mitigations.json"),
    (&["privilege", "--kernel", "5.10,6.1,7.3"], "privileges.json"),
    (&["react", "--kernel", "5.10,6.1,7.3"], "reactions.json"),
];
/// The kernel on which policies are priced. A price takes more than twice the time of the verdicts.
const PRICED: &str = "6.1";
/// The page of claims.
const CLAIMS: &str = "docs/claims.md";

/// Tries the scenarios, or resumes where an earlier run was interrupted, and publishes what came out.
pub(crate) fn reference() -> Result<()> {
    let out = target_dir().join("reference/scenarios");
    run_or_resume(
        &mut hookbench(&["scenario", "run", "--kernel", "all", "--prices", PRICED]),
        &out,
        "the run of scenarios",
    )?;
    for (file, folder) in FILES {
        copy(&out.join(file), &workspace().join(folder).join(file))?;
    }
    remove(&out)?;
    let results = workspace().join("results/published/scenarios");
    for (experiment, file) in EXPERIMENTS {
        print_into(hookbench(&["scenario"]).args(*experiment).arg("--json"), &results.join(file))?;
    }
    let mut claims = hookbench(&["scenario", "claims"]);
    claims.arg(&results);
    let options = ["--races", "--mitigations", "--privileges", "--reactions"];
    for (option, (_, file)) in options.iter().zip(EXPERIMENTS) {
        claims.arg(option).arg(results.join(file));
    }
    print_into(&mut claims, &workspace().join(CLAIMS))
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
