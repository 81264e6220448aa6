//! The arguments of `hookbench scenario run`, as the user types them. What they select is in `selection.rs`.

use std::path::PathBuf;

use hookbench_results::Shard;
use hookbench_scenarios::exchange::CustomWindow;

/// Arguments of `hookbench scenario run`.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(after_help = crate::cmd::EXIT_CODES)]
pub(in crate::cmd::scenario) struct Args {
    /// Kernels: names, globs, paths of a bzImage or vmlinux, or `all` for every known kernel [default: 6.1]
    #[arg(long, value_name = "KERNEL,…", value_delimiter = ',')]
    pub(super) kernel: Vec<String>,
    /// Scenarios: names or globs [default: all]
    #[arg(long, value_name = "SCENARIO,…", value_delimiter = ',')]
    pub(super) scenario: Vec<String>,
    /// Policies: names or globs; hookbench always tries `none` too, which says which ways work [default: all]
    #[arg(long, value_name = "POLICY,…", value_delimiter = ',')]
    pub(super) policy: Vec<String>,
    /// Ways: names or globs, or one custom way, cmd:COMMAND, which is tried in place of the scenario's own [default:
    /// all]
    #[arg(long, value_name = "WAY")]
    pub(super) way: Vec<String>,
    /// What shows that the custom way reached its goal: exists:FILE, content:FILE=TEXT, exit:CODE, or check:COMMAND,
    /// whose exit code is 0 for yes and 1 for no
    #[arg(long, value_name = "EFFECT")]
    pub(super) effect: Option<String>,
    /// User that runs the custom way: root, or a number
    #[arg(long = "as", value_name = "root|UID", default_value = "1000", requires = "effect")]
    pub(super) user: String,
    /// Treat the custom way as an allowed neighbour, which policies have to let through
    #[arg(long, requires = "effect")]
    pub(super) allowed: bool,
    /// Where the window of the custom way opens: `entry`, where the program's own code begins, or `exec`, which makes
    /// the exec and the start of the program part of the way
    #[arg(long, value_name = "entry|exec", default_value = "entry", requires = "effect", value_parser = window)]
    pub(super) window: CustomWindow,
    /// Payload of the custom way: names of Debian packages, paths of files and folders
    #[arg(long, value_name = "PACKAGE|PATH,…", value_delimiter = ',', requires = "effect")]
    pub(super) bring: Vec<String>,
    /// Price policies on these kernels only: names, globs or paths [default: all kernels of the run]
    #[arg(long, value_name = "KERNEL,…", value_delimiter = ',')]
    pub(super) prices: Vec<String>,
    /// Do not price allowed neighbours under policies; the run is then less than half as long
    #[arg(long, conflicts_with = "prices")]
    pub(super) no_prices: bool,
    /// Print the guests' consoles to standard error, one guest at a time
    #[arg(long)]
    pub(super) console: bool,
    /// Try only part K of N of the cells; `hookbench merge` joins the parts
    #[arg(long, value_name = "K/N")]
    pub(super) shard: Option<Shard>,
    /// Folder for the results [default: runs/scenarios-N]
    #[arg(long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,
    /// Resume the interrupted run in the --out folder
    #[arg(long, requires = "out")]
    pub(super) resume: bool,
    /// Number of guests to run at once [default: one per core]
    #[arg(long, value_name = "N")]
    pub(super) jobs: Option<usize>,
}

fn window(name: &str) -> Result<CustomWindow, String> {
    let found = CustomWindow::ALL.into_iter().find(|window| window.name() == name);
    found.ok_or_else(|| format!("it is {}", CustomWindow::ALL.map(CustomWindow::name).join(" or ")))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        args: Args,
    }

    /// Parses the arguments in `line`.
    pub(in crate::cmd::scenario) fn args(line: &str) -> Args {
        let words = shlex::split(line).unwrap();
        Command::try_parse_from(std::iter::once("run".to_owned()).chain(words)).unwrap().args
    }
}
