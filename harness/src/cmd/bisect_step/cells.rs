//! The cells of a step: those to measure, and the part of BASE to compare them with.

use std::collections::BTreeSet;

use anyhow::{Result, bail, ensure};
use hookbench_model::{Cell, CustomWorkloadKind, Measurement, Outcome};
use hookbench_plan::Planned;
use hookbench_results::Run;

use crate::cmd::run::{self, Cells, Selection};

/// The kernel of `base` to compare with: the one called `name`, or the only one.
///
/// # Errors
/// When BASE has no such kernel, or has several and `name` is `None`.
pub(super) fn kernel_of(base: &Run, name: Option<&str>) -> Result<String> {
    let measured: BTreeSet<&str> =
        base.measurements.iter().map(|measurement| measurement.cell.kernel.as_str()).collect();
    let known = || measured.iter().copied().collect::<Vec<_>>().join(", ");
    match name {
        Some(name) if measured.contains(name) => Ok(name.into()),
        Some(name) => bail!("BASE has no kernel {name:?}; it has {}", known()),
        None if measured.len() == 1 => Ok(known()),
        None => bail!("BASE has several kernels; choose one with --base-kernel: {}", known()),
    }
}

/// The cells that `run` selects; without a selection, those that `base` measured on
/// `kernel`.
///
/// # Errors
/// When there is no such cell, or not exactly one kernel to test.
pub(super) fn select(run: &run::Args, base: &Run, kernel: &str) -> Result<Selection> {
    if run.plan.is_some() || !run.workload.is_empty() || !run.monitor.is_empty() {
        return Selection::from_args(run);
    }
    ensure!(run.kernel.len() == 1, "a step tests exactly one kernel: name it with --kernel");
    // Selecting any cell resolves and checks the kernel's name or path.
    let workload = vec!["null-syscall".into()];
    let mut named =
        Selection::from_args(&run::Args { workload, monitor: vec!["none".into()], ..run.clone() })?;
    let [name] = &named.cells.kernels[..] else {
        bail!("a step tests exactly one kernel, and --kernel selects several")
    };
    let in_base = base.measurements.iter().filter(|measurement| measurement.cell.kernel == kernel);
    let planned: Vec<Planned> = in_base.filter_map(|measurement| on_kernel(measurement, name)).collect();
    ensure!(!planned.is_empty(), "BASE measured no cell on {kernel}");
    for Planned { cell, .. } in &planned {
        ensure!(
            cell.monitor.custom().is_none() && CustomWorkloadKind::of(&cell.workload).is_none(),
            "the cell {cell} of BASE has a custom workload or monitor: pass --workload and --monitor again"
        );
    }
    let plan = format!("bisect-{}", base.plan);
    let Cells { kernels, loadable, .. } = named.cells;
    named.cells = Cells { plan, kernels, planned, loadable, ..Cells::default() };
    Ok(named)
}

/// The cell of `measurement`, moved to `kernel`, if it has numbers.
fn on_kernel(measurement: &Measurement, kernel: &str) -> Option<Planned> {
    let Outcome::Measured(measured) = &measurement.outcome else { return None };
    let cell = Cell { kernel: kernel.into(), ..measurement.cell.clone() };
    let info = hookbench_workloads::info(&cell.workload)?;
    Some(Planned { cell, samples: u32::try_from(measured.samples.len()).ok()?, warmup: info.warmup })
}

/// Reduces `base` to the measurements on `kernel` whose cells `planned` contains.
///
/// # Errors
/// When `base` lacks one of them.
pub(super) fn restrict(mut base: Run, kernel: &str, planned: &[Planned]) -> Result<Run> {
    let meant = |cell: &Cell| Cell { kernel: kernel.into(), ..cell.clone() };
    let wanted: BTreeSet<String> = planned.iter().map(|planned| meant(&planned.cell).to_string()).collect();
    base.measurements.retain(|measurement| wanted.contains(&measurement.cell.to_string()));
    base.environment.kernels.retain(|record| record.name == kernel);
    let measured: BTreeSet<String> =
        base.measurements.iter().map(|measurement| measurement.cell.to_string()).collect();
    let missing: Vec<&str> = wanted.difference(&measured).map(String::as_str).collect();
    if let Some(first) = missing.first() {
        bail!("BASE has no measurement of {} cells of this step, for example {first}", missing.len());
    }
    Ok(base)
}

/// Renames the kernel `from` of `run` to `to`, because only cells of the same name are
/// compared.
pub(super) fn rename_kernel(mut run: Run, from: &str, to: &str) -> Run {
    for measurement in run.measurements.iter_mut().filter(|measurement| measurement.cell.kernel == from) {
        measurement.cell.kernel = to.into();
    }
    for record in run.environment.kernels.iter_mut().filter(|record| record.name == from) {
        record.name = to.into();
    }
    run
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cmd::bisect_step::tests::run;
    use hookbench_model::Measured;

    #[test]
    fn a_base_with_several_kernels_needs_base_kernel() {
        let measured = || Outcome::Measured(Measured { samples: vec![1; 7], ..Measured::default() });
        let one = run(&[
            ("6.1/tcg/null-syscall/paced/none", measured()),
            ("6.1/tcg/null-syscall/paced/audit+idle", Outcome::Unsupported("no".into())),
        ]);
        assert_eq!(kernel_of(&one, None).unwrap(), "6.1");
        let two = run(&[
            ("6.1/tcg/null-syscall/paced/none", measured()),
            ("6.12/tcg/null-syscall/paced/none", measured()),
        ]);
        assert!(kernel_of(&two, None).unwrap_err().to_string().contains("6.1, 6.12"));
        assert_eq!(kernel_of(&two, Some("6.12")).unwrap(), "6.12");
        assert!(kernel_of(&two, Some("5.4")).is_err());
        let cells: Vec<Planned> =
            one.measurements.iter().filter_map(|measurement| on_kernel(measurement, "a/bzImage")).collect();
        assert_eq!(cells.len(), 1);
        assert_eq!((cells[0].cell.kernel.as_str(), cells[0].samples), ("a/bzImage", 7));
    }
}
