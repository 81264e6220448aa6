//! Measures a cell and its baseline, each operation attributed to call paths, and explains the cell.

use anyhow::{Context, Result, anyhow, ensure};
use hookbench_analysis::attribution::Explanation;
use hookbench_model::{Cell, Target};
use hookbench_plan::{custom_monitor_name, split_lists};
use hookbench_workloads::custom::ask;

use super::Args;
use crate::cmd::progress::Progress;
use crate::cmd::run::{self, Selection};
use crate::cmd::usage;
use crate::interrupt::Interrupted;
use crate::run::runner::spec;

/// Operations of a cell. The hook costs the same in nearly all of them.
pub(super) const OPERATIONS: u32 = 100;

/// Explains the cell called `name` with new measurements.
///
/// # Errors
/// A usage error when there is no such cell or it has nothing to explain; otherwise when it cannot be measured.
pub(super) fn explanation(args: &Args, name: &str) -> Result<Explanation> {
    let selection = select(args, name).map_err(usage)?;
    let [planned] = &selection.cells.planned[..] else {
        return Err(usage(anyhow!("{name:?} is not one cell")));
    };
    let (session, interrupt) = run::open_exact(&selection)?;
    let progress = Progress::begin("explain", 0);
    progress.say(&format!("measuring {} and its baseline", planned.cell));
    let explained = session.explain(&planned.cell, &spec(planned, None));
    let explained = explained.with_context(|| format!("failed to explain {}", planned.cell));
    match interrupt.signal() {
        Some(signal) if explained.is_err() => {
            let message = format!("{} is not explained", planned.cell);
            Err(Interrupted { signal, message }.into())
        }
        _ => explained,
    }
}

/// The cell called `name`, and what its guest needs.
fn select(args: &Args, name: &str) -> Result<Selection> {
    let defaults = run_args(args, name)?;
    let full = run::complete_name(name, &defaults)?;
    let cell: Cell = full.parse()?;
    ensure!(!cell.monitor.is_none(), "{full} is a baseline; name a cell with a monitor");
    ensure!(
        cell.target == Target::Tcg,
        "{full} cannot be explained, because the hardware clocks do not count single instructions; use target tcg"
    );
    ensure!(
        cell.boot.cpus == 1,
        "{full} cannot be explained, because its guest has {} CPUs; instructions are attributed with one",
        cell.boot.cpus
    );
    Selection::from_args(&run::Args { cell: Some(full), ..defaults })
}

/// The arguments of `hookbench run` that measure the cell called `name`, without its name. Of custom monitors and
/// workloads, they have those of the cell.
fn run_args(args: &Args, name: &str) -> Result<run::Args> {
    let cell: Cell = name.parse()?;
    let monitors = split_lists(&args.monitor).into_iter().filter(|text| {
        // `hookbench run` explains what is wrong with a text that is not a custom monitor.
        !matches!(custom_monitor_name(text), Ok(Some((name, _))) if name != cell.monitor)
    });
    let workloads = split_lists(&args.workload)
        .into_iter()
        .filter(|text| !matches!(ask::name(text), Ok(Some(name)) if name != cell.workload));
    Ok(run::Args {
        monitor: monitors.collect(),
        workload: workloads.collect(),
        samples: Some(args.samples),
        timeout: args.timeout,
        ready: args.ready.clone(),
        expect_exit: args.expect_exit,
        bring: args.bring.clone(),
        modules: args.modules.clone(),
        load: args.load.clone(),
        ..run::Args::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cmd::explain::tests::args;

    fn selected(name: &str) -> Result<Selection> {
        let args = args(&[name, "--samples", "7"]).unwrap();
        select(&args, &args.cell)
    }

    #[test]
    fn a_cell_is_found_with_and_without_its_default_parameters() {
        for (name, full) in [
            (
                "6.12/tcg/execve-noop[env_pages=32]/burst/audit+rules[unmatched=20]",
                "6.12/tcg/execve-noop[env_pages=32 ld_preload=ignored]/burst/audit+rules[unmatched=20]",
            ),
            (
                "6.1/tcg/execve-noop/paced/kprobe+count",
                "6.1/tcg/execve-noop[env_pages=0 ld_preload=ignored]/paced/kprobe+count",
            ),
            (
                "6.1/tcg/mprotect-storm[to=r]/paced/kprobe+count",
                "6.1/tcg/mprotect-storm[to=r]/paced/kprobe+count",
            ),
        ] {
            let selection = selected(name).unwrap();
            let [planned] = &selection.cells.planned[..] else { panic!("{name}") };
            assert_eq!((planned.cell.to_string(), planned.samples), (full.to_string(), 7));
        }
    }

    #[test]
    fn a_cell_that_cannot_be_explained_is_refused_with_a_reason() {
        for (name, why) in [
            ("6.1/tcg/null-syscall/paced/none", "is a baseline"),
            ("6.1/kvm/null-syscall/paced/audit+idle", "do not count single instructions"),
            ("6.1/tcg/null-syscall/paced/bpf-lsm+telepathy", "bpf-lsm+ringbuf"),
            ("4.4/tcg/null-syscall/paced/audit+idle", "known kernels: 5.10"),
            ("6.1/tcg/null-syscall/paced/bpf:x.o", "pass its location"),
            ("6.1/tcg/mprotect-storm/paced/kprobe+count", "[to=rw]/paced/kprobe+count"),
            ("6.1/tcg:lean*4/null-syscall/paced/audit+idle", "its guest has 4 CPUs"),
            ("6.1", "not a cell"),
        ] {
            let error = selected(name).err().unwrap_or_else(|| panic!("{name}")).to_string();
            assert!(error.contains(why), "{name}: {error}");
        }
    }

    #[test]
    fn each_cell_gets_its_custom_monitor() {
        let cell = "6.1/tcg/null-syscall/paced/bpf:x.o";
        let args = args(&[cell, "--monitor", "bpf:a/x.o,bpf:b/y.o,wrong"]).unwrap();
        let monitors = |name: &str| run_args(&args, name).unwrap().monitor;
        assert_eq!(monitors(&args.cell), ["bpf:a/x.o", "wrong"]);
        assert_eq!(monitors("6.1/tcg/null-syscall/paced/bpf:y.o"), ["bpf:b/y.o", "wrong"]);
        assert_eq!(monitors("6.1/tcg/null-syscall/paced/audit+idle"), ["wrong"]);
    }
}
