//! `report.md` of a run of scenarios: the matrix of each kernel, what nobody sees, what differs between kernels, and
//! the verdicts on each way.

use hookbench_analysis::scenario::{Nobody, differences, nobody_sees, nobody_stops};
use hookbench_results::{Run, ScenarioOutcome};

use super::{View, evidence, price, words};
use crate::markdown::{code, escaped, table};

/// The run as Markdown.
pub fn render(run: &Run) -> String {
    let view = View::new(run);
    let parts = [
        format!(
            "# What sees it, and what stops it\n\n{}\n\n{}\n",
            escaped(&words::counts(&view)),
            words::MATRIX
        ),
        view.kernels.iter().map(|kernel| matrix(&view, kernel)).collect(),
        costs(&view),
        lines(&view),
        failed(run),
        nobody("Ways that no policy sees", &nobody_sees(&view.verdicts)),
        nobody("Ways that no policy stops", &nobody_stops(&view.verdicts)),
        between_kernels(&view),
        view.scenarios.iter().map(|scenario| ways(&view, scenario)).collect(),
        meanings(),
    ];
    parts.concat()
}

fn header<'a>(first: &str, names: impl Iterator<Item = &'a &'a str>) -> Vec<String> {
    [first.to_owned()].into_iter().chain(names.map(|name| code(name))).collect()
}

/// A table with these columns.
fn with_header(header: &[String], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    table(&header.iter().map(String::as_str).collect::<Vec<_>>(), rows)
}

fn matrix(view: &View<'_>, kernel: &str) -> String {
    let rows = view.scenarios.iter().map(|scenario| {
        let field = |policy: &&str| {
            view.field(kernel, scenario, policy).map_or_else(String::new, |field| {
                let notes: String = field.notes.iter().map(|note| format!(", {note}")).collect();
                escaped(&(field.text + &notes))
            })
        };
        [code(scenario)].into_iter().chain(view.policies.iter().map(field)).collect()
    });
    let head = header("scenario", view.policies.iter());
    format!("\n## Kernel {}\n\n{}", escaped(kernel), with_header(&head, rows))
}

/// What policies cost, on each kernel.
fn costs(view: &View<'_>) -> String {
    if !view.has_prices() {
        let why = escaped(&view.unpriced());
        return if why.is_empty() { why } else { format!("\n## Cost\n\n{why}\n") };
    }
    let table = |kernel: &&str| {
        let cost = |scenario: &str, policy: &str| Some(escaped(&view.price(kernel, scenario, policy)?.text));
        format!("\nKernel {}, in instructions:\n\n{}", escaped(kernel), by_policy(view, cost))
    };
    let tables: String = view.kernels.iter().map(table).collect();
    format!("\n## Cost\n\n{}\n{tables}", price::MEANING)
}

/// How large policies are.
fn lines(view: &View<'_>) -> String {
    if !view.has_lines() {
        return String::new();
    }
    let table = by_policy(view, |scenario, policy| Some(view.lines(scenario, policy)?.to_string()));
    format!("\n## Lines\n\n{}\n\n{table}", price::LINES)
}

/// A table of the scenarios and policies that have something. Others are left out.
fn by_policy(view: &View<'_>, field: impl Fn(&str, &str) -> Option<String>) -> String {
    let has = |scenario: &str| view.policies.iter().any(|policy| field(scenario, policy).is_some());
    let rows = view.scenarios.iter().filter(|scenario| has(scenario)).map(|scenario| {
        let fields = view.policies.iter().map(|policy| field(scenario, policy).unwrap_or_default());
        [code(scenario)].into_iter().chain(fields).collect()
    });
    with_header(&header("scenario", view.policies.iter()), rows)
}

fn failed(run: &Run) -> String {
    let failed = run.scenarios.iter().filter(|cell| matches!(cell.outcome, ScenarioOutcome::Failed(_)));
    let lines: String = failed
        .map(|cell| format!("- {}: {}\n", code(&cell.to_string()), escaped(cell.outcome.reason())))
        .collect();
    if lines.is_empty() { lines } else { format!("\n## Failed cells\n\n{lines}") }
}

fn nobody(heading: &str, ways: &[Nobody<'_>]) -> String {
    let line = |nobody: &Nobody<'_>| {
        let name = code(&format!("{}/{}", nobody.scenario, nobody.way));
        format!("- {name}, {}\n", escaped(&words::kernels(nobody)))
    };
    let lines: String = ways.iter().map(line).collect();
    if lines.is_empty() { lines } else { format!("\n## {heading}\n\n{lines}") }
}

fn between_kernels(view: &View<'_>) -> String {
    let rows: Vec<Vec<String>> = differences(&view.verdicts)
        .iter()
        .map(|difference| {
            let policies: Vec<String> = difference.policies.iter().map(|policy| code(policy)).collect();
            let verdicts: Vec<String> = difference
                .verdicts
                .iter()
                .map(|(word, kernels)| format!("{}: {}", escaped(&words::list(kernels)), escaped(word)))
                .collect();
            vec![code(difference.scenario), code(difference.way), policies.join(", "), verdicts.join("; ")]
        })
        .collect();
    if rows.is_empty() {
        return String::new();
    }
    let head = ["scenario", "way", "policies", "verdicts by kernel"];
    format!("\n## What differs between kernels\n\n{}", table(&head, rows))
}

/// The verdicts on the ways of a scenario. Kernels with the same verdicts share a table.
fn ways(view: &View<'_>, scenario: &str) -> String {
    let mut tables: Vec<(String, Vec<&str>)> = Vec::new();
    for kernel in &view.kernels {
        let table = ways_on(view, scenario, kernel);
        match tables.iter_mut().find(|(known, _)| *known == table) {
            Some((_, kernels)) => kernels.push(kernel),
            None => tables.push((table, vec![kernel])),
        }
    }
    let about = escaped(&words::about(view, scenario));
    let mut text = format!("\n## {}\n\n{about}\n", escaped(scenario));
    for (table, kernels) in tables {
        let evidence: Vec<String> = kernels
            .iter()
            .map(|kernel| format!("[{}]({})", escaped(kernel), evidence::address(kernel, scenario)))
            .collect();
        text += &format!("\nKernel {} (the links lead to the evidence):\n\n{table}", evidence.join(", "));
    }
    text
}

fn ways_on(view: &View<'_>, scenario: &str, kernel: &str) -> String {
    let rows = view.ways(scenario).into_iter().map(|way| {
        let word = |policy: &&str| {
            let verdict = view.verdicts.find(kernel, scenario, policy).and_then(|cell| cell.way(way));
            verdict.map_or_else(String::new, |verdict| escaped(&verdict.words()))
        };
        let name = match view.is_allowed(scenario, way) {
            true => format!("{} (allowed)", code(way)),
            false => code(way),
        };
        let none = [hookbench_results::scenario::NO_POLICY];
        [name].into_iter().chain(none.iter().chain(&view.policies).map(word)).collect()
    });
    let none = ["none"];
    with_header(&header("way", none.iter().chain(&view.policies)), rows)
}

fn meanings() -> String {
    let lines = words::MEANINGS.iter().map(|(word, meaning)| format!("- {word}: {meaning}\n"));
    format!("\n## What the words mean\n\n{}", lines.collect::<String>())
}
