//! `hookbench scenario react`: how fast chains of a signal and a mitigation react.

use std::process::ExitCode;

use anyhow::Result;
use hookbench_reports::text::grouped;
use hookbench_scenarios::react::{CALLERS, CHAINS, Caller, Chain, Reacted, Summary};

use super::experiment::{open_session, table};
use super::named;
use crate::scenario::Ended;

/// Arguments of `hookbench scenario react`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The kernels
    #[arg(long, value_name = "KERNEL,…", value_delimiter = ',', default_value = "6.1")]
    kernel: Vec<String>,
    /// The chains; all by default
    #[arg(long, value_name = "CHAIN,…", value_delimiter = ',', value_parser = chain)]
    chain: Vec<Chain>,
    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,
}

const HEAD: [&str; 8] =
    ["kernel", "chain", "caller", "call returned", "record read", "refused", "passed before", "at most"];

/// Times the chains and prints a table.
///
/// # Errors
/// When a guest cannot be started.
pub(super) fn react(args: &Args) -> Result<ExitCode> {
    let session = open_session(&args.kernel)?;
    let (mut rows, mut records) = (vec![HEAD.map(String::from).to_vec()], Vec::new());
    let mut code = ExitCode::SUCCESS;
    for kernel in &args.kernel {
        for &chain in CHAINS.iter().filter(|chain| args.chain.is_empty() || args.chain.contains(chain)) {
            let ended = session.react(kernel, chain);
            if matches!(ended, Ended::Failed(_)) {
                code = ExitCode::FAILURE;
            }
            rows.extend(cells(&ended).into_iter().map(|cells| {
                let names = [kernel.clone(), chain.to_string()];
                names.into_iter().chain(cells).collect::<Vec<_>>()
            }));
            records.push(record(kernel, chain, &ended));
        }
    }
    match args.json {
        true => println!("{}", serde_json::to_string_pretty(&records)?),
        false => print!("{}", table(&rows)),
    }
    Ok(code)
}

fn chain(name: &str) -> Result<Chain, String> {
    named(name, &CHAINS)
}

/// The cells after the first two: a row for each caller, or the reason why there are none.
fn cells(ended: &Ended<Reacted>) -> Vec<Vec<String>> {
    match ended {
        Ended::Done(reacted) => {
            let row = |(caller, summary)| {
                [format!("{caller}")].into_iter().chain(numbers(caller, summary)).collect()
            };
            let callers = CALLERS.iter();
            callers.filter_map(|&caller| Some((caller, reacted.summary(caller)?))).map(row).collect()
        }
        Ended::Unsupported(why) => vec![vec![format!("unsupported: {why}")]],
        Ended::Failed(failure) => vec![vec![format!("failed: {}", failure.message)]],
    }
}

fn numbers(caller: Caller, summary: Summary) -> [String; 5] {
    let was_killed = caller != Caller::Other && summary.returned.is_none();
    let otherwise = if was_killed { "in the call" } else { "never" };
    [
        summary.returned.map_or_else(|| "never".into(), grouped),
        summary.read.map_or_else(|| "–".into(), grouped),
        summary.refused.map_or_else(|| otherwise.into(), grouped),
        grouped(summary.passed),
        grouped(summary.most_passed),
    ]
}

fn record(kernel: &str, chain: Chain, ended: &Ended<Reacted>) -> serde_json::Value {
    let mut record = serde_json::json!({"kernel": kernel, "chain": chain});
    match ended {
        Ended::Done(reacted) => record["found"] = serde_json::json!(reacted),
        Ended::Unsupported(why) => record["unsupported"] = why.as_str().into(),
        Ended::Failed(failure) => record["failed"] = failure.message.as_str().into(),
    }
    record
}
