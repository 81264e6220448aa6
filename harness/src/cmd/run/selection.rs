//! Turns the command line into cells: those of a plan, or those that globs select.
//! `named.rs` handles `--cell`, a single cell by name.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::Path;

use anyhow::{Result, anyhow, bail, ensure};
use hookbench_model::{Cell, CustomWorkloadKind, Target};
use hookbench_probes::LOADER;
use hookbench_results::Shard;
use hookbench_vm::loadable::Loadable;
use hookbench_vm::{kernels, pair};

use super::args::Args;
use super::one_cell::{alike, one};
use crate::custom::monitor::{Owns, With};
use crate::custom::workload::Works;
use hookbench_plan::select;
use hookbench_plan::split_lists;
use hookbench_plan::{Plan, Planned, Products};

/// The cells of a run, and what they need.
pub(in crate::cmd) struct Asked {
    /// The plan's name.
    pub(in crate::cmd) plan: String,
    /// The kernels, by name or path.
    pub(in crate::cmd) kernels: Vec<String>,
    /// The cells, in canonical order.
    pub(in crate::cmd) planned: Vec<Planned>,
    /// The part that this process measures; `None` for all of it.
    pub(in crate::cmd) shard: Option<Shard>,
    /// The custom monitors.
    pub(in crate::cmd) owns: Owns,
    /// The custom workloads.
    pub(in crate::cmd) works: Works,
    /// The modules and configuration in the `--modules` folder.
    pub(in crate::cmd) loadable: Option<Loadable>,
}

impl Asked {
    /// The cells that this process measures.
    pub(in crate::cmd) fn here(&self) -> &[Planned] {
        match self.shard {
            Some(shard) => &self.planned[shard.range(self.planned.len())],
            None => &self.planned,
        }
    }

    /// The kernels that this process boots.
    pub(in crate::cmd) fn kernels_here(&self) -> Vec<String> {
        let own: HashSet<&str> = self.here().iter().map(|planned| planned.cell.kernel.as_str()).collect();
        self.kernels.iter().filter(|kernel| own.contains(kernel.as_str())).cloned().collect()
    }

    /// The kernels with at least one cell whose monitor is a kernel module.
    pub(in crate::cmd) fn with_modules(&self) -> BTreeSet<&str> {
        let loads = |monitor| {
            hookbench_probes::find(monitor).is_some_and(|monitor| monitor.sink.requires.module.is_some())
        };
        let cells = self.planned.iter().map(|planned| &planned.cell);
        cells.filter(|cell| loads(&cell.monitor)).map(|cell| cell.kernel.as_str()).collect()
    }
}

/// Resolves `args` to cells.
///
/// # Errors
/// When `args` name something that does not exist; the error lists what does.
pub(in crate::cmd) fn asked(args: &Args) -> Result<Asked> {
    if let Some(name) = &args.cell {
        return one(name, args);
    }
    let plan = plan(args)?;
    let kernels = kernels(if args.kernel.is_empty() { &plan.kernels } else { &args.kernel })?;
    let planned = plan.cells(&kernels)?;
    let with = With {
        ready: args.ready.clone().or_else(|| plan.ready.clone()),
        bring: [plan.bring.as_slice(), &args.bring].concat(),
    };
    let works = plan.cells.iter().flat_map(|products| &products.workloads);
    let works = Works::read(works, &with.bring, args.expect_exit.or(plan.expect_exit))?;
    let owns = owns(plan.cells.iter().flat_map(|products| &products.monitors), with, &works)?;
    let loadable = loadable(args, &kernels)?;
    let asked = Asked { plan: plan.name, kernels, planned, shard: args.shard, owns, works, loadable };
    if asked.here().is_empty() {
        let (cells, shard) = (asked.planned.len(), asked.shard.map_or_else(String::new, |s| s.to_string()));
        bail!("shard {shard} is empty because the plan has only {cells} cells; use fewer shards");
    }
    Ok(asked)
}

/// Resolves `args` to cells on this machine, whose kernel is `release`.
///
/// # Errors
/// Those of [`asked`].
pub(in crate::cmd) fn on_host(args: &Args, release: &str) -> Result<Asked> {
    let kernels = vec![release.to_string()];
    if let Some(name) = &args.cell {
        let cell: Cell = name.parse()?;
        if cell.kernel != release {
            bail!("the cell {name:?} names another kernel; this machine runs {release}");
        }
        ours(std::slice::from_ref(&cell))?;
        return alike(&cell, name, args);
    }
    let plan = plan(args)?;
    let mut planned = plan.cells(&kernels)?;
    planned.iter_mut().for_each(|planned| planned.cell.target = Target::Host);
    ours(planned.iter().map(|planned| &planned.cell))?;
    let (owns, works) = (Owns::default(), Works::default());
    Ok(Asked { plan: plan.name, kernels, planned, shard: None, owns, works, loadable: None })
}

