//! `report.md`: the answer, all tables, the published numbers beside ours and
//! the environment, as text that a tracker or an editor shows.

use hookbench_results::{Measurement, Outcome, Run, Summary};

use crate::literature::{self, ComparedCondition, LiteratureComparison};
use crate::loading::{self, ABOUT, STEPS};
use crate::matrix::{self, Matrix};
use crate::section::{self, Row, Section};
use crate::sweep::{self, Sweep};
use crate::{environment, noise, summary, text};

/// The run as Markdown.
pub fn render(run: &Run) -> String {
    let sections = section::sections(run);
    let parts = [
        format!("# What watching costs\n\n{}\n", opening(run, &sections)),
        kernels(&matrix::matrices(run, &sections)),
        sweeps(&sweep::sweeps(run, &sections)),
        workloads(&sections),
        loaders(&loading::tables(run, &sections)),
        published(&sections),
        calibration(run),
        made_by(run),
        without_numbers(run),
    ];
    parts.concat()
}

pub(crate) fn opening(run: &Run, sections: &[Section<'_>]) -> String {
    let sentences = summary::sentences(run, sections).join(" ");
    // Names stand between backticks, and no name has one: every second part is a name.
    let parts = sentences.split('`').enumerate();
    parts.map(|(index, part)| if index % 2 == 1 { format!("`{part}`") } else { plain(part) }).collect()
}

/// Foreign text in a cell or a paragraph: nothing in it is markup.
pub(crate) fn escaped(foreign: &str) -> String {
    plain(&text::one_line(foreign))
}

/// A line in which nothing is markup.
fn plain(line: &str) -> String {
    let mut escaped = String::with_capacity(line.len());
    for c in line.chars() {
        match c {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '|' | '`' | '*' | '_' | '[' | ']' | '\\' | '#' | '~' | '!' => escaped.extend(['\\', c]),
            _ => escaped.push(c),
        }
    }
    escaped
}

/// Foreign text as code: without the one character that would end it, and
/// without a backslash that would take the next one's from a bar.
pub(crate) fn code(foreign: &str) -> String {
    let inner = text::name(foreign).replace("\\|", "\u{fffd}|").replace('|', "\\|");
    if inner.is_empty() { String::new() } else { format!("`{inner}`") }
}

pub(crate) fn table(header: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let rule: Vec<&str> = header.iter().map(|name| if is_number(name) { "---:" } else { ":---" }).collect();
    let mut lines = vec![format!("| {} |", header.join(" | ")), format!("| {} |", rule.join(" | "))];
    lines.extend(rows.into_iter().map(|row| format!("| {} |", row.join(" | "))));
    lines.join("\n") + "\n"
}

/// The columns that stand to the right.
fn is_number(column: &str) -> bool {
    [
        "n",
        "min",
        "p50",
        "p90",
        "p99",
        "max",
        "mean",
        "added",
        "ratio",
        "seen/lost",
        "attach",
        "memory",
        "published",
        "base",
        "new",
        "change",
        "%",
        "open",
        "load",
        "verify",
        "whole",
        "agent",
    ]
    .contains(&column.split(' ').next().unwrap_or_default())
}

fn workloads(sections: &[Section<'_>]) -> String {
    let left_out = section::left_out(sections);
    let mut text = if left_out.is_empty() { left_out } else { format!("\n{}\n", escaped(&left_out)) };
    let shown = section::in_full(sections);
    for (workload, group) in section::gathered(shown, |section| section.cell.workload.as_str()) {
        text += &format!("\n## {}\n", escaped(workload));
        for section in group {
            text += &workload_section(section);
        }
    }
    text
}

fn workload_section(section: &Section<'_>) -> String {
    let unit = text::unit_and_clock(section.clock, section.cell.target);
    let header = [
        "monitor",
        "p50",
        "added",
        "ratio",
        "seen/lost",
        "outcome",
        "min",
        "p90",
        "p99",
        "max",
        "mean",
        "n",
        "attach",
        "memory (bytes)",
    ];
    let rows = section.rows.iter().map(row_fields);
    format!(
        "\n### {}, {}\n\nPer operation, in {unit}; attaching in the same unit, once.\n\n{}{}{}",
        code(&section.operation()),
        escaped(&section.place()),
        table(&header, rows),
        noise(section),
        notes(section),
    )
}

fn row_fields(row: &Row<'_>) -> Vec<String> {
    let (added, summary) = (row.added, row.summary);
    let number = |value: Option<u64>| value.map_or_else(String::new, text::grouped);
    let of = |pick: fn(Summary) -> u64| number(summary.map(pick));
    let memory = row.measured().and_then(|measured| measured.memory_bytes);
    vec![
        code(&row.monitor()),
        of(|summary| summary.p50),
        added.map_or_else(String::new, |added| text::signed(added.p50)),
        added.map_or_else(String::new, |added| text::ratio(added.ratio)),
        row.seen_lost(),
        escaped(&row.outcome()),
        of(|summary| summary.min),
        of(|summary| summary.p90),
        of(|summary| summary.p99),
        of(|summary| summary.max),
        summary.map_or_else(String::new, |summary| text::mean(summary.mean)),
        of(|summary| summary.n as u64),
        number(row.measured().and_then(|measured| measured.attach_cost)),
        memory.map_or_else(String::new, text::signed),
    ]
}

/// What is said beside the numbers of a clock with noise.
fn noise(section: &Section<'_>) -> String {
    let shown = |found: noise::NoiseTable| {
        let mut rows = found.rows;
        rows.iter_mut().for_each(|row| {
            row.iter_mut().skip(1).for_each(|field| *field = escaped(field));
            row.iter_mut().take(1).for_each(|monitor| *monitor = code(monitor));
        });
        table(found.header, rows)
    };
    let intervals = noise::intervals(section).map(|found| format!("\n{}\n\n{}", noise::ABOUT, shown(found)));
    let clocks = noise::clocks(section).map(|found| {
        let about = "Other clocks of the same operations. `to first` is the median of the differences, \
                     operation by operation; `of nothing` what the clock says of an empty section or a system \
                     call that does nothing; `cost` what having it on adds to such a call, in TSC cycles.";
        format!("\n{about}\n\n{}", shown(found))
    });
    intervals.into_iter().chain(clocks).collect()
}

fn loaders(tables: &[loading::LoaderTable]) -> String {
    if tables.is_empty() {
        return String::new();
    }
    let header = [&["monitor", "loader"][..], &STEPS].concat();
    let mut text = format!("\n## Loaders beside each other\n\n{ABOUT}\n");
    for one in tables {
        let rows = one
            .lines
            .iter()
            .map(|line| [&[code(&line.monitor), code(&line.loader)][..], &line.steps].concat());
        text += &format!("\n### {}\n\n{}", escaped(&one.title), table(&header, rows));
    }
    text
}

fn notes(section: &Section<'_>) -> String {
    let notes = section.notes();
    if notes.is_empty() {
        return String::new();
    }
    let lines = notes.iter().map(|(monitor, note)| format!("- {}: {}\n", code(monitor), escaped(note)));
    format!("\nNotes:\n\n{}", lines.collect::<String>())
}

/// Kernels beside each other.
fn kernels(matrices: &[Matrix<'_, '_>]) -> String {
    if matrices.is_empty() {
        return String::new();
    }
    let about = "What each monitor adds to the median of one operation on each kernel, and of `none` that \
                 median itself. Why a field has no number stands at the end.";
    let tables = matrices.iter().map(|matrix| {
        let lines = matrix.lines.iter().map(|(monitor, fields)| {
            let fields = fields.iter().map(|row| escaped(&matrix::field(*row)));
            std::iter::once(code(monitor)).chain(fields).collect()
        });
        let table = table_of_numbers("monitor", matrix.kernels.iter().map(|kernel| escaped(kernel)), lines);
        format!("\n### {}\n\n{table}", escaped(&matrix.title()))
    });
    format!("\n## Kernels beside each other\n\n{about}\n{}", tables.collect::<String>())
}

/// Parameters that grow.
fn sweeps(sweeps: &[Sweep]) -> String {
    if sweeps.is_empty() {
        return String::new();
    }
    let about = "The slope is that of the line with the least squares: by how much one more of the \
                 parameter makes the number larger.";
    let slopes = sweep::slopes(sweeps);
    let beside = slopes.iter().map(|slopes| {
        let lines = slopes.lines.iter().map(|(monitor, fields)| {
            let fields = fields.iter().map(|slope| slope.map_or_else(String::new, sweep::shown));
            std::iter::once(code(monitor)).chain(fields).collect()
        });
        let table = table_of_numbers("monitor", slopes.kernels.iter().map(|kernel| escaped(kernel)), lines);
        format!("\n### {}\n\n{table}", escaped(&slopes.title))
    });
    let tables = sweeps.iter().map(|sweep| {
        let values = sweep.values();
        let header = values.iter().map(|value| format!("{}={value}", escaped(&sweep.param)));
        let lines = sweep.curves.iter().map(|curve| {
            let numbers = values.iter().map(|value| curve.shown_at(*value));
            [code(&curve.monitor), sweep::shown(curve.slope())].into_iter().chain(numbers).collect()
        });
        let table = table_of_numbers("monitor", std::iter::once("slope".into()).chain(header), lines);
        format!("\n### {}\n\n{table}", escaped(&sweep.title()))
    });
    format!("\n## Parameters that grow\n\n{about}\n{}", beside.chain(tables).collect::<String>())
}

/// A table whose first column holds names, and all others numbers.
pub(crate) fn table_of_numbers(
    names: &str,
    numbers: impl Iterator<Item = String>,
    rows: impl Iterator<Item = Vec<String>>,
) -> String {
    let header: Vec<String> = numbers.collect();
    let mut lines = vec![
        format!("| {names} | {} |", header.join(" | ")),
        format!("| :--- |{}", " ---: |".repeat(header.len())),
    ];
    lines.extend(rows.map(|row| format!("| {} |", row.join(" | "))));
    lines.join("\n") + "\n"
}

fn published(sections: &[Section<'_>]) -> String {
    let mut text = format!("\n## Beside published numbers\n\n{}\n", literature::WHY_THEY_DIFFER);
    for comparison in literature::compare(sections) {
        text += &one_comparison(&comparison);
    }
    text
}

fn one_comparison(comparison: &LiteratureComparison) -> String {
    let publication = comparison.publication;
    let published = format!("published ({})", publication.unit);
    let header =
        ["condition", &published, "ratio published", "our cell", "p50 here", "ratio here", "like for like?"];
    let kernel = comparison.kernel.as_ref().map_or_else(String::new, |kernel| format!(", kernel {kernel}"));
    let remarks: String = comparison.remarks.iter().map(|remark| format!("\n{remark}\n")).collect();
    format!(
        "\n### {}{}\n\n<{}>: {}. Ratios are to {} {} there and to `none` here.\n\n{}{remarks}",
        publication.title,
        escaped(&kernel),
        publication.url,
        publication.about,
        text::grouped(publication.base),
        publication.unit,
        table(&header, comparison.lines.iter().map(comparison_line)),
    )
}

fn comparison_line(line: &ComparedCondition) -> Vec<String> {
    let (cell, p50, ratio) = match &line.ours {
        Some(ours) => (
            format!("{}, {}", code(line.monitor), code(&ours.cell)),
            ours.p50.clone(),
            text::ratio(ours.ratio),
        ),
        None => (code(line.monitor), "not measured in this run".into(), String::new()),
    };
    let published = text::grouped(line.published);
    vec![line.condition.into(), published, text::ratio(line.ratio), cell, p50, ratio, line.likeness.clone()]
}

fn calibration(run: &Run) -> String {
    let all = section::calibrations(run);
    if all.is_empty() {
        return String::new();
    }
    let lines = all.iter().map(|calibration| {
        let clock = calibration.clock.name();
        format!("- kernel {}: {} (clock: {clock})\n", escaped(&calibration.kernel), calibration.cost())
    });
    format!(
        "\n## Calibration\n\nThe cost of {}:\n\n{}",
        section::CALIBRATION_MEANING,
        lines.collect::<String>()
    )
}

fn made_by(run: &Run) -> String {
    let facts = environment::facts(run).into_iter().map(|(name, value)| vec![name, code(&value)]);
    let mut text = format!("\n## Environment\n\n{}", table(&["what", "value"], facts));
    for kernel in &run.environment.kernels {
        text += &format!("\n### Kernel {}\n\n", escaped(&kernel.name));
        let facts = environment::kernel_facts(kernel)
            .into_iter()
            .map(|(name, value)| vec![escaped(&name), code(&value)]);
        text += &table(&["what", "value"], facts);
    }
    text
}

fn without_numbers(run: &Run) -> String {
    let without = section::without_numbers(run);
    if without.is_empty() {
        return String::new();
    }
    let rows = without.iter().map(|measurement| {
        let Measurement { cell, outcome, .. } = measurement;
        vec![code(&cell.to_string()), outcome.word().into(), escaped(&outcome.reason())]
    });
    let consoles: String = without.iter().filter_map(|measurement| console(measurement)).collect();
    format!("\n## Cells without a number\n\n{}{consoles}", table(&["cell", "outcome", "reason"], rows))
}

/// The guest's last words, as code by indentation, which no text can end.
fn console(measurement: &Measurement) -> Option<String> {
    let Outcome::Failed(failure) = &measurement.outcome else { return None };
    let lines = failure.console.iter().map(|line| format!("    {}\n", text::one_line(line)));
    let cell = code(&measurement.cell.to_string());
    (!failure.console.is_empty())
        .then(|| format!("\nThe console of {cell}:\n\n{}", lines.collect::<String>()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    #[test]
    fn foreign_text_is_no_markup() {
        assert_eq!(escaped("a | <b> `c`\nd"), "a \\| &lt;b&gt; \\`c\\` d");
        assert_eq!(code("a`b|c"), "`a'b\\|c`");
        let report = render(&fixture::synthetic_run());
        assert!(!report.contains("<script>") && !report.contains('\u{1b}'));
    }

    #[test]
    fn every_row_of_a_table_has_its_columns() {
        let report = render(&fixture::synthetic_run());
        let columns = |line: &str| line.replace("\\|", "").matches('|').count();
        let mut expected = None;
        for line in report.lines() {
            if !line.starts_with('|') {
                expected = None;
                continue;
            }
            assert_eq!(columns(line), *expected.get_or_insert(columns(line)), "{line}");
        }
    }

    #[test]
    fn the_report_has_the_environment_and_the_published_numbers() {
        let report = render(&fixture::synthetic_run());
        for part in
            ["6.1.1-1", "audit=0", "663", "70,138", "not measured in this run", "bbbb", "refused EPERM"]
        {
            assert!(report.contains(part), "{part}");
        }
    }
}
