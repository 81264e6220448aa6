//! `--cell`: one cell by its name, as reports show it, without a baseline. If the cell
//! has a custom monitor or workload, `--monitor` or `--workload` says where it is.

use std::path::Path;

use anyhow::{Result, bail, ensure};
use hookbench_model::{Cell, CustomWorkloadKind};
use hookbench_plan::{Plan, Planned, Products, custom_monitor_name, split_lists};
use hookbench_vm::pair;
use hookbench_workloads::custom::ask;

use super::args::Args;
use super::capabilities;
use super::cells::{Cells, open_loadable, read_monitors};
use super::kernels::known_kernels;
use crate::custom::monitor::{CommandOptions, CustomMonitors};
use crate::custom::workload::CustomWorkloads;

/// The name of a plan of one cell.
const PLAN: &str = "cell";

/// Resolves the cell called `name`, in a guest.
///
/// # Errors
/// When there is no such kernel or cell; the error lists the kernels, or similar cells.
pub(super) fn in_guests(name: &str, args: &Args) -> Result<Cells> {
    let cell: Cell = name.parse()?;
    let is_built = pair::find(&cell.kernel).is_some();
    if !Path::new(&cell.kernel).is_file() && !is_built && !known_kernels()?.contains(&cell.kernel) {
        bail!(
            "no kernel {:?}: there is no such file; known kernels: {}",
            cell.kernel,
            known_kernels()?.join(", ")
        );
    }
    let cells = find(&cell, name, args)?;
    let loadable = open_loadable(args, &cells.kernels)?;
    Ok(Cells { loadable, ..cells })
}

/// Resolves the cell called `name` on this machine, whose kernel is `release`.
///
/// # Errors
/// When the cell names another kernel, has a custom monitor or workload, or does not
/// exist.
pub(super) fn on_host(name: &str, args: &Args, release: &str) -> Result<Cells> {
    let cell: Cell = name.parse()?;
    if cell.kernel != release {
        bail!("the cell {name:?} names another kernel; this machine runs {release}");
    }
    capabilities::refuse_custom([&cell])?;
    find(&cell, name, args)
}

/// Finds `cell` in a plan that contains it. If it does not exist, the error lists similar
/// cells.
fn find(cell: &Cell, name: &str, args: &Args) -> Result<Cells> {
    let workloads = read_workload(cell, args)?;
    let monitors = read_monitor(cell, args, &workloads)?;
    let planned = like(cell, args)?;
    match planned.iter().find(|planned| planned.cell == *cell) {
        Some(found) => {
            let (plan, kernels, planned) = (PLAN.into(), vec![cell.kernel.clone()], vec![found.clone()]);
            Ok(Cells { plan, kernels, planned, monitors, workloads, loadable: None })
        }
        None => {
            let names: Vec<String> = planned.iter().map(|planned| planned.cell.to_string()).collect();
            bail!("no cell {name:?}; similar cells: {}", names.join(", "))
        }
    }
}

/// The full name of the cell that `name` means if it leaves out parameters: they have their default values.
/// `name` itself if there is no such cell, or several.
///
/// # Errors
/// When the workload, the monitor or a parameter does not exist; the error lists what does.
pub(in crate::cmd) fn complete_name(name: &str, args: &Args) -> Result<String> {
    let cell: Cell = name.parse()?;
    let planned = like(&cell, args)?;
    let has_all = |planned: &&Planned| {
        let params = &planned.cell.params;
        cell.params.iter().all(|(name, value)| params.get(name) == Some(value))
            && planned.cell.tuning == cell.tuning
    };
    let mut fitting = planned.iter().filter(has_all);
    match (fitting.next(), fitting.next()) {
        (Some(one), None) => Ok(one.cell.to_string()),
        _ => Ok(name.into()),
    }
}

/// The cells of a plan with the workload, the monitor and the parameters of `cell`.
fn like(cell: &Cell, args: &Args) -> Result<Vec<Planned>> {
    let plan = Plan { name: PLAN.into(), cells: vec![products(cell, args.samples)], ..Plan::default() };
    let mut planned = plan.cells(std::slice::from_ref(&cell.kernel))?;
    planned.retain(|planned| planned.cell.monitor == cell.monitor);
    planned.iter_mut().for_each(|planned| planned.cell.target = cell.target);
    Ok(planned)
}

