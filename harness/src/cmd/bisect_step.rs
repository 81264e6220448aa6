//! `hookbench bisect-step`: one step of `git bisect run`. It measures a kernel, compares
//! it with a stored run of another kernel, and tells git the result by its exit code.

use std::collections::BTreeSet;
use std::process::ExitCode;

use anyhow::{Context, Result, bail, ensure};
use hookbench_analysis::Comparison;
use hookbench_analysis::compare::Sides;
use hookbench_analysis::gate::{Gate, Limit, Pattern, Rules};
use hookbench_model::{Cell, FailureKind, Measurement, Outcome, Target};
use hookbench_reports::compare::{ComparisonReport, FORMATS};
use hookbench_results::Run;

use super::run::on_host;
use super::run::selection::{Asked, asked};
use super::run::{self, make};
use super::{Usage, say, usage};
use crate::baseline;
use crate::custom::monitor::Owns;
use crate::custom::workload::Works;
use crate::run::interrupt::Stopped;
use hookbench_plan::plan::Planned;

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
    /// Largest allowed growth of a median: 5%, '20 instructions', 'bpf-lsm+*=20 instructions'
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
        Err(error) if error.is::<Stopped>() => Err(error),
        Err(error) => {
            say::aside(&format!("hookbench: {error:#}"));
            Ok(ExitCode::from(if error.is::<Usage>() { WRONG } else { FAILED }))
        }
    }
}

fn step(args: &Args) -> Result<u8> {
    fits(args).map_err(usage)?;
    let folder = baseline::locate(&args.base).map_err(usage)?;
    let base = hookbench_results::store::load(&folder)
        .with_context(|| format!("failed to read the run in {}", folder.display()))?;
    let kernel = kernel_of(&base, args.base_kernel.as_deref()).map_err(usage)?;
    let asked = cells(args, &base, &kernel).map_err(usage)?;
    let [new_kernel] = &asked.kernels[..] else {
        return Err(usage(anyhow::anyhow!("a step tests exactly one kernel: name it with --kernel")));
    };
    let base = only(base, &kernel, &asked).map_err(usage)?;
    let made = make(&args.run, &asked)?;
    let new = called(made.run, new_kernel, &kernel);
    if let Some(why) = cannot_be_tested(&new) {
        say::aside(&format!("bisect-step: this kernel cannot be tested: {why}"));
        return Ok(CANNOT_BE_TESTED);
    }
    let comparison = Comparison::of(&base, &new);
    let rules = Rules { limits: args.limit.clone(), allow: args.allow.clone() };
    let gate = Gate::judge(&comparison, &rules).map_err(|error| usage(error.into()))?;
    let new_name = made.folder.display().to_string();
    let names = Sides { base: args.base.as_str(), new: new_name.as_str() };
    let report =
        ComparisonReport { names, comparison: &comparison, gate: Some(&gate), all: false, most: None };
    say::result(&(FORMATS[0].render)(&report))?;
    let word = if gate.is_open() { "good" } else { "bad" };
    say::aside(&format!("bisect-step: {word}: {new_kernel} against {kernel} of {}", args.base));
    Ok(if gate.is_open() { 0 } else { BAD })
}

