//! `hookbench advise`: which policies see or stop what the user names, and why each other one does not. It measures
//! nothing: all of it follows from stored runs.

mod goals;
mod runs;

use std::process::ExitCode;

use anyhow::{Result, anyhow};
use clap::ArgGroup;
use hookbench_analysis::advice::{
    self, Advice, CostSource, Evidence, MaxCost, OfMonitors, OfPrices, Question,
};
use hookbench_plan::select;
use hookbench_results::Run;

use super::{say, usage};

/// The rules and exit codes, as `--help` lists them.
const EXIT_CODES: &str = "\
A policy qualifies if it sees (--watch) or stops (--deny) each way that works on the kernel and stops no
allowed neighbour. A record of the wrong object or call does not count. If no policy qualifies,
hookbench looks for two that do together. `hookbench scenario list` lists scenarios and policies.

The cost is what the policy executes in an allowed neighbour, its hook: the instructions, and what they
are of the operation under none. If a run has no such costs, it is the hook of the monitor with the
policy's mechanism and sink. With --max-cost, each known cost has to fit, and a policy without one
does not qualify.

Exit code:
  0  each goal is reached, by a policy or by two
  1  hookbench could not read a run
  2  the command line is wrong: no such run, kernel or scenario, or an invalid cost
  3  a goal is not reached; the answer is printed all the same";

/// The name of all kernels.
const ALL: &str = "all";
/// The exit code if a goal is not reached.
const NOT_REACHED: u8 = 3;

/// Arguments of `hookbench advise`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_CODES, group = ArgGroup::new("goal").required(true).multiple(true))]
pub struct Args {
    /// Scenarios of which every way must be seen: names or globs
    #[arg(long, value_name = "SCENARIO,…", value_delimiter = ',', group = "goal")]
    watch: Vec<String>,
    /// Scenarios of which every way must be stopped before its effect: names or globs
    #[arg(long, value_name = "SCENARIO,…", value_delimiter = ',', group = "goal")]
    deny: Vec<String>,
    /// Scenarios of which every way must be both seen and stopped: names or globs
    #[arg(long, value_name = "SCENARIO,…", value_delimiter = ',', group = "goal")]
    against: Vec<String>,
    /// Kernels of the runs: names, globs, or `all`
    #[arg(long, value_name = "KERNEL,…", value_delimiter = ',', default_value = "6.1")]
    kernel: Vec<String>,
    /// Largest cost of a policy: 2% of an operation that it lets through, or 500 instructions
    #[arg(long, value_name = "COST")]
    max_cost: Option<MaxCost>,
    /// Run to derive the answer from: a folder, its run.json, or a baseline (NAME or baseline:NAME); verdicts and
    /// costs come from runs of scenarios, costs of monitors from runs of workloads [default: the published runs, in results/published]
    #[arg(long, value_name = "RUN")]
    from: Vec<String>,
    /// Print JSON
    #[arg(long, conflicts_with = "markdown")]
    json: bool,
    /// Print Markdown
    #[arg(long)]
    markdown: bool,
}

/// Prints the advice.
///
/// # Errors
/// When a run does not exist or cannot be read, or has no such kernel or scenario.
pub fn advise(args: &Args) -> Result<ExitCode> {
    let runs = runs::open(&args.from)?;
    let question = question(args, &runs).map_err(usage)?;
    let (prices, monitors) = (OfPrices::new(&runs), OfMonitors::new(&runs));
    let costs: [&dyn CostSource; 2] = [&prices, &monitors];
    let advice = Advice::new(question, &Evidence::new(&runs), &costs);
    let render = match (args.json, args.markdown) {
        (true, _) => hookbench_reports::advice::json,
        (_, true) => hookbench_reports::advice::markdown,
        _ => hookbench_reports::advice::text,
    };
    say::result(&render(&advice))?;
    Ok(if advice.is_met() { ExitCode::SUCCESS } else { ExitCode::from(NOT_REACHED) })
}

/// The question, with names that the runs have.
fn question(args: &Args, runs: &[Run]) -> Result<Question> {
    let kernels = advice::kernels(runs);
    if kernels.is_empty() {
        return Err(anyhow!("the runs tried no scenarios; {}", runs::HOW));
    }
    let goals = goals::goals(args, &advice::scenarios(runs))?;
    let patterns: Vec<String> =
        args.kernel.iter().map(|name| if name == ALL { "*".into() } else { name.clone() }).collect();
    let kernels = select("kernel", &patterns, &kernels)?;
    Ok(Question { kernels, goals, max_cost: args.max_cost.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        args: Args,
    }

    /// Parses the arguments in `line`.
    pub(super) fn args(line: &str) -> Result<Args, clap::Error> {
        let words = ["advise"].into_iter().chain(line.split(' '));
        Command::try_parse_from(words).map(|command| command.args)
    }

    #[test]
    fn something_has_to_be_watched_or_denied() {
        for line in
            ["--watch exec,userns --deny userns --kernel 6.1 --max-cost 2%", "--against exec --max-cost 500"]
        {
            assert!(args(line).is_ok(), "{line}");
        }
        for line in ["--kernel 6.1", "--watch exec --max-cost five", "--watch exec --json --markdown"] {
            assert!(args(line).is_err(), "{line}");
        }
    }
}
