//! The table on the terminal, at most [`WIDTH`] columns wide, and below it the reasons of
//! cells without a number. Columns keep their widths from one section to the next, and
//! the guest's text is cut or wrapped.

use hookbench_model::Measurement;
use hookbench_results::Run;

use crate::cell_columns::{self, CellColumn};
use crate::columns::{self, Align};
use crate::noise::{self, NoiseTable};
use crate::section::{self, Row, Section};
use crate::{calibration, cost, summary, text};

/// The widest line, in columns of the terminal.
pub const WIDTH: usize = 100;
/// The run as a table for people, with a line break at its end.
pub fn table(run: &Run) -> String {
    let sections = section::sections(run);
    let layout = Layout::new(&sections);
    let mut lines = Vec::new();
    for (kernel, group) in section::gathered(&sections, |section| section.kernel()) {
        lines.extend(wrapped(&format!("Kernel {kernel}"), "", ""));
        for section in group {
            lines.push(String::new());
            lines.extend(wrapped(&heading(section), "", ""));
            lines.push(layout.line(&layout.header()));
            lines.extend(section.rows.iter().map(|row| layout.line(&layout.fields(row))));
            lines.extend(left_out(section));
            lines.extend(noise_tables(section));
        }
        lines.push(String::new());
    }
    if sections.iter().any(|section| !section.clock.is_exact()) {
        lines.extend(wrapped(noise::MEANING, "", ""));
    }
    lines.extend(calibration(run));
    lines.extend(reasons(run));
    lines.extend(wrapped(&summary::sentences(run, &sections).join(" ").replace('`', ""), "", ""));
    lines.iter().map(|line| format!("{}\n", line.trim_end())).collect()
}

/// `execve-noop[env_pages=0], paced: instructions (clock: instructions, target: tcg)`
fn heading(section: &Section<'_>) -> String {
    let unit = text::unit_and_clock(section.clock, section.cell.target);
    format!("{}, {}: {unit}", section.operation(), section.cell.schedule)
}

/// The columns of all tables, and their widths.
struct Layout {
    columns: Vec<&'static CellColumn>,
    widths: Vec<usize>,
}

