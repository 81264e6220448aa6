//! The reports of a run of scenarios: which policies see and stop which ways. The first thing in each is the matrix of
//! scenarios and policies; each verdict leads to its evidence, which is on pages of its own.

use hookbench_analysis::scenario::Verdicts;
use hookbench_results::described::{ScenarioRecord, WayRecord};
use hookbench_results::{Run, ScenarioCell, ScenarioOutcome};

use crate::text::one_line;

pub mod claims;
mod command;
pub mod csv;
pub mod evidence;
pub mod html;
pub mod markdown;
mod matrix;
mod price;
pub mod terminal;
#[cfg(test)]
mod tests;
mod words;

pub use command::command;

/// Whether the reports of `run` are about scenarios.
pub fn is_about(run: &Run) -> bool {
    run.measurements.is_empty() && !run.scenarios.is_empty()
}

/// What all formats share.
struct View<'r> {
    run: &'r Run,
    verdicts: Verdicts<'r>,
    /// The kernels, in the run's order.
    kernels: Vec<&'r str>,
    /// The scenarios, in the run's order.
    scenarios: Vec<&'r str>,
    /// The policies without `none`, in the run's order.
    policies: Vec<&'r str>,
}

impl<'r> View<'r> {
    fn new(run: &'r Run) -> View<'r> {
        let of = |name: fn(&'r ScenarioCell) -> &'r str| {
            let mut names: Vec<&str> = Vec::new();
            for cell in &run.scenarios {
                if !names.contains(&name(cell)) {
                    names.push(name(cell));
                }
            }
            names
        };
        let mut policies = of(|cell| &cell.policy);
        policies.retain(|policy| *policy != hookbench_results::scenario::NO_POLICY);
        View {
            run,
            verdicts: Verdicts::new(run),
            kernels: of(|cell| &cell.kernel),
            scenarios: of(|cell| &cell.scenario),
            policies,
        }
    }

    /// The names of the ways of `scenario` that a cell tried, in the run's order.
    fn ways(&self, scenario: &str) -> Vec<&'r str> {
        let mut names: Vec<&str> = Vec::new();
        let cells = self.run.scenarios.iter().filter(|cell| cell.scenario == scenario);
        for tries in cells.filter_map(ScenarioCell::tried).flat_map(|tried| &tried.ways) {
            if !names.contains(&&*tries.way) {
                names.push(&tries.way);
            }
        }
        names
    }

    /// What the run says about `scenario`.
    fn described(&self, scenario: &str) -> Option<&'r ScenarioRecord> {
        self.run.environment.scenarios.iter().find(|record| record.name == scenario)
    }

    /// What the run says about `way`.
    fn described_way(&self, scenario: &str, way: &str) -> Option<&'r WayRecord> {
        self.described(scenario)?.ways.iter().find(|record| record.name == way)
    }

    /// Whether `way` is an allowed neighbour.
    fn is_allowed(&self, scenario: &str, way: &str) -> bool {
        self.described_way(scenario, way).is_some_and(|record| record.allowed)
    }
}

/// A failed cell in two lines: why, and the command that runs it alone.
pub fn failure(run: &Run, cell: &ScenarioCell) -> String {
    let kind = match &cell.outcome {
        ScenarioOutcome::Failed(failure) => failure.kind.name(),
        ScenarioOutcome::Tried(_) | ScenarioOutcome::Unsupported(_) => cell.outcome.word(),
    };
    let line = one_line(&format!("{cell}: {}", cell.outcome.reason()));
    format!("{kind}: {line}\n    {} --console", command(run, cell, None))
}
