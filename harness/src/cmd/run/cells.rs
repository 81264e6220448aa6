//! The cells that the arguments of `hookbench run` select, and what their guests need.
//! `one_cell.rs` resolves a single cell by its name.

use std::path::Path;

use anyhow::{Result, ensure};
use hookbench_plan::Planned;
use hookbench_vm::loadable::Loadable;

use super::args::Args;
use super::kernels::select_kernels;
use super::{capabilities, plan};
use crate::cmd::say::aside;
use crate::custom::monitor::{CommandOptions, CustomMonitors};
use crate::custom::workload::CustomWorkloads;

/// The cells of a plan, and what they need.
#[derive(Default)]
pub(in crate::cmd) struct Cells {
    /// The plan's name.
    pub(in crate::cmd) plan: String,
    /// The kernels, by name or path.
    pub(in crate::cmd) kernels: Vec<String>,
    /// The cells, in canonical order.
    pub(in crate::cmd) planned: Vec<Planned>,
    /// The custom monitors.
    pub(in crate::cmd) monitors: CustomMonitors,
    /// The custom workloads.
    pub(in crate::cmd) workloads: CustomWorkloads,
    /// The modules and configuration in the `--modules` folder.
    pub(in crate::cmd) loadable: Option<Loadable>,
}

impl Cells {
    /// The cells of the plan that `args` give, in guests.
    ///
    /// # Errors
    /// When `args` name something that does not exist; the error lists what does.
    pub(super) fn in_guests(args: &Args) -> Result<Cells> {
        let plan = plan::from_args(args)?;
        let kernels = select_kernels(if args.kernel.is_empty() { &plan.kernels } else { &args.kernel })?;
        let planned = plan.cells(&kernels)?;
        ensure!(!planned.is_empty(), "the plan {} has no cells", plan.name);
        let options = CommandOptions {
            ready: args.ready.clone().or_else(|| plan.ready.clone()),
            bring: [plan.bring.as_slice(), &args.bring].concat(),
        };
        let workloads = plan.cells.iter().flat_map(|products| &products.workloads);
        let workloads =
            CustomWorkloads::read(workloads, &options.bring, args.expect_exit.or(plan.expect_exit))?;
        let monitors = plan.cells.iter().flat_map(|products| &products.monitors);
        let monitors = read_monitors(monitors, options, &workloads)?;
        let loadable = open_loadable(args, &kernels)?;
        Ok(Cells { plan: plan.name, kernels, planned, monitors, workloads, loadable })
    }

    /// The cells of the plan that `args` give, on this machine, whose kernel is `release`.
    ///
    /// # Errors
    /// Those of [`Cells::in_guests`], and when a monitor or workload is custom.
    pub(super) fn on_host(args: &Args, release: &str) -> Result<Cells> {
        let plan = plan::from_args(args)?;
        let kernels = vec![release.to_string()];
        let planned = plan.cells(&kernels)?;
        capabilities::refuse_custom(planned.iter().map(|planned| &planned.cell))?;
        Ok(Cells { plan: plan.name, kernels, planned, ..Cells::default() })
    }
}

/// Opens the `--modules` folder, which needs exactly one kernel, given by its path.
///
/// # Errors
/// When the kernels are others, or the folder lacks a module.
pub(super) fn open_loadable(args: &Args, kernels: &[String]) -> Result<Option<Loadable>> {
    let Some(folder) = &args.modules else { return Ok(None) };
    let is_path = matches!(kernels, [kernel] if Path::new(kernel).is_file());
    ensure!(is_path, "--modules needs exactly one kernel, given by its path");
    Loadable::open(folder, &args.load).map(Some)
}

/// Reads custom monitors. Unless one of them is a command, the `--bring` payload belongs
/// to the workloads.
///
/// # Errors
/// When a custom monitor is not what its prefix says.
pub(super) fn read_monitors<'a>(
    texts: impl IntoIterator<Item = &'a String>,
    options: CommandOptions,
    workloads: &CustomWorkloads,
) -> Result<CustomMonitors> {
    let texts: Vec<&String> = texts.into_iter().collect();
    let commands = texts.iter().any(|text| text.starts_with("cmd:"));
    let bring = if commands || !workloads.have_commands() { options.bring } else { Vec::new() };
    let monitors = CustomMonitors::read(texts, &CommandOptions { bring, ..options })?;
    monitors.warnings().iter().for_each(|warning| aside(&format!("warning: {warning}")));
    Ok(monitors)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cmd::run::args::tests::args;
    use crate::cmd::run::kernels::planned_kernels;

    #[test]
    fn the_kernels_of_a_plan_are_those_that_it_names() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("plan.toml");
        let text =
            "name = \"p\"\nkernels = [\"all\"]\n[[cells]]\nworkloads = [\"null-syscall\"]\nmonitors = []\n";
        std::fs::write(&file, text).unwrap();
        let kernels = |line: &str| Cells::in_guests(&args(line)).unwrap().kernels;
        let plan = format!("--plan {}", file.display());
        assert_eq!(kernels(&plan), planned_kernels().unwrap());
        assert_eq!(kernels(&format!("{plan} --kernel 6.12")), ["6.12"]);
        assert_eq!(kernels(""), ["6.1"]);
    }

    #[test]
    fn a_plan_without_cells_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("plan.toml");
        std::fs::write(&file, "name = \"p\"\ncells = []\n").unwrap();
        let error = Cells::in_guests(&args(&format!("--plan {}", file.display()))).err().unwrap();
        assert_eq!(error.to_string(), "the plan p has no cells");
    }
}
