//! The table on the terminal, at most [`WIDTH`] columns wide, and below it why
//! cells have no number. Own alignment: columns keep their places from one
//! section to the next, and what a guest said is cut or wrapped.

use hookbench_results::{Measurement, Run};

use crate::noise::{self, NoiseTable};
use crate::section::{self, Row, Section};
use crate::{summary, text};

/// The widest line, in characters.
pub const WIDTH: usize = 100;
const GAP: &str = "  ";
const HEADER: [&str; 6] = ["monitor", "p50", "added", "ratio", "seen/lost", "outcome"];
/// Columns of numbers stand to the right.
const RIGHT: [bool; 6] = [false, true, true, true, true, false];

/// The run as a table for people, with a line break at its end.
pub fn table(run: &Run) -> String {
    let sections = section::sections(run);
    let widths = widths(&sections);
    let mut lines = Vec::new();
    for (kernel, group) in section::gathered(&sections, |section| section.kernel()) {
        lines.extend(wrapped(&format!("Kernel {kernel}"), ""));
        for section in group {
            lines.push(String::new());
            lines.extend(wrapped(&heading(section), ""));
            lines.push(line(&HEADER.map(String::from), widths));
            lines.extend(section.rows.iter().map(|row| line(&fields(row), widths)));
            lines.extend(noise(section));
        }
        lines.push(String::new());
    }
    if sections.iter().any(|section| !section.clock.is_exact()) {
        lines.extend(wrapped(noise::ABOUT, ""));
    }
    lines.extend(calibration(run));
    lines.extend(reasons(run));
    lines.extend(wrapped(&summary::sentences(run, &sections).join(" ").replace('`', ""), ""));
    lines.iter().map(|line| format!("{}\n", line.trim_end())).collect()
}

/// `execve-noop[env_pages=0], paced: instructions (clock: instructions, target: tcg)`
fn heading(section: &Section<'_>) -> String {
    let unit = text::unit_and_clock(section.clock, section.cell.target);
    format!("{}, {}: {unit}", section.operation(), section.cell.schedule)
}

fn fields(row: &Row<'_>) -> [String; 6] {
    [
        row.monitor(),
        row.summary.map_or_else(String::new, |summary| text::grouped(summary.p50)),
        row.added.map_or_else(String::new, |added| text::signed(added.p50)),
        row.added.map_or_else(String::new, |added| text::ratio(added.ratio)),
        row.seen_lost(),
        row.outcome(),
    ]
}

/// What is said beside the numbers of a clock with noise.
fn noise(section: &Section<'_>) -> Vec<String> {
    let tables = [noise::intervals(section), noise::clocks(section)];
    tables.iter().flatten().flat_map(|table| [vec![String::new()], aligned(table)].concat()).collect()
}

/// A table whose widest column gives way until its lines fit.
fn aligned(table: &NoiseTable) -> Vec<String> {
    let header: Vec<String> = table.header.iter().map(|name| name.to_string()).collect();
    let lines: Vec<&Vec<String>> = std::iter::once(&header).chain(&table.rows).collect();
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let mut widths: Vec<usize> = (0..header.len()).map(width).collect();
    let room = WIDTH - GAP.len() * (widths.len() - 1);
    while widths.iter().sum::<usize>() > room {
        if let Some(widest) = widths.iter_mut().max_by_key(|width| **width) {
            *widest -= 1;
        }
    }
    let shown = |line: &&Vec<String>| {
        let fields =
            line.iter().zip(&widths).map(|(field, &width)| format!("{:<width$}", elided(field, width)));
        fields.collect::<Vec<_>>().join(GAP)
    };
    lines.iter().map(shown).collect()
}

