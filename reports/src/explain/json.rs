//! The explanation as JSON, for scripts: sums and functions. The call paths are in the files of stacks.

use hookbench_analysis::attribution::Explanation;
use hookbench_analysis::attribution::explanation::{Difference, FunctionCost, Parts};
use hookbench_model::Share;
use serde::Serialize;

use super::ExplanationReport;

/// The version of the format.
const FORMAT: u32 = 1;

#[derive(Serialize)]
struct Report<'a> {
    format: u32,
    #[serde(flatten)]
    cell: Explained,
    #[serde(skip_serializing_if = "Option::is_none")]
    against: Option<Explained>,
    #[serde(skip_serializing_if = "Option::is_none")]
    difference: Option<&'a Difference>,
}

/// A cell with its functions.
#[derive(Serialize)]
struct Explained {
    cell: String,
    operation: u64,
    reference: u64,
    share: Share,
    added: i64,
    parts: AllParts,
    functions: Vec<FunctionCost>,
}

/// All parts, zeroes included.
#[derive(Serialize)]
struct AllParts {
    direct: i64,
    avoided: i64,
    indirect: i64,
    interrupts: i64,
}

impl Explained {
    fn new(of: &Explanation) -> Explained {
        let parts @ Parts { direct, avoided, indirect, interrupts } = of.parts();
        Explained {
            cell: of.cell.to_string(),
            operation: of.operation(),
            reference: of.reference(),
            share: of.share,
            added: parts.added(),
            parts: AllParts { direct, avoided, indirect, interrupts },
            functions: of.functions(),
        }
    }
}

/// The explanation as JSON.
pub fn render(report: &ExplanationReport<'_>) -> String {
    let difference = report.against.map(|against| Difference::new(report.of, against));
    let report = Report {
        format: FORMAT,
        cell: Explained::new(report.of),
        against: report.against.map(Explained::new),
        difference: difference.as_ref(),
    };
    // Maps have text as keys and no number is a fraction, so nothing can fail.
    serde_json::to_string_pretty(&report).unwrap_or_default() + "\n"
}
