//! `hookbench scenario run`.

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result};
use hookbench_scenarios::PolicyName;
use hookbench_scenarios::SCENARIOS;

use super::find;
use crate::cmd::progress::Progress;
use crate::cmd::usage;
use crate::interrupt::Interrupt;
use crate::scenario::{Outcome, ScenarioCell, ScenarioSession};
use crate::session::guests::{ExactOptions, ExactSession, Needs, Provisions};

/// Arguments of `hookbench scenario run`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The kernels
    #[arg(long, value_name = "KERNEL,…", value_delimiter = ',', default_value = "6.1")]
    kernel: Vec<String>,
    /// The scenarios; all by default
    #[arg(long, value_name = "SCENARIO,…", value_delimiter = ',')]
    scenario: Vec<String>,
    /// The policies; all by default
    #[arg(long, value_name = "POLICY,…", value_delimiter = ',')]
    policy: Vec<String>,
    /// The ways; all by default
    #[arg(long, value_name = "WAY,…", value_delimiter = ',')]
    way: Vec<String>,
    /// How many guests run at once
    #[arg(long, value_name = "N")]
    jobs: Option<usize>,
}

/// Tries the cells.
///
/// # Errors
/// A usage error for an unknown name; otherwise when a guest cannot be started.
pub(super) fn run(args: &Args) -> Result<ExitCode> {
    let scenarios = match &args.scenario[..] {
        [] => SCENARIOS.to_vec(),
        names => names.iter().map(|name| find(name)).collect::<Result<_>>().map_err(usage)?,
    };
    let policies: Vec<PolicyName> = match &args.policy[..] {
        [] => PolicyName::all().collect(),
        names => names
            .iter()
            .map(|name| name.parse())
            .collect::<Result<_, _>>()
            .map_err(|e| usage(anyhow::Error::new(e)))?,
    };
    let mut cells = Vec::new();
    for kernel in &args.kernel {
        for scenario in &scenarios {
            cells.extend(policies.iter().map(|&policy| ScenarioCell { kernel, scenario, policy }));
        }
    }
    let progress = Progress::begin("fetch", 0);
    let needs = Needs { kernels: args.kernel.clone(), least: args.kernel.len(), ..Needs::default() };
    let provisions = Provisions::fetch(needs, &|message| progress.say(message))?;
    let interrupt = Interrupt::on_signals().context("failed to listen to signals")?;
    let options = ExactOptions { attribution: false, interrupt, ..ExactOptions::default() };
    let session = ScenarioSession::new(ExactSession::open(provisions, options)?);
    let outcomes: Vec<Mutex<Option<Outcome>>> = cells.iter().map(|_| Mutex::new(None)).collect();
    let next = AtomicUsize::new(0);
    let jobs = args.jobs.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, Into::into));
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                while let Some((cell, outcome)) = {
                    let index = next.fetch_add(1, Ordering::SeqCst);
                    cells.get(index).zip(outcomes.get(index))
                } {
                    *outcome.lock().unwrap() = Some(session.run(*cell, &args.way));
                }
            });
        }
    });
    for (cell, outcome) in cells.iter().zip(outcomes) {
        println!("{cell}: {}", serde_json::to_string(&show(outcome.into_inner().unwrap()))?);
    }
    Ok(ExitCode::SUCCESS)
}

fn show(outcome: Option<Outcome>) -> serde_json::Value {
    match outcome {
        Some(Outcome::Done(tried)) => serde_json::to_value(tried).unwrap_or_default(),
        Some(Outcome::Unsupported(why)) => format!("unsupported: {why}").into(),
        Some(Outcome::Failed(failure)) => {
            format!("failed: {} {}", failure.message, failure.console.join("\n")).into()
        }
        None => serde_json::Value::Null,
    }
}
