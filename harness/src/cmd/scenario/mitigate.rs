//! `hookbench scenario mitigate`: how fast policies come and go.

use std::process::ExitCode;

use anyhow::{Context, Result};
use hookbench_scenarios::exchange::Mitigated;
use hookbench_scenarios::{Action, PolicyName};

use crate::cmd::progress::Progress;
use crate::cmd::usage;
use crate::interrupt::Interrupt;
use crate::scenario::{Ended, ScenarioSession};
use crate::session::guests::{ExactOptions, ExactSession, Needs, Provisions};

/// Arguments of `hookbench scenario mitigate`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The kernels
    #[arg(long, value_name = "KERNEL,…", value_delimiter = ',', default_value = "6.1")]
    kernel: Vec<String>,
    /// The policies; all that refuse or kill by default
    #[arg(long, value_name = "POLICY,…", value_delimiter = ',')]
    policy: Vec<String>,
    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,
}

const HEAD: [&str; 8] =
    ["kernel", "policy", "applied", "CPU", "first refusal", "running processes", "undone", "agent killed"];

/// Times the policies and prints a table.
///
/// # Errors
/// A usage error for an unknown name; otherwise when a guest cannot be started.
pub(super) fn mitigate(args: &Args) -> Result<ExitCode> {
    let policies = policies(&args.policy)?;
    let progress = Progress::begin("fetch", 0);
    let needs = Needs { kernels: args.kernel.clone(), least: args.kernel.len(), ..Needs::default() };
    let provisions = Provisions::fetch(needs, &|message| progress.say(message))?;
    let interrupt = Interrupt::on_signals().context("failed to listen to signals")?;
    let options = ExactOptions { attribution: false, interrupt, ..ExactOptions::default() };
    let session = ScenarioSession::new(ExactSession::open(provisions, options)?);
    let (mut rows, mut records, mut failed) = (vec![HEAD.map(String::from)], Vec::new(), false);
    for kernel in &args.kernel {
        for &policy in &policies {
            let name = policy.to_string();
            let ended = session.mitigate(kernel, policy);
            failed |= matches!(ended, Ended::Failed(_));
            records.push(record(kernel, &name, &ended));
            rows.push(row(kernel, &name, &ended));
        }
    }
    match args.json {
        true => println!("{}", serde_json::to_string_pretty(&records)?),
        false => print!("{}", table(&rows)),
    }
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn policies(names: &[String]) -> Result<Vec<PolicyName>> {
    match names {
        [] => Ok(PolicyName::all().filter(|name| name.policy.action != Action::Watch).collect()),
        names => {
            let parsed: Result<_, _> = names.iter().map(|name| name.parse()).collect();
            parsed.map_err(|error: hookbench_scenarios::NoPolicy| usage(error.into()))
        }
    }
}

fn row(kernel: &str, policy: &str, ended: &Ended<Mitigated>) -> [String; 8] {
    let [first, second] = [kernel, policy].map(String::from);
    let told = |word: String| {
        [
            first.clone(),
            second.clone(),
            word,
            String::new(),
            String::new(),
            String::new(),
            String::new(),
            String::new(),
        ]
    };
    match ended {
        Ended::Unsupported(why) => told(format!("unsupported: {why}")),
        Ended::Failed(failure) => told(format!("failed: {}", failure.message)),
        Ended::Done(found) => [
            first,
            second,
            number(found.applied),
            number(found.apply_work),
            number(found.refused),
            if found.reaches_running { "stopped" } else { "not reached" }.into(),
            found.undone.map_or_else(|| "never".into(), number),
            if found.survives_agent { "still stops" } else { "gone" }.into(),
        ],
    }
}

fn record(kernel: &str, policy: &str, ended: &Ended<Mitigated>) -> serde_json::Value {
    let mut record = serde_json::json!({"kernel": kernel, "policy": policy});
    match ended {
        Ended::Done(found) => record["mitigated"] = serde_json::json!(found),
        Ended::Unsupported(why) => record["unsupported"] = why.as_str().into(),
        Ended::Failed(failure) => record["failed"] = failure.message.as_str().into(),
    }
    record
}

/// `61,463,957`.
fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn table(rows: &[[String; 8]]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..8).map(width).collect();
    let line = |row: &[String; 8]| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        format!("{}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}
