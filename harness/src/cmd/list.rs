//! `hookbench list`: lists kernels, workloads, monitors, behaviours or plans, one per
//! line, the name first.

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::ValueEnum;
use hookbench_model::behaviour::Syscall;
use hookbench_model::{BEHAVIOURS, CustomMonitorKind, CustomWorkloadKind};
use hookbench_probes::{Monitor, custom};
use hookbench_vm::{kernels, pair};
use hookbench_workloads::WORKLOADS;

use hookbench_plan::{NAMED, Plan};

/// Arguments of `hookbench list`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What to list
    what: What,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum What {
    Kernels,
    Workloads,
    Monitors,
    Behaviours,
    Plans,
}

/// Prints the list.
///
/// # Errors
/// When the write to standard output fails.
pub fn list(args: &Args) -> Result<ExitCode> {
    let rows = match args.what {
        What::Kernels => kernel_rows()?,
        What::Workloads => workload_rows(),
        What::Monitors => monitor_rows(),
        What::Behaviours => behaviour_rows(),
        What::Plans => plan_rows()?,
    };
    match io::stdout().write_all(table(&rows).as_bytes()) {
        // The reader has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(ExitCode::SUCCESS),
        result => result.map(|()| ExitCode::SUCCESS).context("failed to print the list"),
    }
}

/// Name, requirements, description.
type Row = [String; 3];

fn table(rows: &[Row]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or(0);
    let (first, second) = (width(0), width(1));
    rows.iter().map(|[name, needs, about]| format!("{name:first$}  {needs:second$}  {about}\n")).collect()
}

fn kernel_rows() -> Result<Vec<Row>> {
    let row = |row: &kernels::KernelRow| {
        let default = match (row.default, row.only_named) {
            (true, _) => "the default; ",
            (_, true) => "not in plans; ",
            _ => "",
        };
        [row.name.clone(), row.package.clone(), format!("{default}in {}", row.suites.join(", "))]
    };
    let built = pair::HALVES.iter().map(|half| {
        [half.name.into(), "linux-source-6.1".into(), format!("{}; built by: {}", half.about, pair::COMMAND)]
    });
    Ok(kernels::rows()?.iter().map(row).chain(built).collect())
}

/// The built-in ones, then the forms of custom ones.
fn workload_rows() -> Vec<Row> {
    let built_in = WORKLOADS.iter().map(|workload| workload.info());
    let built_in =
        built_in.map(|info| [info.name.into(), format!("parameters: {}", info.known()), info.about.into()]);
    let custom = CustomWorkloadKind::ALL.into_iter().map(|kind| {
        let (name, about) = match kind {
            CustomWorkloadKind::Command => {
                ("cmd:COMMAND", "a command that you supply, timed from its fork to its end")
            }
            CustomWorkloadKind::Calls => {
                ("syscalls:FILE.toml", "system calls that a file you supply describes")
            }
        };
        [name.into(), "custom".into(), about.into()]
    });
    built_in.chain(custom).collect()
}

/// The built-in ones, then the forms of custom ones.
fn monitor_rows() -> Vec<Row> {
    let custom = CustomMonitorKind::ALL.into_iter().map(|kind| {
        let name = match kind {
            CustomMonitorKind::Bpf => "bpf:FILE.o",
            CustomMonitorKind::Audit => "audit:FILE.rules",
            CustomMonitorKind::Command => "cmd:COMMAND",
        };
        let [_, needs, _] = monitor_row(custom::monitor(kind));
        [name.into(), needs, format!("custom: {}", custom::monitor(kind).sink.about)]
    });
    hookbench_probes::monitors().map(monitor_row).chain(custom).collect()
}

fn monitor_row(monitor: Monitor) -> Row {
    let requires = monitor.sink.requires;
    let mut needs: Vec<String> = vec![format!("≥ {}", requires.since)];
    needs.extend(requires.config.iter().map(|option| option.trim_start_matches("CONFIG_").to_string()));
    needs.extend(requires.lsm.iter().map(|module| format!("lsm={module}")));
    needs.extend(requires.boot.iter().map(|word| word.to_string()));
    let sink = monitor.sink;
    let can = [sink.enforcement.about(), sink.scope.about(), sink.watches.about()].join(", ");
    [monitor.name().to_string(), needs.join(" "), format!("{} ({can})", sink.about)]
}

fn behaviour_rows() -> Vec<Row> {
    let names = |syscalls: &[Syscall]| syscalls.iter().map(|s| s.name).collect::<Vec<_>>().join(", ");
    let rows = BEHAVIOURS.iter().map(|row| {
        let bypasses = match row.bypasses {
            [] => String::new(),
            some => format!(", but not in the system call if made by {}", names(some)),
        };
        let hook = row.lsm_hook.map_or("no LSM hook".into(), |hook| format!("LSM hook {hook}"));
        let needs = format!("≥ {} {} {hook}", row.since, names(row.syscalls));
        [row.name.into(), needs, format!("{}{bypasses}; refused: {}", row.about, row.policy)]
    });
    rows.collect()
}

fn plan_rows() -> Result<Vec<Row>> {
    let row = |(name, _): &(&str, &str)| {
        let plan = Plan::open(name)?;
        let kernels =
            if plan.kernels.is_empty() { "the default kernel".into() } else { plan.kernels.join(", ") };
        Ok([name.to_string(), kernels, plan.about])
    };
    NAMED.iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_is_first_on_each_line() {
        for (rows, first) in [
            (kernel_rows().unwrap(), "5.10"),
            (workload_rows(), "null-syscall"),
            (monitor_rows(), "none"),
            (behaviour_rows(), "exec"),
            (plan_rows().unwrap(), "quick"),
        ] {
            let table = table(&rows);
            assert_eq!(table.split_whitespace().next(), Some(first));
            assert_eq!(table.lines().count(), rows.len());
        }
    }
}
