//! `hookbench bisect-step`: one step of `git bisect run`. It measures a kernel, compares
//! it with a stored run of another kernel, and tells git the result by its exit code.

mod cells;

use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use hookbench_analysis::Comparison;
use hookbench_analysis::compare::BaseAndNew;
use hookbench_analysis::gate::{Gate, GateRules, Limit, Pattern};
use hookbench_model::{FailureKind, Measurement, Outcome, Target};
use hookbench_reports::compare::{ComparisonReport, FORMATS};
use hookbench_results::Run;

use cells::{kernel_of, rename_kernel, restrict, select};

use super::run::{self, complete};
use super::{Usage, say, usage};
use crate::baseline;
use crate::interrupt::Interrupted;

/// The exit codes, as `--help` lists them.
const EXIT_CODES: &str = "\
Exit code, as git bisect run expects it:
  0    good: nothing got worse than BASE by more than --limit
  1    bad: something did
  125  skip: this kernel does not boot, or hookbench can measure nothing on it
  128  something else than the kernel failed: git stops
  129  the command line is wrong, or names something that does not exist: git stops
  130  stopped by SIGINT (Ctrl-C); 143 by SIGTERM, 129 by SIGHUP: git stops";

const BAD: u8 = 1;
const CANNOT_BE_TESTED: u8 = 125;
const FAILED: u8 = 128;
/// The exit code of [`bisect_step`] for a usage error.
pub const WRONG: u8 = 129;

/// Arguments of `hookbench bisect-step`.
#[derive(Debug, clap::Args)]
// `run::Args`, in the same command, already has a group of this name.
#[group(skip)]
#[command(after_help = EXIT_CODES)]
pub struct Args {
    /// Run to compare with: a folder, or a baseline (NAME or baseline:NAME)
    base: String,
    /// Kernel in BASE to compare with, if BASE has several
    #[arg(long, value_name = "KERNEL")]
    base_kernel: Option<String>,
    /// Largest allowed growth of a hook, or of a median where the hook is unknown: 5%, '20 instructions',
    /// 'bpf-lsm+*=20 instructions'
    #[arg(long, value_name = "[GLOB=]LIMIT")]
    limit: Vec<Limit>,
    /// Cells whose regressions are reported but do not count
    #[arg(long, value_name = "GLOB")]
    allow: Vec<Pattern>,
    #[command(flatten)]
    run: run::Args,
}

/// Measures the kernel, judges it and returns the exit code. Without workloads, monitors
/// or a plan, it measures the cells of BASE.
///
/// # Errors
/// Only when a signal stops it. Every other failure has its exit code.
pub fn bisect_step(args: &Args) -> Result<ExitCode> {
    match step(args) {
        Ok(code) => Ok(ExitCode::from(code)),
        Err(error) if error.is::<Interrupted>() => Err(error),
        Err(error) => {
            say::aside(&format!("hookbench: {error:#}"));
            Ok(ExitCode::from(if error.is::<Usage>() { WRONG } else { FAILED }))
        }
    }
}

fn step(args: &Args) -> Result<u8> {
    refuse_options(args).map_err(usage)?;
    let folder = baseline::locate(&args.base).map_err(usage)?;
    let base = hookbench_results::store::load(&folder)
        .with_context(|| format!("failed to read the run in {}", folder.display()))?;
    let kernel = kernel_of(&base, args.base_kernel.as_deref()).map_err(usage)?;
    let selection = select(&args.run, &base, &kernel).map_err(usage)?;
    let [new_kernel] = &selection.cells.kernels[..] else {
        return Err(usage(anyhow::anyhow!("a step tests exactly one kernel: name it with --kernel")));
    };
    let base = restrict(base, &kernel, &selection.cells.planned).map_err(usage)?;
    let completed = complete(&selection)?;
    let new = rename_kernel(completed.run, new_kernel, &kernel);
    if let Some(why) = cannot_be_tested(&new) {
        say::aside(&format!("bisect-step: this kernel cannot be tested: {why}"));
        return Ok(CANNOT_BE_TESTED);
    }
    let comparison = Comparison::new(&base, &new);
    let rules = GateRules { limits: args.limit.clone(), allow: args.allow.clone() };
    let gate = Gate::judge(&comparison, &rules).map_err(|error| usage(error.into()))?;
    let new_name = completed.folder.display().to_string();
    let names = BaseAndNew { base: args.base.as_str(), new: new_name.as_str() };
    let report =
        ComparisonReport { names, comparison: &comparison, gate: Some(&gate), all: false, most: None };
    say::result(&(FORMATS[0].render)(&report))?;
    let word = if gate.is_open() { "good" } else { "bad" };
    say::aside(&format!("bisect-step: {word}: {new_kernel} against {kernel} of {}", args.base));
    Ok(if gate.is_open() { 0 } else { BAD })
}

