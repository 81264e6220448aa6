//! `report.md`: the answer, all tables, the comparison with published numbers and the
//! environment, as text that a tracker or an editor shows.

use hookbench_results::Run;

use crate::section::{self, Section};
use crate::{loading, matrix, summary, sweep};

mod comparisons;
mod environment;
mod operations;
mod syntax;

pub(crate) use syntax::{code, escaped, table, table_of_numbers};

/// The first heading of the report.
pub(crate) const TITLE: &str = "# What monitoring costs";

/// The run as Markdown.
pub fn render(run: &Run) -> String {
    let sections = section::sections(run);
    let parts = [
        format!("{TITLE}\n\n{}\n", opening(run, &sections)),
        comparisons::kernels(&matrix::matrices(run, &sections)),
        comparisons::sweeps(&sweep::sweeps(run, &sections)),
        operations::workloads(&sections),
        comparisons::loaders(&loading::tables(run, &sections)),
        comparisons::published(&sections),
        environment::calibration(run),
        environment::environment(run),
        environment::caveats(run),
        environment::without_numbers(run),
    ];
    parts.concat()
}

/// The opening paragraph.
pub(crate) fn opening(run: &Run, sections: &[Section<'_>]) -> String {
    let sentences = summary::sentences(run, sections).join(" ");
    // Names are between backticks and contain none, so every second part is a name.
    let parts = sentences.split('`').enumerate();
    let marked = |(index, part)| match index % 2 {
        1 => format!("`{part}`"),
        _ => syntax::escaped_line(part),
    };
    parts.map(marked).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    #[test]
    fn the_guest_s_text_is_no_markup() {
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
