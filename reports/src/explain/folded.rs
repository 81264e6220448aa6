//! The stacks as text, one a line with its number of instructions, for other programs that draw flame graphs.

use hookbench_analysis::attribution::explanation::{Names, Stacks, differential};
use hookbench_model::Cell;

use super::{ExplanationFile, ExplanationReport};

/// The files of stacks.
pub(super) fn files(report: &ExplanationReport<'_>) -> Vec<ExplanationFile> {
    let of = report.of;
    let (other, name) = match report.against {
        None => (of.reference_stacks(Names::Exact), "none".to_string()),
        // The same cell in an earlier run.
        Some(against) if against.cell == of.cell => (against.operation_stacks(Names::Exact), "base".into()),
        Some(against) => (against.operation_stacks(Names::Exact), file_name(&against.cell)),
    };
    vec![
        ExplanationFile {
            name: format!("stacks-{}.folded", file_name(&of.cell)),
            about: "the operation's call paths, with the instructions on each",
            content: lines(&of.operation_stacks(Names::Exact)),
        },
        ExplanationFile {
            name: format!("stacks-{name}.folded"),
            about: "those of the operation that it is compared with",
            content: lines(&other),
        },
        ExplanationFile {
            name: "differential.folded".into(),
            about: "both, as difffolded.pl and inferno-diff-folded write them",
            content: differential_lines(report),
        },
    ]
}

/// Each stack of both operations with its instructions: of what the cell is compared with, and of the cell.
pub(super) fn differential_lines(report: &ExplanationReport<'_>) -> String {
    let both = match report.against {
        None => {
            differential(&report.of.reference_stacks(Names::Exact), &report.of.operation_stacks(Names::Exact))
        }
        Some(against) => differential(
            &against.operation_stacks(Names::Normalized),
            &report.of.operation_stacks(Names::Normalized),
        ),
    };
    both.iter().map(|(stack, (before, after))| format!("{stack} {before} {after}\n")).collect()
}

/// Lines of stacks with their instructions.
pub(super) fn lines(stacks: &Stacks) -> String {
    stacks.iter().map(|(stack, count)| format!("{stack} {count}\n")).collect()
}

/// The longest name of a cell in that of a file, in characters.
const LONGEST: usize = 120;

/// The cell's name as part of that of a file.
fn file_name(cell: &Cell) -> String {
    let name = cell.to_string();
    let is_safe = |c: char| c.is_ascii_alphanumeric() || "+=-_.".contains(c);
    let words =
        name.split(|c: char| !is_safe(c)).flat_map(|word| word.split('.')).filter(|word| !word.is_empty());
    let safe = words.collect::<Vec<_>>().join(".");
    // Its end says more than its begin, which may be the path of a kernel.
    let begin = safe.len().saturating_sub(LONGEST);
    safe[begin..].trim_matches('.').into()
}