impl Layout {
    /// The columns that fit a terminal. A ratio of the whole difference says little where
    /// costs are divided, and makes room for the parts.
    fn new(sections: &[Section<'_>]) -> Layout {
        let mut shown = match sections.iter().find(|section| section.is_divided()) {
            Some(_) => vec!["p50", "hook", "side effects", "added", "seen/lost", "outcome"],
            None => vec!["p50", "added", "ratio", "seen/lost", "outcome"],
        };
        if sections.iter().any(Section::has_placebo) {
            let after = shown.iter().position(|name| *name == "added").map_or(0, |place| place + 1);
            shown.insert(after, "over placebo");
        }
        let columns = cell_columns::named(&shown);
        let mut layout = Layout { columns, widths: Vec::new() };
        let rows = sections.iter().flat_map(|section| &section.rows).map(|row| layout.fields(row));
        let rows: Vec<Vec<String>> = std::iter::once(layout.header()).chain(rows).collect();
        layout.widths = columns::widths(&rows, shown.len() + 1);
        columns::narrow(&mut layout.widths, WIDTH);
        layout
    }

    fn header(&self) -> Vec<String> {
        let names = self.columns.iter().map(|column| column.name);
        std::iter::once("monitor").chain(names).map(String::from).collect()
    }

    fn fields(&self, row: &Row<'_>) -> Vec<String> {
        let fields = self.columns.iter().map(|column| (column.field)(row));
        std::iter::once(row.monitor()).chain(fields).collect()
    }

    fn line(&self, fields: &[String]) -> String {
        let align = |place: usize| match place.checked_sub(1).map(|place| self.columns[place].is_text()) {
            None | Some(true) => Align::Left,
            Some(false) => Align::Right,
        };
        columns::line(fields, &self.widths, align)
    }
}

/// What operations leave out, which no column shows.
fn left_out(section: &Section<'_>) -> Vec<String> {
    let left_out = section.costs().filter_map(|(row, cost)| {
        let number = cost.hook()?.left_out;
        (number != 0).then(|| format!("{} {}", row.monitor(), cost::leaves_out(number)))
    });
    let all = left_out.collect::<Vec<_>>().join(", ");
    if all.is_empty() { Vec::new() } else { wrapped(&format!("Per operation, {all}."), "", "") }
}

/// The intervals of a noisy clock, those of the differences from placebos, and the other clocks.
fn noise_tables(section: &Section<'_>) -> Vec<String> {
    let tables = [noise::intervals(section), noise::placebos(section), noise::clocks(section)];
    tables.iter().flatten().flat_map(|table| [vec![String::new()], noise_lines(table)].concat()).collect()
}

fn noise_lines(table: &NoiseTable) -> Vec<String> {
    let header: Vec<String> = table.header.iter().map(|name| name.to_string()).collect();
    let rows: Vec<&Vec<String>> = std::iter::once(&header).chain(&table.rows).collect();
    let mut widths = columns::widths(&rows, header.len());
    columns::narrow(&mut widths, WIDTH);
    rows.iter().map(|row| columns::line(row, &widths, |_| Align::Left)).collect()
}

fn calibration(run: &Run) -> Vec<String> {
    let costs: Vec<String> = calibration::calibrations(run)
        .iter()
        .map(|known| format!("{} on kernel {} (clock: {})", known.cost(), known.kernel, known.clock.name()))
        .collect();
    if costs.is_empty() {
        return Vec::new();
    }
    wrapped(&format!("Calibration: {}. {}", costs.join(", "), calibration::MEANING), "", "")
}

/// Every cell without a plain number and its full reason.
fn reasons(run: &Run) -> Vec<String> {
    let caveats = listed("Cells whose number is not that of the whole monitor:", &section::with_caveats(run));
    let without = listed("Cells without a number:", &section::without_numbers(run));
    caveats.into_iter().chain(without).collect()
}

/// The cells, each with its outcome and full reason, below `heading`; nothing without cells.
fn listed(heading: &str, cells: &[&Measurement]) -> Vec<String> {
    if cells.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![String::new(), heading.into()];
    for Measurement { cell, outcome, .. } in cells {
        lines.extend(wrapped(&format!("{}: {cell}: {}", outcome.word(), outcome.reason()), "  ", "    "));
    }
    lines.push(String::new());
    lines
}

/// `text` as lines of at most [`WIDTH`] columns, the first after `first` and the others
/// after `next`. A word that fits on no line is cut.
fn wrapped(text: &str, first: &str, next: &str) -> Vec<String> {
    let options = textwrap::Options::new(WIDTH)
        .initial_indent(first)
        .subsequent_indent(next)
        .word_splitter(textwrap::WordSplitter::NoHyphenation);
    textwrap::wrap(&text::one_line(text), options).into_iter().map(String::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    #[test]
    fn no_line_is_wider_than_the_terminal_and_no_reason_is_cut() {
        let table = table(&fixture::synthetic_run());
        for line in table.lines() {
            assert!(columns::width(line) <= WIDTH, "{line}");
        }
        let words = table.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains("that does not fit a line of a terminal, with a | bar"), "{table}");
        assert!(!table.contains('\u{1b}'));
    }

    #[test]
    fn a_divided_run_shows_hooks_side_effects_and_what_is_left_out() {
        let table = table(&fixture::divided_run());
        let line = |monitor: &str| table.lines().find(|line| line.starts_with(monitor)).unwrap();
        let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(words(line("bpf-lsm+count")), "bpf-lsm+count 109,444 178 (98 %) +266 +444 50/0 measured");
        assert_eq!(
            words(line("kprobe+count")),
            "kprobe+count 110,777 2,300 (98 %) -523 +1,777 50/0 measured"
        );
        assert!(words(&table).contains("Per operation, seccomp+errno leaves out 59,180."), "{table}");
        assert!(table.lines().all(|line| columns::width(line) <= WIDTH));
    }

    #[test]
    fn a_run_with_placebos_shows_the_difference_next_to_what_is_added() {
        let table = table(&fixture::placebo_run());
        let line = |monitor: &str| {
            let line = table.lines().find(|line| line.starts_with(monitor)).unwrap();
            line.split_whitespace().collect::<Vec<_>>().join(" ")
        };
        assert_eq!(line("monitor"), "monitor p50 added over placebo ratio seen/lost outcome");
        assert_eq!(line("kprobe+count "), "kprobe+count 1,103 +100 +70 1.0997 measured");
        assert_eq!(line("kprobe+count[placebo=yes]"), "kprobe+count[placebo=yes] 1,033 +30 1.0299 measured");
    }

    #[test]
    fn wide_characters_are_wrapped_by_the_columns_they_take() {
        let lines = wrapped(&"監視".repeat(60), "  ", "    ");
        assert!(lines.iter().all(|line| columns::width(line) <= WIDTH), "{lines:?}");
        assert_eq!(lines.iter().map(|line| columns::width(line.trim())).sum::<usize>(), 240);
        assert!(lines.len() == 3 && lines[0].starts_with("  監") && lines[1].starts_with("    監"));
    }

    #[test]
    fn unit_and_clock_refusals_and_losses_are_shown() {
        let table = table(&fixture::synthetic_run());
        assert!(table.contains("instructions (clock: instructions, target: tcg)"));
        assert!(table.contains("refused EPERM"));
        assert!(table.contains("43/7"));
        assert!(table.contains("Calibration: 5 instructions on kernel 6.1"));
    }
}