/// Refuses cells with a custom monitor or workload.
fn ours<'c>(cells: impl IntoIterator<Item = &'c Cell>) -> Result<()> {
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

/// Opens the `--modules` folder, which needs exactly one kernel, given by its path.
fn loadable(args: &Args, kernels: &[String]) -> Result<Option<Loadable>> {
    let Some(folder) = &args.modules else { return Ok(None) };
    let own = matches!(kernels, [kernel] if Path::new(kernel).is_file());
    ensure!(own, "--modules needs exactly one --kernel, given by its path");
    Loadable::open(folder, &args.load).map(Some)
}

/// Reads custom monitors. Unless one of them is a command, the `--bring` payload belongs
/// to the workloads.
pub(in crate::cmd) fn owns<'a>(
    texts: impl IntoIterator<Item = &'a String>,
    with: With,
    works: &Works,
) -> Result<Owns> {
    let texts: Vec<&String> = texts.into_iter().collect();
    let commands = texts.iter().any(|text| text.starts_with("cmd:"));
    let bring = if commands || !works.have_commands() { with.bring } else { Vec::new() };
    Owns::read(texts, &With { bring, ..with })
}

/// The plan: a named one, one in a file, or one made from the command line's globs.
pub(in crate::cmd) fn plan(args: &Args) -> Result<Plan> {
    let named = args.plan.as_deref().or(if args.workload.is_empty() && args.monitor.is_empty() {
        Some("quick")
    } else {
        None
    });
    let mut plan = match named {
        Some(name) => Plan::open(name)?,
        None => custom(args)?,
    };
    for products in &mut plan.cells {
        if !args.schedule.is_empty() {
            products.schedules.clone_from(&args.schedule);
        }
        if !args.profile.is_empty() {
            products.profiles.clone_from(&args.profile);
        }
        if !args.cpus.is_empty() {
            products.cpus.clone_from(&args.cpus);
        }
        if !args.memory.is_empty() {
            products.memory.clone_from(&args.memory);
        }
        products.samples = args.samples.or(products.samples);
    }
    Ok(plan)
}

/// A plan made from the command line. A list that the command line omits means `*`.
fn custom(args: &Args) -> Result<Plan> {
    let all = |names: &[String]| if names.is_empty() { vec!["*".to_string()] } else { names.to_vec() };
    let mut params: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for text in &args.param {
        let (name, values) =
            text.split_once('=').ok_or_else(|| anyhow!("expected NAME=VALUE, got {text:?}"))?;
        params.entry(name.into()).or_default().extend(values.split(',').map(String::from));
    }
    if !args.loader.is_empty() {
        params.entry(LOADER.into()).or_default().extend(args.loader.iter().cloned());
    }
    let cells = vec![Products {
        workloads: all(&split_lists(&args.workload)),
        monitors: all(&split_lists(&args.monitor)),
        params,
        ..Products::default()
    }];
    Ok(Plan {
        name: "custom".into(),
        about: String::new(),
        kernels: Vec::new(),
        ready: None,
        bring: vec![],
        expect_exit: None,
        cells,
    })
}

/// The names of all kernels in the kernel table.
pub(in crate::cmd) fn known() -> Result<Vec<String>> {
    Ok(kernels::rows()?.iter().map(|row| row.name.clone()).collect())
}

