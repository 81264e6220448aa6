//! `hookbench scenario race`: which records lie when a path is rewritten, and for how many instructions.

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Result;
use hookbench_reports::text::grouped;
use hookbench_scenarios::race::{
    Attack, CALLS, Count, RaceAnswer, RaceOrder, RacedCall, SlowPage, Swept, WATCHERS, Watcher, Width,
    slow_pages, sweeps,
};

use super::experiment::{open_session, table};
use super::named;
use crate::scenario::{Ended, Raced, ScenarioSession};

/// Arguments of `hookbench scenario race`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The kernels
    #[arg(long, value_name = "KERNEL,…", value_delimiter = ',', default_value = "6.1")]
    kernel: Vec<String>,
    /// The watchers; all by default
    #[arg(long, value_name = "WATCHER,…", value_delimiter = ',', value_parser = watcher)]
    watcher: Vec<Watcher>,
    /// The calls; all by default
    #[arg(long, value_name = "CALL,…", value_delimiter = ',', value_parser = call)]
    call: Vec<RacedCall>,
    /// Only sweep, or only try slow pages
    #[arg(long, value_name = "METHOD", value_parser = ["sweep", "slow-page"])]
    only: Option<String>,
    /// How many instructions the instants of a sweep are apart at first
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    step: u32,
    /// How many instructions they are apart where records lie
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    fine: u32,
    /// How many guests run at once
    #[arg(long, value_name = "N")]
    jobs: Option<usize>,
    /// Print JSON instead of tables
    #[arg(long)]
    json: bool,
}

const SWEEP_HEAD: [&str; 9] =
    ["kernel", "watcher", "call", "tries", "lies", "blank", "torn", "stopped", "window in instructions"];
const SLOW_HEAD: [&str; 10] =
    ["kernel", "slow page", "with", "watcher", "policy", "evil file", "lies", "blank", "stopped", "refused"];

/// Runs the races, and prints a table of the sweeps and one of the slow pages.
///
/// # Errors
/// When a guest cannot be started.
pub(super) fn race(args: &Args) -> Result<ExitCode> {
    let races = args.races();
    let session = open_session(&args.kernel)?;
    let ended = run_all(&session, &races, args.jobs);
    let failed = ended.iter().any(|ended| matches!(ended, Ended::Failed(_)));
    let all = || races.iter().zip(&ended);
    if args.json {
        let records: Vec<_> = all().map(|((kernel, order), ended)| record(kernel, order, ended)).collect();
        println!("{}", serde_json::to_string_pretty(&records)?);
    } else {
        let is_sweep = |order: &RaceOrder| matches!(order.attack, Attack::Sweep { .. });
        let swept = all().filter(|((_, order), _)| is_sweep(order));
        let slow = all().filter(|((_, order), _)| !is_sweep(order));
        let swept = swept.map(|((kernel, order), ended)| sweep_row(kernel, order, ended));
        let slow = slow.map(|((kernel, order), ended)| slow_row(kernel, order, ended));
        print(&SWEEP_HEAD, swept);
        print(&SLOW_HEAD, slow);
    }
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

impl Args {
    /// The races that are asked for, kernel by kernel.
    fn races(&self) -> Vec<(&str, RaceOrder)> {
        let wants = |only: &str| self.only.as_ref().is_none_or(|wanted| wanted == only);
        let swept = sweeps(self.step, self.fine).filter(|_| wants("sweep"));
        let all = swept.chain(slow_pages().filter(|_| wants("slow-page")));
        let all: Vec<RaceOrder> = all
            .filter(|order| self.watcher.is_empty() || self.watcher.contains(&order.watcher))
            .filter(|order| self.call.is_empty() || self.call.contains(&order.call))
            .collect();
        self.kernel.iter().flat_map(|kernel| all.iter().map(|order| (&kernel[..], order.clone()))).collect()
    }
}

fn watcher(name: &str) -> Result<Watcher, String> {
    named(name, &WATCHERS)
}

fn call(name: &str) -> Result<RacedCall, String> {
    named(name, &CALLS)
}

/// Runs the races, several at once. The order of the results is that of the races.
fn run_all(session: &ScenarioSession, races: &[(&str, RaceOrder)], jobs: Option<usize>) -> Vec<Ended<Raced>> {
    let results: Mutex<Vec<(usize, Ended<Raced>)>> = Mutex::default();
    let next = AtomicUsize::new(0);
    let jobs = jobs.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, Into::into));
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::SeqCst);
                    let Some((kernel, order)) = races.get(index) else { break };
                    let ended = session.race(kernel, order);
                    results.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push((index, ended));
                }
            });
        }
    });
    let mut results = results.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, ended)| ended).collect()
}

