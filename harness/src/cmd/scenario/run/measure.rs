//! Tries cells, several at once, and records each as it ends: in the journal, on the terminal and in memory. Neither
//! the order nor the number of guests changes a result.

use std::collections::HashMap;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;
use hookbench_results::store::Journal;
use hookbench_results::{ScenarioCell as Ended, ScenarioOutcome};
use hookbench_scenarios::Effect;

use super::selection::Selection;
use crate::cmd::progress::Progress;
use crate::interrupt::Interrupt;
use crate::run::workers;
use crate::scenario::{ScenarioCell, ScenarioSession};

/// The cells that have ended, by name.
pub(super) type Done = HashMap<String, Ended>;

enum Event {
    Begun(String),
    Ended(Box<Ended>, Duration),
}

/// Tries those of `cells` that are not in `done`, into the journal in `folder`. Returns all that have ended.
///
/// # Errors
/// When the journal cannot be written.
pub(super) fn measure(
    selection: &Selection,
    session: &ScenarioSession,
    cells: &[ScenarioCell<'_>],
    mut done: Done,
    interrupt: &Interrupt,
    folder: &Path,
) -> Result<Done> {
    let left = cells.iter().filter(|cell| !done.contains_key(&cell.to_string())).copied().collect();
    let left = by_machine(left, |cell| session.boots(cell));
    let mut journal = Journal::open(folder)?;
    let mut progress =
        if selection.console { Progress::plain(left.len()) } else { Progress::begin("cells", left.len()) };
    let work = |(_, cell): &(String, ScenarioCell<'_>), tell: &dyn Fn(Event) -> bool| {
        tell(Event::Begun(cell.to_string()));
        let begin = Instant::now();
        let outcome = ScenarioOutcome::from(session.run(*cell, &selection.ways));
        // The interrupt may have caused the failure, or that there is no price.
        if !(interrupt.is_requested() && lacks_something(&outcome)) {
            tell(Event::Ended(Box::new(named(*cell, outcome)), begin.elapsed()));
        }
    };
    let heard = |event| match event {
        Event::Begun(name) => {
            progress.begun(&name);
            Ok(())
        }
        Event::Ended(cell, took) => {
            journal.append_scenario(&cell)?;
            let stays = cell.tried().is_none();
            progress.ended_with(&cell, &how(&cell.outcome), stays, took);
            done.insert(cell.to_string(), *cell);
            Ok(())
        }
    };
    let group = |(machine, cell): &(String, ScenarioCell<'_>)| format!("{machine}/{}", cell.scenario.name);
    workers::run(&left, group, selection.jobs, interrupt, work, heard)?;
    Ok(done)
}

/// `cells` with their machines, as `machine` says: those of one machine together, in the order of the first ones. Few
/// machines then wait to be copied at once.
fn by_machine<'a>(
    cells: Vec<ScenarioCell<'a>>,
    machine: impl Fn(ScenarioCell<'a>) -> String,
) -> Vec<(String, ScenarioCell<'a>)> {
    let mut places = HashMap::new();
    let mut placed = Vec::with_capacity(cells.len());
    for cell in cells {
        let machine = format!("{}/{}", cell.kernel, machine(cell));
        let next = places.len();
        placed.push((*places.entry(machine.clone()).or_insert(next), machine, cell));
    }
    placed.sort_by_key(|(place, ..)| *place);
    placed.into_iter().map(|(_, machine, cell)| (machine, cell)).collect()
}

/// Whether the cell failed or has a neighbour without a price.
fn lacks_something(outcome: &ScenarioOutcome) -> bool {
    match outcome {
        ScenarioOutcome::Tried(tried) => tried.prices.iter().any(|price| price.cost.is_none()),
        ScenarioOutcome::Unsupported(_) => false,
        ScenarioOutcome::Failed(_) => true,
    }
}

fn named(cell: ScenarioCell<'_>, outcome: ScenarioOutcome) -> Ended {
    Ended {
        kernel: cell.kernel.into(),
        scenario: cell.scenario.name.into(),
        policy: cell.policy.to_string(),
        outcome,
    }
}

/// How a cell ended, in a few words.
fn how(outcome: &ScenarioOutcome) -> String {
    match outcome {
        ScenarioOutcome::Tried(tried) => {
            let reached = tried.ways.iter().filter(|tries| tries.effect == Effect::Reached).count();
            format!("{reached} of {} ways reach their goal", tried.ways.len())
        }
        other => format!("{}: {}", other.word(), other.reason()),
    }
}

/// The cells of an interrupted run that the resumed run keeps: those that did not fail, and that tried the ways which
/// `asked` names.
pub(super) fn keep<'a>(
    earlier: Vec<Ended>,
    cells: &[ScenarioCell<'_>],
    asked: impl Fn(ScenarioCell<'_>) -> Vec<&'a str>,
) -> Done {
    let mut all: Done = earlier.into_iter().map(|cell| (cell.to_string(), cell)).collect();
    let kept = cells.iter().filter_map(|cell| {
        let (name, ended) = all.remove_entry(&cell.to_string())?;
        let is_kept = match &ended.outcome {
            ScenarioOutcome::Tried(tried) => tried.ways.iter().map(|tries| &*tries.way).eq(asked(*cell)),
            ScenarioOutcome::Unsupported(_) => true,
            ScenarioOutcome::Failed(_) => false,
        };
        is_kept.then_some((name, ended))
    });
    kept.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_of_one_machine_come_together_and_kernels_one_after_another() {
        let (userns, exec) = (find("userns"), find("exec"));
        let mut cells = Vec::new();
        for kernel in ["a", "b"] {
            for scenario in [userns, exec] {
                for policy in ["none", "audit+watch", "sysctl+deny"] {
                    cells.push(ScenarioCell { kernel, scenario, policy: policy.parse().unwrap() });
                }
            }
        }
        let sorted = by_machine(cells, |cell| cell.policy.policy.mechanism.replace("sysctl", "none"));
        let names: Vec<String> = sorted.iter().map(|(_, cell)| cell.to_string()).collect();
        let of = |kernel: &str| {
            [
                "userns/none",
                "userns/sysctl+deny",
                "exec/none",
                "exec/sysctl+deny",
                "userns/audit+watch",
                "exec/audit+watch",
            ]
            .map(|name| format!("{kernel}/{name}"))
        };
        assert_eq!(names, [of("a"), of("b")].concat());
        assert_eq!(sorted[0].0, "a/none");
    }

    fn find(name: &str) -> &'static hookbench_scenarios::Scenario {
        hookbench_scenarios::find(name).unwrap()
    }
}
