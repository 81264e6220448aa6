//! The plan that the arguments of `hookbench run` give: a named one, one in a file, or one
//! made of workloads and monitors.

use std::collections::BTreeMap;

use anyhow::{Result, anyhow, ensure};
use hookbench_model::param::{LOGIN_UID, PLACEBO};
use hookbench_plan::{Plan, Products, expect, split_lists};
use hookbench_probes::LOADER;

use super::args::Args;

/// The plan: a named one, one in a file, or one made from the command line's globs.
pub(super) fn from_args(args: &Args) -> Result<Plan> {
    let named = args.plan.as_deref().or(if args.workload.is_empty() && args.monitor.is_empty() {
        Some("quick")
    } else {
        None
    });
    let mut plan = match named {
        Some(name) => Plan::open(name)?,
        None => globs(args)?,
    };
    if let Some(refusal) = args.expect {
        let mut any = false;
        for products in &mut plan.cells {
            any |= expect(&mut products.monitors, refusal)?;
        }
        ensure!(any, "--expect needs a monitor bpf:FILE.o");
    }
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
        if !args.auid.is_empty() {
            products.params.entry(LOGIN_UID.name.into()).or_default().extend(args.auid.iter().cloned());
        }
        if args.placebo {
            products.params.insert(PLACEBO.name.into(), vec!["no".into(), "yes".into()]);
        }
        products.samples = args.samples.or(products.samples);
    }
    Ok(plan)
}

/// A plan made from the command line. A list that the command line omits means `*`.
fn globs(args: &Args) -> Result<Plan> {
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
    Ok(Plan { name: "custom".into(), cells, ..Plan::default() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cmd::run::args::tests::args;

    #[test]
    fn the_default_is_the_quick_plan() {
        assert_eq!(from_args(&args("")).unwrap(), Plan::open("quick").unwrap());
    }

    #[test]
    fn named_workloads_and_monitors_become_cells_with_their_parameters() {
        let args = args("--workload execve-* --monitor bpf-lsm+* --param env_pages=0,32 --samples 7");
        let cells = from_args(&args).unwrap().cells(&["6.1".into()]).unwrap();
        assert_eq!(cells.len(), 2 * 6);
        assert!(cells.iter().all(|planned| planned.samples == 7));
    }

    #[test]
    fn what_is_expected_is_in_the_name_of_each_object_s_cell() {
        let args_of = |monitors: &str| args(&format!("--workload null-syscall {monitors} --expect EPERM"));
        let cells =
            from_args(&args_of("--monitor bpf:x.o,bpf-lsm+count")).unwrap().cells(&["6.1".into()]).unwrap();
        let monitors: Vec<String> = cells.iter().map(|planned| planned.cell.tuned_monitor()).collect();
        assert_eq!(monitors, ["none", "bpf-lsm+count", "bpf:x.o[expect=EPERM]"]);
        let error = from_args(&args_of("--monitor bpf-lsm+count")).unwrap_err().to_string();
        assert_eq!(error, "--expect needs a monitor bpf:FILE.o");
    }

    #[test]
    fn a_login_uid_applies_to_every_cell_of_a_plan_and_of_globs() {
        for line in ["--auid 1000", "--workload null-syscall,cmd:true --monitor none --auid 1000"] {
            let cells = from_args(&args(line)).unwrap().cells(&["6.1".into()]).unwrap();
            assert!(cells.iter().all(|planned| planned.cell.params.get("auid") == Some("1000")), "{line}");
        }
        let line = "--workload syscalls:a.toml --monitor none --param auid=unset,7";
        let cells = from_args(&args(line)).unwrap().cells(&["6.1".into()]).unwrap();
        let names: Vec<String> = cells.iter().map(|planned| planned.cell.to_string()).collect();
        assert_eq!(
            names,
            ["6.1/tcg/syscalls:a.toml/paced/none", "6.1/tcg/syscalls:a.toml[auid=7]/paced/none"]
        );
    }

    #[test]
    fn each_monitor_of_a_plan_and_of_globs_gets_a_placebo() {
        for (line, cells) in [("", 12), ("--workload null-syscall --monitor bpf-lsm+count,kprobe+count", 3)] {
            let monitors = |line: &str| -> Vec<String> {
                let planned = from_args(&args(line)).unwrap().cells(&["6.1".into()]).unwrap();
                let names: std::collections::BTreeSet<String> =
                    planned.iter().map(|planned| planned.cell.tuned_monitor()).collect();
                names.into_iter().collect()
            };
            let placebos =
                |names: &[String]| names.iter().filter(|name| name.ends_with("[placebo=yes]")).count();
            let (without, with) = (monitors(line), monitors(&format!("{line} --placebo")));
            assert_eq!((without.len(), placebos(&without)), (cells, 0), "{line}");
            assert_eq!((with.len(), placebos(&with)), (2 * cells - 1, cells - 1), "{line}");
        }
    }

    #[test]
    fn the_loader_is_a_parameter_of_the_monitors_that_have_a_choice() {
        let monitors = |line: &str| -> Result<Vec<String>> {
            let args = args(&format!("--workload null-syscall {line}"));
            let cells = from_args(&args)?.cells(&["6.1".into()])?;
            Ok(cells.iter().map(|planned| planned.cell.tuned_monitor()).collect())
        };
        let both = ["none", "fentry+count", "fentry+count[loader=aya]", "audit+auditd"];
        for line in ["--loader libbpf,aya", "--param loader=libbpf,aya"] {
            let mut found = monitors(&format!("--monitor fentry+count,audit+auditd {line}")).unwrap();
            found.sort_by_key(|name| both.iter().position(|known| known == name));
            assert_eq!(found, both, "{line}");
        }
        assert_eq!(monitors("--monitor fentry+count --loader aya").unwrap()[1..], both[2..3]);
        let error = monitors("--monitor fentry+count --loader bcc").unwrap_err().to_string();
        assert!(error.contains("libbpf|aya"), "{error}");
    }
}