/// The kernels to run on: those of `--kernel`, or the default one.
fn kernels(asked: &[String]) -> Result<Vec<String>> {
    if asked.is_empty() {
        return Ok(vec![kernels::default()?.name.clone()]);
    }
    let known = known()?;
    let mut chosen = Vec::new();
    for name in asked {
        let path = Path::new(name);
        if path.is_file() {
            chosen.push(name.clone());
        } else if name.contains('/') {
            bail!("no kernel {name:?}: there is no such file; known kernels: {}", known.join(", "));
        } else {
            let pattern = if name == "all" { "*" } else { name };
            // A glob must not select kernels that exist only after `hookbench kernel build`.
            let built = || pair::HALVES.map(|half| half.name.to_string()).to_vec();
            let among = if name.starts_with(pair::NAME) { &built() } else { &known };
            chosen.extend(select("kernel", &[pattern.to_string()], among)?);
        }
    }
    let mut seen = HashSet::new();
    chosen.retain(|name| seen.insert(name.clone()));
    Ok(chosen)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cmd::run::args::tests::args;

    fn kernels_of(line: &str) -> Result<Vec<String>> {
        asked(&args(line)).map(|asked| asked.kernels)
    }

    #[test]
    fn the_default_is_the_quick_plan_on_the_default_kernel() {
        assert_eq!(plan(&args("")).unwrap(), Plan::open("quick").unwrap());
        assert_eq!(kernels_of("").unwrap(), ["6.1"]);
    }

    #[test]
    fn kernels_are_selected_by_name_glob_and_path() {
        assert_eq!(kernels_of("--kernel 6.12,6.1,6.12").unwrap(), ["6.12", "6.1"]);
        assert_eq!(kernels_of("--kernel 6.1?").unwrap(), ["6.12", "6.16", "6.17", "6.18", "6.19"]);
        assert_eq!(kernels_of("--kernel Cargo.toml").unwrap(), ["Cargo.toml"]);
        assert_eq!(kernels_of("--kernel audit-pair-*").unwrap(), ["audit-pair-n", "audit-pair-y"]);
        assert_eq!(kernels_of("--kernel audit-pair-y,6.1").unwrap(), ["audit-pair-y", "6.1"]);
        let wrong = kernels_of("--kernel audit-pair-m").unwrap_err().to_string();
        assert!(wrong.contains("audit-pair-n, audit-pair-y"), "{wrong}");
        for wrong in ["--kernel 4.4", "--kernel ./nowhere"] {
            assert!(kernels_of(wrong).unwrap_err().to_string().contains("6.1, 6.12"), "{wrong}");
        }
    }

    #[test]
    fn all_selects_every_known_kernel_on_the_command_line_and_in_a_plan() {
        let rows = known().unwrap();
        assert_eq!(kernels_of("--kernel all").unwrap(), rows);
        assert_eq!(kernels_of("--kernel 6.1,all").unwrap().len(), rows.len());
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("plan.toml");
        let text =
            "name = \"p\"\nkernels = [\"all\"]\n[[cells]]\nworkloads = [\"null-syscall\"]\nmonitors = []\n";
        std::fs::write(&file, text).unwrap();
        assert_eq!(kernels_of(&format!("--plan {}", file.display())).unwrap(), rows);
    }

    #[test]
    fn only_kernels_whose_cells_load_modules_need_them() {
        let of = |line: &str| asked(&args(line)).unwrap().with_modules().len();
        assert_eq!(of("--kernel 6.1,6.12 --monitor livepatch+*"), 2);
        assert_eq!(of("--kernel 6.1,6.12 --monitor bpf-lsm+*"), 0);
    }

    #[test]
    fn named_workloads_and_monitors_become_cells_with_their_parameters() {
        let args = args("--workload execve-* --monitor bpf-lsm+* --param env_pages=0,32 --samples 7");
        let cells = plan(&args).unwrap().cells(&["6.1".into()]).unwrap();
        assert_eq!(cells.len(), 2 * 6);
        assert!(cells.iter().all(|planned| planned.samples == 7));
    }

    #[test]
    fn the_loader_is_a_parameter_of_the_monitors_that_have_a_choice() {
        let monitors = |line: &str| -> Result<Vec<String>> {
            let args = args(&format!("--workload null-syscall {line}"));
            let cells = plan(&args)?.cells(&["6.1".into()])?;
            Ok(cells.iter().map(|planned| planned.cell.tuned_monitor()).collect())
        };
        let both = ["none", "fentry+count", "fentry+count[loader=aya]", "audit+auditd"];
        for line in ["--loader libbpf,aya", "--param loader=libbpf,aya"] {
            let mut asked = monitors(&format!("--monitor fentry+count,audit+auditd {line}")).unwrap();
            asked.sort_by_key(|name| both.iter().position(|known| known == name));
            assert_eq!(asked, both, "{line}");
        }
        assert_eq!(monitors("--monitor fentry+count --loader aya").unwrap()[1..], both[2..3]);
        let error = monitors("--monitor fentry+count --loader bcc").unwrap_err().to_string();
        assert!(error.contains("libbpf|aya"), "{error}");
    }
}
