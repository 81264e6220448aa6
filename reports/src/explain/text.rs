//! The table for the terminal: the functions that changed most, then sums that add up.

use hookbench_analysis::attribution::explanation::{FunctionCost, Parts};

use super::{ExplanationReport, phrases};
use crate::columns::{self, Align};
use crate::terminal::WIDTH;
use crate::text::{count, one_line, signed};

/// The most functions that are shown.
const ROWS: usize = 20;
/// Of these, those that are always left for functions of the hook, if there are as many.
const OF_HOOK: usize = 14;

/// The unit of all numbers, as the header of the first column.
const HEADER: &str = "instructions per operation";

/// The explanation as text.
pub fn render(report: &ExplanationReport<'_>) -> String {
    let functions = phrases::functions(report);
    let mut text = wrapped(&phrases::headline(report)) + "\n";
    if report.against.is_none() {
        text += &wrapped(&phrases::sentences(report).join(" "));
        text.push('\n');
    }
    text += &table(&functions, report.against.is_some());
    text.push('\n');
    text += &sums(report);
    text.push('\n');
    for (word, meaning) in phrases::WORDS.iter().filter(|(word, _)| text.contains(*word)).collect::<Vec<_>>()
    {
        text += &wrapped(&format!("{word}: {meaning}"));
    }
    text
}

fn wrapped(sentence: &str) -> String {
    textwrap::fill(&one_line(sentence), WIDTH) + "\n"
}

/// The functions with a change of their own.
fn table(functions: &[FunctionCost], are_differences: bool) -> String {
    let hook_of = |parts: Parts| phrases::shown(parts.direct, are_differences);
    let (hook, others): (Vec<_>, Vec<_>) = functions
        .iter()
        .filter(|function| !function.own.is_nothing())
        .partition(|function| function.own.direct != 0);
    let sum_row = |what: &str, sum: Parts| {
        row(what, [hook_of(sum), String::new(), signed(sum.side_effects()), String::new()])
    };
    let of_hook = hook.len().min(OF_HOOK.max(ROWS.saturating_sub(others.len())));
    let of_others = others.len().min(ROWS - of_hook);
    let shown = hook[..of_hook].iter().chain(&others[..of_others]);
    let left: Vec<_> = hook[of_hook..].iter().chain(&others[of_others..]).collect();
    let mut rows = vec![row(HEADER, ["hook self", "total", "side effects self", "total"].map(String::from))];
    rows.extend(shown.map(|FunctionCost { name, own, total }| {
        let numbers =
            [hook_of(*own), hook_of(*total), signed(own.side_effects()), signed(total.side_effects())];
        row(&one_line(name), numbers)
    }));
    if !left.is_empty() {
        let sum = left.iter().fold(Parts::default(), |sum, function| sum.plus(function.own));
        let what = count(left.len(), "other function");
        rows.push(sum_row(&what, sum));
    }
    let sum = functions.iter().fold(Parts::default(), |sum, function| sum.plus(function.own));
    rows.push(sum_row("all functions", sum));
    lines(&rows)
}

fn row(name: &str, numbers: [String; 4]) -> Vec<String> {
    std::iter::once(name.to_string()).chain(numbers).collect()
}

fn sums(report: &ExplanationReport<'_>) -> String {
    let mut rows = Vec::new();
    let headers = phrases::sum_headers(report);
    rows.push(std::iter::once(HEADER.to_string()).chain(headers).collect());
    for sum in phrases::sums(report) {
        let what = if sum.is_part { format!("  {}", sum.what) } else { sum.what.into() };
        rows.push(std::iter::once(what).chain(sum.shown()).collect());
    }
    lines(&rows)
}

/// Rows of a name and numbers.
fn lines(rows: &[Vec<String>]) -> String {
    let mut widths = columns::widths(rows, rows.first().map_or(0, Vec::len));
    columns::narrow(&mut widths, WIDTH);
    let align = |column| if column == 0 { Align::Left } else { Align::Right };
    rows.iter().map(|row| columns::line(row, &widths, align).trim_end().to_string() + "\n").collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::unsigned_if_positive;

    fn function(name: &str, direct: i64, indirect: i64) -> FunctionCost {
        let own = Parts { direct, indirect, ..Parts::default() };
        FunctionCost { name: name.into(), own, total: own }
    }

    #[test]
    fn a_long_table_has_functions_of_the_hook_and_of_side_effects_and_the_rest_in_one_row() {
        let hook = (0..30).map(|number| function(&format!("hook_{number}"), 100 - number, 0));
        let others = (0..30).map(|number| function(&format!("other_{number}"), 0, number - 100));
        let text = table(&hook.chain(others).collect::<Vec<_>>(), false);
        assert_eq!(text.matches("hook_").count(), OF_HOOK);
        assert_eq!(text.matches("other_").count(), ROWS - OF_HOOK);
        let sum = |begin: i64| (begin..30).map(|number| 100 - number).sum::<i64>();
        let line = text.lines().find(|line| line.starts_with("40 other functions")).unwrap();
        let numbers: Vec<&str> = line.split_whitespace().skip(3).collect();
        assert_eq!(numbers, [unsigned_if_positive(sum(14)), format!("-{}", unsigned_if_positive(sum(6)))]);
        let few = table(
            &(0..30).map(|number| function(&format!("hook_{number}"), 9, 0)).collect::<Vec<_>>(),
            false,
        );
        assert_eq!(few.matches("hook_").count(), ROWS);
    }
}
