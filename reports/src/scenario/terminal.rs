//! A run of scenarios for a terminal: a table of policies and scenarios for each kernel, or the verdicts on a single
//! way.

use hookbench_results::Run;

use super::View;
use crate::columns::{self, Align};
use crate::terminal::WIDTH;
use crate::text::one_line;

/// The run as tables.
pub fn tables(run: &Run) -> String {
    let view = View::new(run);
    match (&view.scenarios[..], view.scenarios.iter().map(|scenario| view.ways(scenario).len()).sum()) {
        ([scenario], 1_usize) => of_way(&view, scenario),
        _ => view.kernels.iter().map(|kernel| of_kernel(&view, kernel)).collect(),
    }
}

/// The verdicts on the only way: a line for each policy, a column for each kernel.
fn of_way(view: &View<'_>, scenario: &str) -> String {
    let way = view.ways(scenario).first().copied().unwrap_or_default();
    let mut rows = vec![header(&format!("{scenario}/{way}"), &view.kernels)];
    let none = hookbench_results::scenario::NO_POLICY;
    for policy in [none].iter().chain(&view.policies) {
        let word =
            |kernel: &&str| match view.verdicts.find(kernel, scenario, policy).and_then(|cell| cell.way(way))
            {
                Some(verdict) => verdict.all_words(),
                None => view.field(kernel, scenario, policy).map_or_else(String::new, |field| field.text),
            };
        rows.push([one_line(policy)].into_iter().chain(view.kernels.iter().map(word)).collect());
    }
    lines(&rows)
}

fn of_kernel(view: &View<'_>, kernel: &str) -> String {
    let mut rows = vec![header(kernel, &view.scenarios)];
    for policy in &view.policies {
        let field = |scenario: &&str| {
            let field = view.field(kernel, scenario, policy);
            field.map_or_else(String::new, |field| {
                if field.notes.is_empty() {
                    field.text
                } else {
                    format!("{} ({})", field.text, field.notes.join(", "))
                }
            })
        };
        rows.push([one_line(policy)].into_iter().chain(view.scenarios.iter().map(field)).collect());
    }
    lines(&rows) + "\n"
}

fn header(first: &str, others: &[&str]) -> Vec<String> {
    [first].iter().chain(others).map(|name| one_line(name)).collect()
}

fn lines(rows: &[Vec<String>]) -> String {
    let columns = rows.first().map_or(0, Vec::len);
    let mut widths = columns::widths(rows, columns);
    columns::narrow(&mut widths, WIDTH);
    let line = |row: &Vec<String>| columns::line(row, &widths, |_| Align::Left).trim_end().to_owned() + "\n";
    rows.iter().map(line).collect()
}
