//! `cargo xtask perf`: measures how fast hookbench is and compares it with limits. It is
//! not a test: times depend on the machine and on what else runs there.

mod figures;
mod table;

use std::fs::{self, File};
use std::path::Path;
use std::process::Stdio;

use crate::run::{Failure, Result, cargo, step, target_dir};
use crate::setup::{Consent, For, setup};
use figures::GROUPS;
use table::Measured;

/// Runs the benchmark; cargo builds benchmarks with optimization.
const BENCHMARK: [&str; 6] = ["bench", "--quiet", "-p", "hookbench", "--bench", "speed"];

/// Measures all figures and prints them; fails at the end if some break their limits.
pub(crate) fn perf() -> Result<()> {
    setup(For::Use, Consent::Ask)?;
    step("build the benchmark", cargo(&BENCHMARK).arg("--no-run"))?;
    let log = target_dir().join("perf.log");
    let file = File::create(&log)
        .map_err(|error| Failure::new(format!("failed to write {}: {error}", log.display())))?;
    let mut measured = Measured::default();
    let before = load();
    for group in GROUPS {
        eprintln!("==> {}", group.join(" "));
        if let Err(failure) = measure(group, &file, &log, &mut measured) {
            // Its figures are missing; the others are still useful.
            eprintln!("xtask: {}", failure.message);
        }
    }
    measured.derive();
    let (table, broken) = measured.table();
    println!("load average: {before} before, {} after; cores: {}\n\n{table}", load(), cores());
    match broken {
        0 => Ok(()),
        _ => Err(Failure::new(format!("{broken} figures break their limits or were not measured"))),
    }
}

/// Runs one group; its messages go to the log.
fn measure(group: &[&str], file: &File, log: &Path, measured: &mut Measured) -> Result<()> {
    let failed = |why: String| {
        Failure::new(format!("measuring {} failed: {why}; see {}", group.join(" "), log.display()))
    };
    let errors = file.try_clone().map_err(|error| failed(error.to_string()))?;
    let mut command = cargo(&BENCHMARK);
    command.arg("--").args(group).stderr(errors).stdin(Stdio::null());
    let output = command.output().map_err(|error| failed(error.to_string()))?;
    let lines = String::from_utf8_lossy(&output.stdout);
    measured.read(&lines).map_err(|line| failed(format!("{line:?} is not a figure")))?;
    if output.status.success() { Ok(()) } else { Err(failed(output.status.to_string())) }
}

/// The load average of the last minute: on a busy machine, times are longer.
fn load() -> String {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split(' ').next().unwrap_or_default().to_owned()
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, Into::into)
}