/// The columns' widths over all sections; the widest give way until all fit.
fn widths(sections: &[Section<'_>]) -> [usize; 6] {
    let mut widths = HEADER.map(str::len);
    for row in sections.iter().flat_map(|section| &section.rows) {
        for (width, field) in widths.iter_mut().zip(fields(row)) {
            *width = (*width).max(field.chars().count());
        }
    }
    let room = WIDTH - GAP.len() * (widths.len() - 1);
    while widths.iter().sum::<usize>() > room {
        if let Some(widest) = widths.iter_mut().max_by_key(|width| **width) {
            *widest -= 1;
        }
    }
    widths
}

fn line(fields: &[String; 6], widths: [usize; 6]) -> String {
    let cells: Vec<String> = (0..fields.len())
        .map(|column| {
            let (field, width) = (elided(&fields[column], widths[column]), widths[column]);
            if RIGHT[column] { format!("{field:>width$}") } else { format!("{field:<width$}") }
        })
        .collect();
    cells.join(GAP)
}

/// `text` in at most `width` characters, with an ellipsis where it was cut.
fn elided(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.into();
    }
    text.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}

fn calibration(run: &Run) -> Vec<String> {
    let costs: Vec<String> = section::calibrations(run)
        .iter()
        .map(|known| format!("{} on kernel {} (clock: {})", known.cost(), known.kernel, known.clock.name()))
        .collect();
    if costs.is_empty() {
        return Vec::new();
    }
    wrapped(&format!("Calibration: {}: {}.", costs.join(", "), section::CALIBRATION_MEANING), "")
}

/// Every cell without a number and its full reason.
fn reasons(run: &Run) -> Vec<String> {
    let without = section::without_numbers(run);
    if without.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![String::new(), "Cells without a number:".into()];
    for Measurement { cell, outcome, .. } in without {
        let (word, reason) = (outcome.word(), outcome.reason());
        lines.extend(wrapped(&format!("  {word}: {cell}: {reason}"), "    "));
    }
    lines.push(String::new());
    lines
}

/// `text` as lines of at most [`WIDTH`] characters, all but the first after
/// `indent`; the first keeps its own.
fn wrapped(text: &str, indent: &str) -> Vec<String> {
    let own: String = text.chars().take_while(|c| *c == ' ').collect();
    let mut lines = Vec::new();
    let mut line = own.clone();
    let mut empty = true;
    for word in pieces(&text::one_line(text)) {
        let width = line.chars().count() + usize::from(!empty) + word.chars().count();
        if width > WIDTH && !empty {
            lines.push(std::mem::replace(&mut line, indent.into()));
            empty = true;
        }
        if !empty {
            line.push(' ');
        }
        line.push_str(&word);
        empty = false;
    }
    lines.push(line);
    lines
}

/// The words of `text`; one that fits no line is cut into pieces that do.
fn pieces(text: &str) -> Vec<String> {
    let mut pieces = Vec::new();
    for word in text.split(' ') {
        let chars: Vec<char> = word.chars().collect();
        pieces.extend(chars.chunks(WIDTH - 10).map(|piece| piece.iter().collect::<String>()));
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    #[test]
    fn no_line_is_wider_than_the_terminal_and_no_reason_is_cut() {
        let table = table(&fixture::synthetic_run());
        for line in table.lines() {
            assert!(line.chars().count() <= WIDTH, "{line}");
        }
        let words = table.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains("that does not fit a line of a terminal, with a | bar"), "{table}");
        assert!(!table.contains('\u{1b}'));
    }

    #[test]
    fn unit_and_clock_refusals_and_losses_are_shown() {
        let table = table(&fixture::synthetic_run());
        assert!(table.contains("instructions (clock: instructions, target: tcg)"));
        assert!(table.contains("refused EPERM"));
        assert!(table.contains("43/7"));
        assert!(table.contains("Calibration: 5 instructions on kernel 6.1"));
    }

    #[test]
    fn a_column_that_does_not_fit_is_elided() {
        assert_eq!(elided("abcdef", 4), "abc…");
        assert_eq!(elided("abcd", 4), "abcd");
    }
}