/// The lists of a plan that contains `cell`.
fn products(cell: &Cell, samples: Option<u32>) -> Products {
    let custom = cell.monitor.custom().is_some();
    let tuning = cell.tuning.iter().filter(|_| !custom);
    Products {
        workloads: vec![cell.workload.clone()],
        monitors: vec![if custom { cell.tuned_monitor() } else { cell.monitor.to_string() }],
        schedules: vec![cell.schedule],
        profiles: vec![cell.boot.profile],
        cpus: vec![cell.boot.cpus],
        memory: vec![cell.boot.memory_mib],
        params: cell
            .params
            .iter()
            .chain(tuning)
            .map(|(name, value)| (name.into(), vec![value.into()]))
            .collect(),
        samples,
        ..Products::default()
    }
}

/// Reads the cell's custom monitor, which `--monitor` gives.
fn read_monitor(cell: &Cell, args: &Args, workloads: &CustomWorkloads) -> Result<CustomMonitors> {
    let given = split_lists(&args.monitor);
    for text in &given {
        ensure!(
            custom_monitor_name(text)?.is_some_and(|(name, _)| name == cell.monitor),
            "the cell {cell} has the monitor {}, not {text:?}",
            cell.monitor
        );
    }
    let options = CommandOptions { ready: args.ready.clone(), bring: args.bring.clone() };
    let monitors = read_monitors(&given, options, workloads)?;
    if cell.monitor.custom().is_some() && given.is_empty() {
        bail!(
            "{} is a custom monitor; pass its location, for example --monitor bpf:PATH/NAME.o",
            cell.monitor
        );
    }
    Ok(monitors)
}

/// Reads the cell's custom workload, which `--workload` gives.
fn read_workload(cell: &Cell, args: &Args) -> Result<CustomWorkloads> {
    let given = split_lists(&args.workload);
    for text in &given {
        ensure!(
            ask::name(text)?.as_ref() == Some(&cell.workload),
            "the cell {cell} has the workload {}, not {text:?}",
            cell.workload
        );
    }
    if CustomWorkloadKind::of(&cell.workload).is_some() && given.is_empty() {
        bail!(
            "{} is a custom workload; pass its definition, for example --workload 'cmd:./my-test --once'",
            cell.workload
        );
    }
    CustomWorkloads::read(&given, &args.bring, args.expect_exit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cmd::run::args::tests::args;

    fn cell(name: &str) -> Result<Cells> {
        in_guests(name, &args("--samples 7"))
    }

    #[test]
    fn a_cell_is_found_by_the_name_that_reports_show() {
        for planned in Plan::open("quick").unwrap().cells(&["6.1".into()]).unwrap() {
            let cells = cell(&planned.cell.to_string()).unwrap();
            assert_eq!(cells.planned, [Planned { samples: 7, ..planned }]);
        }
        let name = "6.1/tcg/null-syscall[auid=1000]/paced/none";
        assert_eq!(cell(name).unwrap().planned[0].cell.to_string(), name);
        assert_eq!(cell("audit-pair-n/tcg/null-syscall/paced/none").unwrap().kernels, ["audit-pair-n"]);
        assert_eq!(cell("Cargo.toml/tcg/null-syscall/paced/none").unwrap().kernels, ["Cargo.toml"]);
    }

    #[test]
    fn a_cell_on_a_kernel_of_the_user_has_the_modules_folder() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("kernel")).unwrap();
        let args = args(&format!("--modules {}", folder.path().display()));
        let cells = in_guests("Cargo.toml/tcg/null-syscall/paced/none", &args).unwrap();
        assert!(cells.loadable.is_some());
        let error = in_guests("6.1/tcg/null-syscall/paced/none", &args).err().unwrap().to_string();
        assert!(error.contains("given by its path"), "{error}");
    }

    #[test]
    fn an_unknown_cell_is_refused_with_a_list_of_similar_ones() {
        for (name, known) in [
            ("6.1", "6.1/tcg/mprotect-storm[to=r]"),
            ("4.4/tcg/null-syscall/paced/none", "6.1-generic, 6.12"),
            ("6.*/tcg/null-syscall/paced/none", "6.1-generic, 6.12"),
            ("6.1/kvm/mprotect-storm/paced/none", "6.1/kvm/mprotect-storm[to=rw]/paced/none"),
            ("6.1/tcg/quake/paced/none", "null-syscall"),
            ("6.1/tcg/null-syscall/paced/bpf-lsm+telepathy", "bpf-lsm+ringbuf"),
            ("6.1/tcg/mprotect-storm/paced/none", "mprotect-storm[to=rw]/paced/none"),
            ("6.1/tcg/mprotect-storm[to=x]/paced/none", "r|rw"),
            ("6.1/tcg/null-syscall[to=r]/paced/none", "6.1/tcg/null-syscall/paced/none"),
        ] {
            let error = cell(name).err().unwrap().to_string();
            assert!(error.contains(known), "{error}");
        }
    }
}
