//! A run in the formats of other programs: trackers of benchmarks, CI, and scripts. A
//! format is one file and one row in [`EXPORTS`]; each names where it is documented.

use hookbench_results::Run;

mod bencher;
mod github_action_benchmark;
pub(crate) mod junit;
mod ndjson;
#[cfg(test)]
mod tests;

/// A format that a run is exported in.
#[derive(Debug, Clone, Copy)]
pub struct Export {
    /// What it is called on the command line.
    pub name: &'static str,
    /// How a file of it ends.
    pub extension: &'static str,
    /// One line for a reader.
    pub about: &'static str,
    /// The file's whole content.
    pub render: fn(&Run) -> String,
}

/// All formats.
pub static EXPORTS: &[Export] = &[
    Export {
        name: "github-action-benchmark",
        extension: "json",
        about: "medians for github-action-benchmark, its tool customSmallerIsBetter",
        render: github_action_benchmark::render,
    },
    Export {
        name: "bencher",
        extension: "json",
        about: "Bencher Metric Format, for its adapter json",
        render: bencher::render,
    },
    Export {
        name: "ndjson",
        extension: "ndjson",
        about: "one measurement a line, for jq and databases",
        render: ndjson::render,
    },
    Export {
        name: "junit",
        extension: "xml",
        about: "JUnit XML: a cell that failed is a failure, one without a number skipped",
        render: junit::render,
    },
];
