//! `--cell`: one cell by its name, as reports show it, without a baseline. If the cell
//! has a custom monitor or workload, `--monitor` or `--workload` says where it is.

use std::path::Path;

use anyhow::{Result, bail, ensure};
use hookbench_model::{Cell, CustomWorkloadKind, Target};
use hookbench_vm::pair;
use hookbench_workloads::custom::ask;

use super::args::Args;
use super::selection::{Asked, known, owns};
use crate::custom::monitor::{Owns, With};
use crate::custom::workload::Works;
use hookbench_plan::custom_name::{parse, split};
use hookbench_plan::plan::{Plan, Products};

/// Resolves the cell called `name`.
pub(super) fn one(name: &str, args: &Args) -> Result<Asked> {
    let cell: Cell = name.parse()?;
    let is_built = pair::find(&cell.kernel).is_some();
    if !Path::new(&cell.kernel).is_file() && !is_built && !known()?.contains(&cell.kernel) {
        bail!("no kernel {:?}: there is no such file; known kernels: {}", cell.kernel, known()?.join(", "));
    }
    alike(&cell, name, args)
}

/// Resolves `cell`. If it does not exist, the error lists similar cells.
pub(super) fn alike(cell: &Cell, name: &str, args: &Args) -> Result<Asked> {
    let own = cell.monitor.custom().is_some();
    let products = Products {
        workloads: vec![cell.workload.clone()],
        monitors: vec![if own { cell.tuned_monitor() } else { cell.monitor.to_string() }],
        schedules: vec![cell.schedule],
        profiles: vec![cell.boot.profile],
        cpus: vec![cell.boot.cpus],
        memory: vec![cell.boot.memory_mib],
        params: cell
            .params
            .iter()
            .chain(cell.tuning.iter().filter(|_| !own))
            .map(|(name, value)| (name.into(), vec![value.into()]))
            .collect(),
        samples: args.samples,
    };
    if cell.target == Target::Host && CustomWorkloadKind::of(&cell.workload).is_some() {
        bail!(
            "{} is a workload you supplied; it only runs inside guests, so use --target tcg",
            cell.workload
        );
    }
    let works = own_workload(cell, args)?;
    let owns = one_s_own(cell, args, &works)?;
    let plan = Plan {
        name: "cell".into(),
        about: String::new(),
        kernels: Vec::new(),
        ready: None,
        bring: vec![],
        expect_exit: None,
        cells: vec![products],
    };
    let mut planned = plan.cells(std::slice::from_ref(&cell.kernel))?;
    planned.retain(|planned| planned.cell.monitor == cell.monitor);
    planned.iter_mut().for_each(|planned| planned.cell.target = cell.target);
    match planned.iter().find(|planned| planned.cell == *cell) {
        Some(found) => {
            let (kernels, planned) = (vec![cell.kernel.clone()], vec![found.clone()]);
            Ok(Asked { plan: plan.name, kernels, planned, shard: None, owns, works, loadable: None })
        }
        None => {
            let names: Vec<String> = planned.iter().map(|planned| planned.cell.to_string()).collect();
            bail!("no cell {name:?}; similar cells: {}", names.join(", "))
        }
    }
}

/// Reads the cell's custom monitor, which `--monitor` gives.
fn one_s_own(cell: &Cell, args: &Args, works: &Works) -> Result<Owns> {
    let given = split(&args.monitor);
    for text in &given {
        ensure!(
            parse(text)?.is_some_and(|(name, _)| name == cell.monitor),
            "the cell {cell} has the monitor {}, not {text:?}",
            cell.monitor
        );
    }
    let owns = owns(&given, With { ready: args.ready.clone(), bring: args.bring.clone() }, works)?;
    if cell.monitor.custom().is_some() && given.is_empty() {
        bail!(
            "{} is a custom monitor; pass its location, for example --monitor bpf:PATH/NAME.o",
            cell.monitor
        );
    }
    Ok(owns)
}

/// Reads the cell's custom workload, which `--workload` gives.
fn own_workload(cell: &Cell, args: &Args) -> Result<Works> {
    let given = split(&args.workload);
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
    Works::read(&given, &args.bring, args.expect_exit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cmd::run::args::tests::args;
    use hookbench_plan::plan::{Plan, Planned};

    fn cell(name: &str) -> Result<Asked> {
        one(name, &args("--samples 7"))
    }

    #[test]
    fn a_cell_is_found_by_the_name_that_reports_show() {
        for planned in Plan::open("quick").unwrap().cells(&["6.1".into()]).unwrap() {
            let asked = cell(&planned.cell.to_string()).unwrap();
            assert_eq!(asked.planned, [Planned { samples: 7, ..planned }]);
        }
        assert_eq!(cell("audit-pair-n/tcg/null-syscall/paced/none").unwrap().kernels, ["audit-pair-n"]);
        assert_eq!(cell("Cargo.toml/tcg/null-syscall/paced/none").unwrap().kernels, ["Cargo.toml"]);
    }

    #[test]
    fn an_unknown_cell_is_refused_with_a_list_of_similar_ones() {
        for (name, known) in [
            ("6.1", "6.1/tcg/mprotect-storm[to=r]"),
            ("4.4/tcg/null-syscall/paced/none", "6.1, 6.12"),
            ("6.*/tcg/null-syscall/paced/none", "6.1, 6.12"),
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