fn print(head: &[&str], rows: impl Iterator<Item = Vec<String>>) {
    let rows: Vec<_> = rows.collect();
    if !rows.is_empty() {
        let head = head.iter().map(|cell| cell.to_string()).collect();
        print!("{}", table(&[vec![head], rows].concat()));
    }
}

fn sweep_row(kernel: &str, order: &RaceOrder, ended: &Ended<Raced>) -> Vec<String> {
    let mut row = vec![kernel.to_owned(), order.watcher.to_string(), order.call.to_string()];
    row.extend(match ended {
        Ended::Done(Raced { answer: RaceAnswer::Swept(swept), is_preemptible }) => {
            let Swept { count: Count { tries, lies, blank, torn, stopped, .. }, width } = swept;
            let window = width.map_or_else(|| "0".into(), |width| window(&width));
            let voluntary = if *is_preemptible { "" } else { "; the kernel does not preempt itself" };
            let numbers = [*tries, *lies, *blank, *torn, *stopped].map(grouped);
            numbers.into_iter().chain([format!("{window}{voluntary}")]).collect()
        }
        other => vec![reason(other)],
    });
    row
}

/// `1,297 to 1,521`.
fn window(width: &Width) -> String {
    let most = width.at_most().map_or_else(|| "more than the sweep covers".into(), grouped);
    match width.stray {
        0 => format!("{} to {most}", grouped(width.at_least())),
        stray => format!("{} to {most}, but for {}", grouped(width.at_least()), grouped(stray)),
    }
}

fn slow_row(kernel: &str, order: &RaceOrder, ended: &Ended<Raced>) -> Vec<String> {
    let (means, page) = match order.attack {
        Attack::SlowPage { means, page } => (means.to_string(), page.to_string()),
        Attack::Sweep { .. } => Default::default(),
    };
    let policy = order.policy.clone().unwrap_or_else(|| "none".into());
    let mut row = vec![kernel.to_owned(), page, means, order.watcher.to_string(), policy];
    row.extend(match ended {
        Ended::Done(Raced { answer: RaceAnswer::SlowPage(SlowPage { count, refused }), .. }) => {
            let Count { tries, evil, lies, blank, stopped, .. } = *count;
            let refused = refused.as_ref();
            let refused =
                refused.map_or_else(|| "no".into(), |it| format!("{} (errno {})", it.call, it.errno));
            let numbers = [evil, lies, blank, stopped].map(|one| format!("{one}/{tries}"));
            numbers.into_iter().chain([refused]).collect()
        }
        other => vec![reason(other)],
    });
    row
}

fn reason(ended: &Ended<Raced>) -> String {
    match ended {
        Ended::Unsupported(why) => format!("unsupported: {why}"),
        Ended::Failed(failure) => format!("failed: {}", failure.message),
        Ended::Done(_) => "failed: the guest answered another question".into(),
    }
}

fn record(kernel: &str, order: &RaceOrder, ended: &Ended<Raced>) -> serde_json::Value {
    let mut record = serde_json::json!({"kernel": kernel, "race": order});
    match ended {
        Ended::Done(Raced { answer, is_preemptible }) => {
            record["found"] = serde_json::json!(answer);
            record["preemptible"] = (*is_preemptible).into();
        }
        Ended::Unsupported(why) => record["unsupported"] = why.as_str().into(),
        Ended::Failed(failure) => record["failed"] = failure.message.as_str().into(),
    }
    record
}
