//! A run of scenarios for a terminal: a table of policies and scenarios for each kernel, or the verdicts on a single
//! way.

use hookbench_results::Run;

use super::View;
use crate::columns::{self, Align};
use crate::terminal::WIDTH;
use crate::text::one_line;

/// What stands behind a number.
const MARKS: &str =
    "! breaks allowed neighbours  * records allowed neighbours  ? ways without a verdict  – unsupported\n";

/// What a cost is.
const COST: &str = "cost: instructions that the policy executes in an allowed neighbour, and percent of it";

/// The run as tables.
pub fn tables(run: &Run) -> String {
    let view = View::new(run);
    match (&view.scenarios[..], view.scenarios.iter().map(|scenario| view.ways(scenario).len()).sum()) {
        ([scenario], 1_usize) => of_way(&view, scenario) + &remarks(&view),
        ([scenario], _) => {
            let tables: String =
                view.kernels.iter().map(|kernel| of_scenario(&view, kernel, scenario)).collect();
            tables + MARKS + &costs(&view) + &remarks(&view)
        }
        _ => {
            let tables: String = view.kernels.iter().map(|kernel| of_kernel(&view, kernel)).collect();
            tables + MARKS + &costs(&view) + &remarks(&view)
        }
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
                None => {
                    let cell = view.run.find_scenario(kernel, scenario, policy);
                    cell.map_or_else(String::new, |cell| match cell.tried() {
                        Some(_) => "no verdict".into(),
                        None => cell.outcome.word().into(),
                    })
                }
            };
        rows.push([one_line(policy)].into_iter().chain(view.kernels.iter().map(word)).collect());
    }
    lines(&rows)
}

/// What a reader of verdicts on custom ways has to know: why some have none, and notes. Each is said once, with its
/// cells.
fn remarks(view: &View<'_>) -> String {
    let mut said: Vec<(String, Vec<String>)> = Vec::new();
    for cell in &view.run.scenarios {
        let is_custom =
            |way: &str| view.described_way(&cell.scenario, way).is_some_and(|record| record.custom.is_some());
        let ways = cell.tried().into_iter().flat_map(|tried| &tried.ways);
        for tries in ways.filter(|tries| is_custom(&tries.way)) {
            let invalid = tries.invalid.iter().map(|why| format!("invalid: {why}"));
            for remark in invalid.chain(tries.notes.iter().cloned()) {
                match said.iter_mut().find(|(known, _)| *known == remark) {
                    Some((_, cells)) => cells.push(cell.to_string()),
                    None => said.push((remark, vec![cell.to_string()])),
                }
            }
        }
    }
    let line = |(remark, cells): &(String, Vec<String>)| {
        let [first, rest @ ..] = &cells[..] else { return String::new() };
        let more = if rest.is_empty() { String::new() } else { format!(" and {} more", rest.len()) };
        format!("{} ({}{more})\n", one_line(remark), one_line(first))
    };
    said.iter().map(line).collect()
}

/// What stands under the tables about costs.
fn costs(view: &View<'_>) -> String {
    match view.has_prices() {
        true => format!("{COST}\n"),
        false => {
            Some(view.unpriced()).filter(|why| !why.is_empty()).map_or_else(String::new, |why| why + "\n")
        }
    }
}

/// The coverage of the only scenario with costs and sizes: a line for each policy.
fn of_scenario(view: &View<'_>, kernel: &str, scenario: &str) -> String {
    let (has_prices, has_lines) = (view.has_prices(), view.has_lines());
    let more = [(has_prices, "cost in instructions"), (has_lines, "lines")];
    let named = more.iter().filter(|(has, _)| *has).map(|(_, name)| (*name).to_owned());
    let mut rows: Vec<Vec<String>> = vec![header(kernel, &[scenario]).into_iter().chain(named).collect()];
    for policy in &view.policies {
        let covered =
            view.field(kernel, scenario, policy).map_or_else(String::new, |field| field.text + &field.marks);
        let mut row = vec![one_line(policy), covered];
        let cost = || view.price(kernel, scenario, policy).map_or_else(String::new, |price| price.text);
        let lines = || view.lines(scenario, policy).map_or_else(String::new, |lines| lines.to_string());
        row.extend(has_prices.then(cost));
        row.extend(has_lines.then(lines));
        rows.push(row);
    }
    lines(&rows) + "\n"
}

/// The matrix with a line for each policy, in as many tables as the width needs.
fn of_kernel(view: &View<'_>, kernel: &str) -> String {
    let mut rows = vec![header(kernel, &view.scenarios)];
    for policy in &view.policies {
        let field = |scenario: &&str| {
            view.field(kernel, scenario, policy).map_or_else(String::new, |field| field.text + &field.marks)
        };
        rows.push([one_line(policy)].into_iter().chain(view.scenarios.iter().map(field)).collect());
    }
    let mut tables = tables_of(&rows);
    if view.has_prices() {
        tables.extend(tables_of(&cost_rows(view, kernel)));
    }
    tables.iter().map(|rows| lines(rows) + "\n").collect()
}

/// The costs, likewise.
fn cost_rows(view: &View<'_>, kernel: &str) -> Vec<Vec<String>> {
    let mut rows = vec![header(&format!("{} cost", one_line(kernel)), &view.scenarios)];
    for policy in &view.policies {
        let cost = |scenario: &&str| {
            view.price(kernel, scenario, policy).map_or_else(String::new, |price| price.text)
        };
        rows.push([one_line(policy)].into_iter().chain(view.scenarios.iter().map(cost)).collect());
    }
    rows
}

/// The rows with their first column and as many of the others as a line holds, for all of the others.
fn tables_of(rows: &[Vec<String>]) -> Vec<Vec<Vec<String>>> {
    let columns = rows.first().map_or(0, Vec::len);
    let widths = columns::widths(rows, columns);
    let mut tables: Vec<Vec<usize>> = Vec::new();
    let mut room = 0;
    for (column, width) in widths.iter().enumerate().skip(1) {
        let wanted = width + columns::GAP.len();
        match tables.last_mut().filter(|_| wanted <= room) {
            Some(table) => table.push(column),
            None => {
                tables.push(vec![0, column]);
                room = WIDTH.saturating_sub(widths[0]);
            }
        }
        room = room.saturating_sub(wanted);
    }
    let row =
        |table: &Vec<usize>, row: &Vec<String>| table.iter().map(|&column| row[column].clone()).collect();
    tables.iter().map(|table| rows.iter().map(|one| row(table, one)).collect()).collect()
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
