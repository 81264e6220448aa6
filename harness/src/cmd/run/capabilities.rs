//! What each target can do: which options it has, and which cells it can run.

use anyhow::{Result, bail, ensure};
use hookbench_model::{Cell, Clock, CustomWorkloadKind, Target};
use hookbench_plan::Planned;
use hookbench_results::samples::MOST;

use super::args::Args;
use super::execution::Execution;
use crate::session::hardware::HardwareOptions;
use crate::session::host::enforcing;

/// Options that only some targets have.
struct Options {
    are_given: fn(&Args) -> bool,
    targets: &'static [Target],
    /// The error on another target, which `{}` stands for.
    refusal: &'static str,
}

const OPTIONS: &[Options] = &[
    Options {
        are_given: |args| {
            !args.clock.is_empty() || args.rounds.is_some() || args.seed.is_some() || args.enforce_on_host
        },
        targets: &[Target::Kvm, Target::Host],
        refusal: "--clock, --rounds, --seed and --enforce-on-host need --target kvm or host; {} counts exactly",
    },
    Options {
        are_given: |args| !args.kernel.is_empty() || !args.profile.is_empty() || !args.cpus.is_empty(),
        targets: &[Target::Tcg, Target::Kvm],
        refusal: "--kernel, --profile and --cpus configure guests; leave them out with --target {}",
    },
    Options {
        are_given: |args| {
            args.resume
                || args.guests.is_some()
                || args.no_attribution
                || !args.keep_stacks.is_empty()
                || args.shard.is_some()
                || args.fault.is_some()
                || args.jobs.is_some_and(|jobs| jobs != 1)
        },
        targets: &[Target::Tcg],
        refusal: "--resume, --guests, --shard, --no-attribution, --keep-stacks, --fault and --jobs do not work with --target {}, \
                  which runs one cell at a time, in rounds",
    },
];

/// The target that `args` select.
///
/// # Errors
/// When the cell's name contradicts `--target`, or the target lacks an option.
pub(in crate::cmd) fn target(args: &Args) -> Result<Target> {
    let of_cell = args.cell.as_deref().and_then(|cell| cell.parse().ok()).map(|cell: Cell| cell.target);
    if let (Some(target), Some(of_cell)) = (args.target, of_cell) {
        ensure!(target == of_cell, "--target {target} contradicts the target in the cell's name, {of_cell}");
    }
    let target = args.target.or(of_cell).unwrap_or_default();
    for options in OPTIONS {
        if (options.are_given)(args) && !options.targets.contains(&target) {
            bail!(options.refusal.replace("{}", &target.to_string()));
        }
    }
    Ok(target)
}

/// Refuses cells with a custom monitor or workload, which run only inside guests.
///
/// # Errors
/// When there is such a cell.
pub(super) fn refuse_custom<'c>(cells: impl IntoIterator<Item = &'c Cell>) -> Result<()> {
    for cell in cells {
        if cell.monitor.custom().is_some() {
            bail!("{} is a custom monitor; it only runs inside guests, so use --target tcg", cell.monitor);
        }
        if CustomWorkloadKind::of(&cell.workload).is_some() {
            bail!(
                "{} is a workload you supplied; it only runs inside guests, so use --target tcg",
                cell.workload
            );
        }
    }
    Ok(())
}

/// Checks that the target can run `planned` as `execution` says. On this machine, monitors
/// that deny or kill run only with `enforce`.
///
/// # Errors
/// When it cannot; the error says what is possible.
pub(super) fn check_cells(planned: &[Planned], execution: &Execution, enforce: bool) -> Result<()> {
    match execution {
        Execution::Exact(_) => Ok(()),
        Execution::Kvm(options) => {
            ensure!(
                planned.iter().all(|planned| planned.cell.boot.cpus == 1),
                "a guest under KVM has one CPU, pinned to one of this machine's; use --cpus with --target tcg"
            );
            check_rounds(planned, options)
        }
        Execution::Host(options) => {
            let enforcing = enforcing(planned.iter().map(|planned| &planned.cell));
            ensure!(
                enforcing.is_empty() || enforce,
                "{} would deny operations or kill processes anywhere on this machine; leave them out, or pass \
                 --enforce-on-host",
                enforcing.join(", ")
            );
            check_rounds(planned, options)
        }
    }
}

/// Checks the rounds, the number of samples and the clocks.
fn check_rounds(planned: &[Planned], options: &HardwareOptions) -> Result<()> {
    let rounds = options.rounds;
    ensure!((1..=1000).contains(&rounds), "--rounds must be between 1 and 1000, not {rounds}");
    let many = planned.iter().find(|planned| planned.samples as usize * rounds as usize > MOST);
    if let Some(Planned { cell, .. }) = many {
        bail!("{cell} would take more than {MOST} samples in {rounds} rounds; lower --samples or --rounds");
    }
    let mut clocks = options.clocks.clone();
    clocks.dedup();
    ensure!(
        clocks.first() == Some(&Clock::Tsc),
        "the first --clock must be tsc; the others are read along with it"
    );
    ensure!(clocks.len() == options.clocks.len(), "--clock names a clock twice");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cmd::run::args::tests::args;

    #[test]
    fn an_option_that_the_target_lacks_is_refused_with_the_targets_name() {
        for (line, part) in [
            ("--rounds 2", "tcg counts exactly"),
            ("--enforce-on-host", "tcg counts exactly"),
            ("--target host --kernel 6.1", "leave them out with --target host"),
            ("--target host --guests cold", "--target host, which runs one cell at a time"),
            ("--target host --shard 1/2", "--target host, which runs one cell at a time"),
            ("--target kvm --jobs 2", "--target kvm, which runs one cell at a time"),
            ("--target kvm --resume --out a", "--target kvm, which runs one cell at a time"),
            (
                "--target kvm --cell 6.1/tcg/null-syscall/paced/none",
                "contradicts the target in the cell's name",
            ),
        ] {
            let error = target(&args(line)).unwrap_err().to_string();
            assert!(error.contains(part), "{line}: {error}");
        }
        for (line, wanted) in [
            ("--guests cold --jobs 4 --shard 1/2", Target::Tcg),
            ("--target kvm --kernel 6.1 --jobs 1 --rounds 2", Target::Kvm),
            ("--target host --clock tsc,perf --seed 1", Target::Host),
            ("--cell 6.1/kvm/null-syscall/paced/none", Target::Kvm),
        ] {
            assert_eq!(target(&args(line)).unwrap(), wanted, "{line}");
        }
    }
}