/// Refuses options of `hookbench run` that make no sense here.
fn refuse_options(args: &Args) -> Result<()> {
    let run = &args.run;
    ensure!(run::target(run)? == Target::Tcg, "a step needs the exact clock, so leave out --target");
    for (given, option) in [
        (run.shard.is_some(), "--shard"),
        (run.cell.is_some(), "--cell"),
        (run.baseline.is_some(), "--baseline"),
        (run.save_baseline.is_some(), "--save-baseline"),
        (run.resume, "--resume"),
    ] {
        ensure!(
            !given,
            "{option} does not work with bisect-step, which measures every cell that it compares with BASE"
        );
    }
    Ok(())
}

/// Why `run` says nothing about its kernel; `None` if it does.
fn cannot_be_tested(run: &Run) -> Option<String> {
    let of_qemu = run.measurements.iter().find_map(|measurement| match &measurement.outcome {
        Outcome::Failed(failure) if failure.kind == FailureKind::Qemu => {
            Some(format!("{}: {}", measurement.cell, failure.message))
        }
        _ => None,
    });
    if of_qemu.is_some() {
        return of_qemu;
    }
    let measured = |measurement: &&Measurement| matches!(measurement.outcome, Outcome::Measured(_));
    let baselines = || run.measurements.iter().filter(|measurement| measurement.cell.monitor.is_none());
    let none = match baselines().next() {
        // If a cell without a monitor fails, only the kernel can be at fault.
        Some(_) => baselines().find(measured).is_none(),
        None => run.measurements.iter().find(measured).is_none(),
    };
    none.then(|| {
        let first = run.measurements.iter().find(|measurement| !measured(measurement));
        let reason = first.map(|first| format!("{}: {}", first.cell, first.outcome.reason()));
        format!("nothing was measured; {}", reason.unwrap_or_else(|| "it has no cells".into()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use hookbench_model::{Clock, Failure, Measured};
    use hookbench_results::Environment;

    /// A run with these outcomes.
    pub(in crate::cmd::bisect_step) fn run(outcomes: &[(&str, Outcome)]) -> Run {
        let measurements = outcomes.iter().map(|(cell, outcome)| Measurement {
            cell: cell.parse().unwrap(),
            clock: Clock::Instructions,
            history: None,
            outcome: outcome.clone(),
        });
        Run {
            schema: hookbench_results::run::SCHEMA,
            plan: "test".into(),
            shard: None,
            environment: Environment::default(),
            measurements: measurements.collect(),
            scenarios: Vec::new(),
        }
    }

    const NONE: &str = "6.1/tcg/null-syscall/paced/none";
    const AUDIT: &str = "6.1/tcg/null-syscall/paced/audit+idle";

    fn failed(kind: FailureKind) -> Outcome {
        Outcome::Failed(Failure { kind, message: "why".into(), console: Vec::new() })
    }

    #[test]
    fn a_kernel_that_does_not_boot_is_skipped_but_a_deaf_monitor_is_judged() {
        let measured = || Outcome::Measured(Measured { samples: vec![1], ..Measured::default() });
        let why = |outcomes: &[(&str, Outcome)]| cannot_be_tested(&run(outcomes)).unwrap_or_default();
        assert_eq!(why(&[(NONE, measured()), (AUDIT, failed(FailureKind::EventsMismatch))]), "");
        assert!(
            why(&[(NONE, failed(FailureKind::Timeout)), (AUDIT, measured())])
                .contains("nothing was measured")
        );
        assert!(why(&[(NONE, measured()), (AUDIT, failed(FailureKind::Qemu))]).contains("audit+idle: why"));
        assert!(!why(&[]).is_empty());
    }
}
