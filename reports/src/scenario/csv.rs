//! `scenarios.csv`: one line per way and cell, in the run's order, for scripts. A cell that was not tried has one line
//! without a way. A column never changes its meaning or its place.

use hookbench_analysis::scenario::{CellVerdicts, Verdict, WayVerdict};
use hookbench_model::{Refusal, Share};
use hookbench_results::{Run, ScenarioCell};
use hookbench_scenarios::Effect;
use hookbench_scenarios::exchange::{Cost, Tries};

use super::View;
use crate::csv::{document, field};

/// The columns, in order.
pub const COLUMNS: [&str; 23] = [
    "kernel",
    "scenario",
    "policy",
    "outcome",
    "reason",
    "way",
    "allowed",
    "verdict",
    "seen",
    "stopped",
    "effect",
    "errno",
    "hindered",
    "signal",
    "records",
    "record",
    "cost_instructions",
    "cost_percent",
    "cost_exact_operations",
    "cost_operations",
    "operation_instructions",
    "no_cost",
    "lines",
];

/// The columns of a cell; the others are those of a way.
const OF_CELL: usize = 5;

/// The run as CSV with a header.
pub fn render(run: &Run) -> String {
    let view = View::new(run);
    let mut records = Vec::new();
    for cell in &run.scenarios {
        let verdicts = view.verdicts.find(&cell.kernel, &cell.scenario, &cell.policy);
        match cell.tried() {
            Some(tried) => {
                records.extend(tried.ways.iter().map(|tries| of_way(&view, cell, verdicts, tries)))
            }
            None => {
                let empty = vec![String::new(); COLUMNS.len() - OF_CELL];
                records.push(of_cell(cell).into_iter().chain(empty).collect());
            }
        }
    }
    document(&COLUMNS, records.into_iter())
}

fn of_cell(cell: &ScenarioCell) -> Vec<String> {
    let ScenarioCell { kernel, scenario, policy, outcome } = cell;
    let words = [outcome.word().to_owned(), field(outcome.reason())];
    [field(kernel), field(scenario), field(policy)].into_iter().chain(words).collect()
}

fn of_way(
    view: &View<'_>,
    cell: &ScenarioCell,
    verdicts: Option<&CellVerdicts<'_>>,
    tries: &Tries,
) -> Vec<String> {
    let verdict = verdicts.and_then(|cell| cell.way(&tries.way));
    let mut fields = of_cell(cell);
    fields[4] = field(reason(verdict, tries));
    let errno =
        |errno: Option<i32>| errno.map_or_else(String::new, |errno| Refusal::Errno(errno).to_string());
    let signal = tries.signal.map_or_else(String::new, |signal| Refusal::Signal(signal).to_string());
    let records = tries.more_records.unwrap_or(tries.records.len() as u64);
    let allowed = view.is_allowed(&cell.scenario, &tries.way);
    fields.extend([
        field(&tries.way),
        if allowed { "yes" } else { "no" }.into(),
        verdict.map_or_else(String::new, WayVerdict::words),
        part(verdict, true),
        part(verdict, false),
        match tries.effect {
            Effect::Reached => "reached".into(),
            Effect::NotReached => "not reached".into(),
        },
        errno(tries.errno),
        errno(tries.hindered),
        signal,
        records.to_string(),
        tries
            .records
            .first()
            .map_or_else(String::new, |record| field(&format!("{} {}", record.what, record.text))),
    ]);
    fields.extend(price(cell, &tries.way));
    fields
}

/// What the policy costs the way, and the policy's size.
fn price(cell: &ScenarioCell, way: &str) -> Vec<String> {
    let price = cell.tried().and_then(|tried| tried.prices.iter().find(|price| price.way == way));
    let mut fields = vec![String::new(); 5];
    if let Some(Cost { operation, parts }) = price.and_then(|price| price.cost.as_ref()) {
        let percent = 100.0 * parts.direct_p50 as f64 / *operation as f64;
        let Share { operations, of } = parts.direct_share;
        fields = vec![
            parts.direct_p50.to_string(),
            if percent.is_finite() { format!("{percent:.4}") } else { String::new() },
            operations.to_string(),
            of.to_string(),
            operation.to_string(),
        ];
    }
    let why = price.and_then(|price| price.why.as_deref());
    let lines = cell.tried().and_then(|tried| tried.lines);
    fields.extend([
        why.map_or_else(String::new, field),
        lines.map_or_else(String::new, |lines| lines.to_string()),
    ]);
    fields
}

fn reason<'a>(verdict: Option<&'a WayVerdict<'_>>, tries: &'a Tries) -> &'a str {
    match verdict.map(|way| &way.verdict) {
        Some(Verdict::Invalid(why)) => why,
        _ => tries.invalid.as_deref().unwrap_or_default(),
    }
}

/// What the policy saw, or what it stopped.
fn part(verdict: Option<&WayVerdict<'_>>, seen: bool) -> String {
    match verdict.map(|way| &way.verdict) {
        Some(Verdict::Forbidden { seen: Some(word), .. }) if seen => word.word().into(),
        Some(Verdict::Forbidden { stop: Some(stop), .. }) if !seen => stop.words(),
        _ => String::new(),
    }
}