/// Refuses options of `hookbench run` that make no sense here.
fn fits(args: &Args) -> Result<()> {
    let run = &args.run;
    ensure!(on_host::target(run)? == Target::Tcg, "a step needs the exact clock, so leave out --target");
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

/// The kernel of `base` to compare with: `asked`, or the only one.
fn kernel_of(base: &Run, asked: Option<&str>) -> Result<String> {
    let there: BTreeSet<&str> = base.measurements.iter().map(|of| of.cell.kernel.as_str()).collect();
    let known = || there.iter().copied().collect::<Vec<_>>().join(", ");
    match asked {
        Some(name) if there.contains(name) => Ok(name.into()),
        Some(name) => bail!("BASE has no kernel {name:?}; it has {}", known()),
        None if there.len() == 1 => Ok(known()),
        None => bail!("BASE has several kernels; choose one with --base-kernel: {}", known()),
    }
}

/// The cells that `args` select; without a selection, those that `base` measured on
/// `kernel`.
fn cells(args: &Args, base: &Run, kernel: &str) -> Result<Asked> {
    let run = &args.run;
    if run.plan.is_some() || !run.workload.is_empty() || !run.monitor.is_empty() {
        return asked(run);
    }
    ensure!(run.kernel.len() == 1, "a step tests exactly one kernel: name it with --kernel");
    // Selecting any cell resolves and checks the kernel's name or path.
    let workload = vec!["null-syscall".into()];
    let named = asked(&run::Args { workload, monitor: vec!["none".into()], ..run.clone() })?;
    let [name] = &named.kernels[..] else {
        bail!("a step tests exactly one kernel, and --kernel selects several")
    };
    let of_base = base.measurements.iter().filter(|of| of.cell.kernel == kernel);
    let planned: Vec<Planned> = of_base.filter_map(|of| planned(of, name)).collect();
    ensure!(!planned.is_empty(), "BASE measured no cell on {kernel}");
    for Planned { cell, .. } in &planned {
        ensure!(
            cell.monitor.custom().is_none()
                && hookbench_model::CustomWorkloadKind::of(&cell.workload).is_none(),
            "the cell {cell} of BASE has a custom workload or monitor: pass --workload and --monitor again"
        );
    }
    let (owns, works) = (Owns::default(), Works::default());
    Ok(Asked { plan: format!("bisect-{}", base.plan), planned, owns, works, ..named })
}

/// The cell of `measurement`, moved to `kernel`, if it has numbers.
fn planned(measurement: &Measurement, kernel: &str) -> Option<Planned> {
    let Outcome::Measured(measured) = &measurement.outcome else { return None };
    let cell = Cell { kernel: kernel.into(), ..measurement.cell.clone() };
    let info = hookbench_workloads::info(&cell.workload)?;
    Some(Planned { cell, samples: u32::try_from(measured.samples.len()).ok()?, warmup: info.warmup })
}

/// Reduces `base` to the measurements on `kernel` whose cells `asked` contains.
fn only(mut base: Run, kernel: &str, asked: &Asked) -> Result<Run> {
    let meant = |cell: &Cell| Cell { kernel: kernel.into(), ..cell.clone() };
    let wanted: BTreeSet<String> = asked.planned.iter().map(|of| meant(&of.cell).to_string()).collect();
    base.measurements.retain(|of| wanted.contains(&of.cell.to_string()));
    base.environment.kernels.retain(|record| record.name == kernel);
    let there: BTreeSet<String> = base.measurements.iter().map(|of| of.cell.to_string()).collect();
    let missing: Vec<&str> = wanted.difference(&there).map(String::as_str).collect();
    if let Some(first) = missing.first() {
        bail!("BASE has no measurement of {} cells of this step, for example {first}", missing.len());
    }
    Ok(base)
}

/// Renames the kernel `from` of `run` to `to`, because only cells of the same name are
/// compared.
fn called(mut run: Run, from: &str, to: &str) -> Run {
    for measurement in run.measurements.iter_mut().filter(|of| of.cell.kernel == from) {
        measurement.cell.kernel = to.into();
    }
    for record in run.environment.kernels.iter_mut().filter(|record| record.name == from) {
        record.name = to.into();
    }
    run
}

/// Why `run` says nothing about its kernel; `None` if it does.
fn cannot_be_tested(run: &Run) -> Option<String> {
    let failed = |kinds: &[FailureKind]| {
        run.measurements.iter().find_map(|of| match &of.outcome {
            Outcome::Failed(failure) if kinds.contains(&failure.kind) => {
                Some(format!("{}: {}", of.cell, failure.message))
            }
            _ => None,
        })
    };
    if let Some(why) = failed(&[FailureKind::Qemu]) {
        return Some(why);
    }
    let measured = |of: &&Measurement| matches!(of.outcome, Outcome::Measured(_));
    let baselines = || run.measurements.iter().filter(|of| of.cell.monitor.is_none());
    let none = match baselines().next() {
        // If a cell without a monitor fails, only the kernel can be at fault.
        Some(_) => baselines().find(measured).is_none(),
        None => run.measurements.iter().find(measured).is_none(),
    };
    none.then(|| {
        let first = run.measurements.iter().find(|of| !measured(of));
        let said = first.map(|of| format!("{}: {}", of.cell, of.outcome.reason()));
        format!("nothing was measured; {}", said.unwrap_or_else(|| "it has no cells".into()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use hookbench_model::{Clock, Failure, Measured};
    use hookbench_results::Environment;

    fn run(outcomes: &[(&str, Outcome)]) -> Run {
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

    #[test]
    fn a_base_with_several_kernels_needs_base_kernel() {
        let measured = || Outcome::Measured(Measured { samples: vec![1; 7], ..Measured::default() });
        let one = run(&[(NONE, measured()), (AUDIT, Outcome::Unsupported("no".into()))]);
        assert_eq!(kernel_of(&one, None).unwrap(), "6.1");
        let two = run(&[(NONE, measured()), ("6.12/tcg/null-syscall/paced/none", measured())]);
        assert!(kernel_of(&two, None).unwrap_err().to_string().contains("6.1, 6.12"));
        assert_eq!(kernel_of(&two, Some("6.12")).unwrap(), "6.12");
        assert!(kernel_of(&two, Some("5.4")).is_err());
        let cells: Vec<Planned> = one.measurements.iter().filter_map(|of| planned(of, "a/bzImage")).collect();
        assert_eq!(cells.len(), 1);
        assert_eq!((cells[0].cell.kernel.as_str(), cells[0].samples), ("a/bzImage", 7));
    }
}
