//! What the experiments of `hookbench scenario` share: their arguments, their session, and tables.

use anyhow::{Context, Result};
use hookbench_scenarios::{NoPolicy, PolicyName};

use crate::cmd::progress::Progress;
use crate::cmd::usage;
use crate::interrupt::Interrupt;
use crate::scenario::{Ended, ScenarioSession};
use crate::session::guests::{ExactOptions, ExactSession, Needs, Provisions};

/// Arguments of an experiment with policies.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The kernels
    #[arg(long, value_name = "KERNEL,…", value_delimiter = ',', default_value = "6.1")]
    pub(super) kernel: Vec<String>,
    /// The policies; all for which it makes sense by default
    #[arg(long, value_name = "POLICY,…", value_delimiter = ',')]
    policy: Vec<String>,
    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,
}

impl Args {
    /// The policies: the named ones, or those that fit.
    ///
    /// # Errors
    /// A usage error for an unknown name.
    pub(super) fn policies(&self, fits: impl Fn(PolicyName) -> bool) -> Result<Vec<PolicyName>> {
        match &self.policy[..] {
            [] => Ok(PolicyName::all().filter(|&name| fits(name)).collect()),
            names => {
                let parsed: Result<_, _> = names.iter().map(|name| name.parse()).collect();
                parsed.map_err(|error: NoPolicy| usage(error.into()))
            }
        }
    }

    /// A session of guests with the kernels.
    ///
    /// # Errors
    /// When a kernel cannot be obtained.
    pub(super) fn session(&self) -> Result<ScenarioSession> {
        open_session(&self.kernel)
    }
}

/// A session of guests with `kernels`.
///
/// # Errors
/// When a kernel cannot be obtained.
pub(super) fn open_session(kernels: &[String]) -> Result<ScenarioSession> {
    let progress = Progress::begin("fetch", 0);
    let needs = Needs { kernels: kernels.to_vec(), least: kernels.len(), ..Needs::default() };
    let provisions = Provisions::fetch(needs, &|message| progress.say(message))?;
    let interrupt = Interrupt::on_signals().context("failed to listen to signals")?;
    let options = ExactOptions { attribution: false, interrupt, ..ExactOptions::default() };
    Ok(ScenarioSession::new(ExactSession::open(provisions, options)?))
}

/// The results of an experiment, as a table and as data.
pub(super) struct Results<const COLUMNS: usize> {
    rows: Vec<[String; COLUMNS]>,
    records: Vec<serde_json::Value>,
    failed: bool,
}

impl<const COLUMNS: usize> Results<COLUMNS> {
    /// A table with this head. Its first columns are the kernel and the policy.
    pub(super) fn new(head: [&str; COLUMNS]) -> Self {
        Results { rows: vec![head.map(String::from)], records: Vec::new(), failed: false }
    }

    /// Adds how a guest ended. `cells` makes the cells after the first two.
    pub(super) fn add<T: serde::Serialize>(
        &mut self,
        kernel: &str,
        policy: PolicyName,
        ended: &Ended<T>,
        cells: impl Fn(&T) -> Vec<String>,
    ) {
        let mut record = serde_json::json!({"kernel": kernel, "policy": policy.to_string()});
        let rest = match ended {
            Ended::Done(found) => {
                record["found"] = serde_json::json!(found);
                cells(found)
            }
            Ended::Unsupported(why) => {
                record["unsupported"] = why.as_str().into();
                vec![format!("unsupported: {why}")]
            }
            Ended::Failed(failure) => {
                record["failed"] = failure.message.as_str().into();
                self.failed = true;
                vec![format!("failed: {}", failure.message)]
            }
        };
        let mut all = [kernel.to_owned(), policy.to_string()].into_iter().chain(rest);
        self.rows.push(std::array::from_fn(|_| all.next().unwrap_or_default()));
        self.records.push(record);
    }

    /// Prints them.
    ///
    /// # Errors
    /// When they cannot be rendered.
    pub(super) fn print(&self, args: &Args) -> Result<std::process::ExitCode> {
        match args.json {
            true => println!("{}", serde_json::to_string_pretty(&self.records)?),
            false => print!("{}", table(&self.rows)),
        }
        Ok(if self.failed { std::process::ExitCode::FAILURE } else { std::process::ExitCode::SUCCESS })
    }
}

/// The rows as a table. Those that end early do not widen columns.
pub(super) fn table<R: AsRef<[String]>>(rows: &[R]) -> String {
    let columns = rows.first().map_or(0, |head| head.as_ref().len());
    let is_whole =
        |row: &&R| row.as_ref().len() == columns && row.as_ref().iter().all(|cell| !cell.is_empty());
    let width = |column: usize| {
        let cells = rows.iter().filter(is_whole).map(|row| row.as_ref()[column].chars().count());
        cells.max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let line = |row: &R| {
        let cells = row.as_ref().iter().zip(&widths).map(|(cell, &width)| format!("{cell:width$}"));
        format!("{}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}
