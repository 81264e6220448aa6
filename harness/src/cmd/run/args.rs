//! The arguments of `hookbench run`, as the user types them. What they select is in
//! `selection.rs`; which targets have which options is in `capabilities.rs`.

use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use hookbench_analysis::gate::Pattern;
use hookbench_model::protocol::Fault;
use hookbench_model::{Clock, History, Profile, Refusal, Schedule, Target};
use hookbench_results::Shard;

use crate::session::guests::BUDGET;

/// Arguments of `hookbench run`.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(after_help = crate::cmd::EXIT_CODES)]
pub struct Args {
    /// Kernels: names, globs, paths of a bzImage or vmlinux, or `all` for every known kernel
    #[arg(long, value_name = "KERNEL,…", value_delimiter = ',')]
    pub(in crate::cmd) kernel: Vec<String>,
    /// Folder with the modules and configuration of your kernel, lib/modules/VERSION
    #[arg(long, value_name = "DIR")]
    pub(in crate::cmd) modules: Option<PathBuf>,
    /// Modules from the --modules folder to load in each guest, with their dependencies
    #[arg(long, value_name = "MODULE,…", value_delimiter = ',', requires = "modules")]
    pub(in crate::cmd) load: Vec<String>,
    /// Workloads: names, globs, or custom ones (cmd:COMMAND, syscalls:FILE.toml)
    #[arg(long, value_name = "WORKLOAD,…", conflicts_with = "plan")]
    pub(in crate::cmd) workload: Vec<String>,
    /// Monitors: names, globs, or custom ones (bpf:FILE.o, audit:FILE.rules, cmd:COMMAND);
    /// hookbench always measures `none` too, as the baseline
    #[arg(long, value_name = "MONITOR,…", conflicts_with = "plan")]
    pub(in crate::cmd) monitor: Vec<String>,
    /// Wait until the output of a cmd:COMMAND monitor matches this before measuring [default:
    /// wait until it is idle and at work]
    #[arg(long, value_name = "REGEX")]
    pub(in crate::cmd) ready: Option<String>,
    /// Payload of a cmd:COMMAND workload or monitor, or of audit:FILE.rules: names of Debian
    /// packages, paths of files and folders
    #[arg(long, value_name = "PACKAGE|PATH,…", value_delimiter = ',')]
    pub(in crate::cmd) bring: Vec<String>,
    /// How every operation must end under the bpf:FILE.o monitors, if they refuse: an error
    /// number such as EPERM, or SIGKILL [default: operations succeed]
    #[arg(long, value_name = "ERRNO|SIGNAL", conflicts_with = "cell")]
    pub(in crate::cmd) expect: Option<Refusal>,
    /// Exit code that a cmd:COMMAND workload must return [default: 0]
    #[arg(long, value_name = "CODE")]
    pub(in crate::cmd) expect_exit: Option<i32>,
    /// Schedules: paced, delivered, burst
    #[arg(long, value_name = "SCHEDULE,…", value_delimiter = ',')]
    pub(in crate::cmd) schedule: Vec<Schedule>,
    /// Values of a workload or monitor parameter, for example env_pages=0,32
    #[arg(long, value_name = "NAME=VALUE,…", conflicts_with = "plan")]
    pub(in crate::cmd) param: Vec<String>,
    /// BPF loaders: libbpf, aya; short for --param loader=…
    #[arg(long, value_name = "LOADER,…", value_delimiter = ',', conflicts_with = "plan")]
    pub(in crate::cmd) loader: Vec<String>,
    /// Login uid of the process that makes the operations, for audit rules on auid; short for
    /// --param auid=… [default: unset]
    #[arg(long, value_name = "UID,…", value_delimiter = ',')]
    pub(in crate::cmd) auid: Vec<String>,
    /// Measure each monitor a second time as a placebo, attached and detached again before the
    /// operations; the difference estimates the hook for hardware clocks
    #[arg(long, conflicts_with = "cell")]
    pub(in crate::cmd) placebo: bool,
    /// Boot profiles: lean, debian
    #[arg(long, value_name = "PROFILE,…", value_delimiter = ',')]
    pub(in crate::cmd) profile: Vec<Profile>,
    /// Numbers of CPUs in the guest, on which the memory of some monitors depends
    #[arg(long, value_name = "N,…", value_delimiter = ',')]
    pub(in crate::cmd) cpus: Vec<u16>,
    /// Guest memory in MiB, for workloads and monitors that need more than 256
    #[arg(long, value_name = "MIB,…", value_delimiter = ',')]
    pub(in crate::cmd) memory: Vec<u32>,
    /// Number of operations to time in each cell
    #[arg(long, value_name = "N")]
    pub(in crate::cmd) samples: Option<u32>,
    /// Plan, by name or file [default: quick, unless --workload or --monitor is given]
    #[arg(long, value_name = "PLAN")]
    pub(in crate::cmd) plan: Option<String>,
    /// Measure only this cell, named as in reports, without its baseline
    #[arg(long, value_name = "CELL", conflicts_with_all = ["plan", "kernel", "schedule", "param", "loader", "auid"])]
    pub(in crate::cmd) cell: Option<String>,
    /// Print the guest's console to standard error while the cell runs
    #[arg(long, requires = "cell")]
    pub(in crate::cmd) console: bool,
    /// Measure only part K of N of the plan; `hookbench merge` joins the parts
    #[arg(long, value_name = "K/N", conflicts_with = "cell")]
    pub(in crate::cmd) shard: Option<Shard>,
    /// Folder for the results [default: runs/PLAN-N]
    #[arg(long, value_name = "DIR")]
    pub(in crate::cmd) out: Option<PathBuf>,
    /// Resume the interrupted run in the --out folder
    #[arg(long, requires = "out")]
    pub(in crate::cmd) resume: bool,
    /// Number of guests to run at once [default: one per core]
    #[arg(long, value_name = "N")]
    pub(in crate::cmd) jobs: Option<usize>,
    /// How guests reach the start of their cells; the numbers are the same [default: what is fastest for the plan]
    #[arg(long, value_name = "WAY", value_parser = ways())]
    pub(in crate::cmd) guests: Option<History>,
    /// Do not divide costs into the hook and its side effects; the run is then about a third shorter
    #[arg(long)]
    pub(in crate::cmd) no_attribution: bool,
    /// Keep the call paths of these cells (globs of monitors or cells; without a value, of all cells) for
    /// `hookbench explain --run`, and link them from the report
    #[arg(long, value_name = "GLOB,…", value_delimiter = ',', num_args = 0..=1, default_missing_value = "*",
          require_equals = true, conflicts_with = "no_attribution")]
    pub(in crate::cmd) keep_stacks: Vec<Pattern>,
    /// Time limit of a cell, in seconds of real time
    #[arg(long, value_name = "SECONDS", default_value_t = BUDGET.as_secs())]
    pub(in crate::cmd) timeout: u64,
    /// Where to run: tcg (emulated guests, exact instruction counts), kvm (guests on this CPU,
    /// hardware clocks) or host (this machine, no guest); kvm and host measure each cell in rounds
    #[arg(long, value_name = "TARGET")]
    pub(in crate::cmd) target: Option<Target>,
    /// Hardware clocks to read, tsc first: tsc, perf, ftrace
    #[arg(long, value_name = "CLOCK,…", value_delimiter = ',')]
    pub(in crate::cmd) clock: Vec<Clock>,
    /// Number of rounds on hardware, each in a random order [default: 5]
    #[arg(long, value_name = "N")]
    pub(in crate::cmd) rounds: Option<u32>,
    /// Seed of the random order [default: a new seed for each run, which the run records]
    #[arg(long, value_name = "N")]
    pub(in crate::cmd) seed: Option<u64>,
    /// Allow monitors that deny operations or kill processes on this machine
    #[arg(long)]
    pub(in crate::cmd) enforce_on_host: bool,
    /// Save the run as baselines/NAME, replacing the baseline of that name
    #[arg(long, value_name = "NAME", conflicts_with_all = ["baseline", "shard"])]
    pub(in crate::cmd) save_baseline: Option<String>,
    /// Compare the run with the baseline that --save-baseline NAME saved
    #[arg(long, value_name = "NAME", conflicts_with = "shard")]
    pub(in crate::cmd) baseline: Option<String>,
    /// Fault that the guest commits; for tests
    #[arg(long, hide = true)]
    pub(in crate::cmd) fault: Option<Fault>,
}

/// The values of `--guests`.
fn ways() -> impl TypedValueParser<Value = History> {
    let help = |history| match history {
        History::Forked => "a copy of a machine that has booted and attached the monitor",
        History::Restored => "a snapshot of a machine that has booted",
        History::Cold => "each guest boots",
    };
    let values = History::ALL.map(|history| PossibleValue::new(history.name()).help(help(history)));
    PossibleValuesParser::new(values)
        .try_map(|name| History::ALL.into_iter().find(|history| history.name() == name).ok_or("unknown"))
}

#[cfg(test)]
pub(in crate::cmd) mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        args: Args,
    }

    /// Parses the arguments in `line`.
    pub(in crate::cmd) fn args(line: &str) -> Args {
        Command::try_parse_from(std::iter::once("run").chain(line.split_whitespace())).unwrap().args
    }
}
