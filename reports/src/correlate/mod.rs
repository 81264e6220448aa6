//! The correlation of a run on hardware with a run in TCG, as files. A format is a
//! function and a row in [`FORMATS`]; `phrases` has the sentences that all formats share.

use hookbench_analysis::correlate::Correlation;

use crate::columns::{self, Align};
use crate::markdown::{code, escaped, table};

mod phrases;
mod report;

pub use report::CorrelationReport;

/// A format that a correlation is written in.
#[derive(Debug, Clone, Copy)]
pub struct CorrelationFormat {
    /// The format's name on the command line.
    pub name: &'static str,
    /// Returns the content of the file.
    pub render: fn(&CorrelationReport<'_>) -> String,
}

/// All formats; the first is for the terminal.
pub static FORMATS: &[CorrelationFormat] = &[
    CorrelationFormat { name: "text", render: plain },
    CorrelationFormat { name: "markdown", render: markdown },
    CorrelationFormat { name: "json", render: json },
];

/// The report as lines. The name of a cell is last on its line and never cut.
fn plain(report: &CorrelationReport<'_>) -> String {
    let mut lines = phrases::head(report);
    for section in phrases::tables(report) {
        lines.push(String::new());
        lines.push(format!("{}:", section.heading));
        lines.extend(aligned(&section).into_iter().map(|line| format!("  {line}")));
        lines.extend(section.more());
    }
    lines.iter().map(|line| format!("{}\n", line.trim_end())).collect()
}

/// Numbers to the right, and the name at the end as it is.
fn aligned(table: &phrases::CorrelationTable) -> Vec<String> {
    let rows: Vec<&[String]> =
        std::iter::once(&table.header[..]).chain(table.rows.iter().map(Vec::as_slice)).collect();
    let numbers = table.header.len() - 1;
    let widths = columns::widths(&rows, numbers);
    let line = |row: &&[String]| {
        let line = columns::line(&row[..numbers], &widths, |_| Align::Right);
        [&line, columns::GAP, &row[numbers]].concat()
    };
    rows.iter().map(line).collect()
}

fn markdown(report: &CorrelationReport<'_>) -> String {
    let mut parts = vec!["# Hardware and TCG\n".to_string()];
    parts.push(phrases::head(report).iter().map(|line| format!("- {}\n", escaped(line))).collect());
    for section in phrases::tables(report) {
        let header: Vec<&str> = section.header.iter().map(String::as_str).collect();
        let fields = |row: &Vec<String>| -> Vec<String> {
            let name = row.last().map(|name| code(name));
            row[..row.len() - 1].iter().map(|field| escaped(field)).chain(name).collect()
        };
        let more = section.more().map_or_else(String::new, |more| format!("\n{more}\n"));
        parts.push(format!(
            "## {}\n\n{}{more}",
            section.heading,
            table(&header, section.rows.iter().map(fields))
        ));
    }
    parts.join("\n")
}

/// The whole correlation, without a limit on lines.
fn json(report: &CorrelationReport<'_>) -> String {
    #[derive(serde::Serialize)]
    struct CorrelationDocument<'a> {
        hardware: &'a str,
        tcg: &'a str,
        correlation: &'a Correlation,
    }
    let CorrelationReport { names, correlation, .. } = report;
    let document = CorrelationDocument { hardware: names.hardware, tcg: names.tcg, correlation };
    // Serialising text, numbers and lists of them cannot fail.
    serde_json::to_string_pretty(&document).unwrap_or_default() + "\n"
}

#[cfg(test)]
mod tests {
    use hookbench_analysis::correlate::HardwareAndTcg;
    use hookbench_model::{Clock, Outcome, Target};
    use hookbench_results::Run;

    use super::*;
    use crate::fixture;
    use crate::hostile::{self, HOSTILE};
    use crate::text;

    /// The same cells on hardware: half a cycle per instruction, for some cells more.
    fn hardware(tcg: &Run) -> Run {
        let mut run = tcg.clone();
        (run.environment.target, run.environment.clock) = (Target::Host, Clock::Tsc);
        for (index, measurement) in run.measurements.iter_mut().enumerate() {
            measurement.cell.target = Target::Host;
            measurement.clock = Clock::Tsc;
            if let Outcome::Measured(measured) = &mut measurement.outcome {
                let factor = if index % 5 == 0 { 3 } else { 1 };
                measured.samples.iter_mut().for_each(|sample| *sample = *sample * factor / 2);
            }
        }
        run.measurements.pop();
        run
    }

    fn rendered(tcg: &Run, name: &str, format: &CorrelationFormat) -> String {
        let correlation = Correlation::new(&hardware(tcg), tcg, &[]).unwrap();
        let names = HardwareAndTcg { hardware: name, tcg: name };
        (format.render)(&CorrelationReport { names, correlation: &correlation, most: 5 })
    }

    #[test]
    fn each_format_matches_its_golden_file() {
        for format in FORMATS {
            insta::assert_snapshot!(format.name, rendered(&fixture::synthetic_run(), "runs/a", format));
        }
    }

    #[test]
    fn hostile_text_is_text_in_every_format() {
        for format in FORMATS {
            let file = if format.name == "markdown" { "a.md" } else { "a.txt" };
            let structure = |content: &str| hostile::structure(file, content);
            let tame = structure(&rendered(&hostile::hostile_run("tame words"), "tame words", format));
            for foreign in HOSTILE {
                let content = rendered(&hostile::hostile_run(foreign), foreign, format);
                let wrong = content.chars().find(|&c| (c.is_control() && c != '\n') || text::is_unseen(c));
                assert!(
                    wrong.is_none_or(|c| format.name == "json" && !c.is_ascii()),
                    "{}: {wrong:?} of {foreign:?}",
                    format.name
                );
                assert_eq!(structure(&content), tame, "{}: {foreign:?}", format.name);
            }
        }
    }
}
