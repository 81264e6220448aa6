//! A run in the formats of other programs: benchmark trackers, CI and scripts. A format is
//! one file, which links its documentation, and one row in [`EXPORTS`].

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
    /// The format's name on the command line.
    pub name: &'static str,
    /// The extension of its files.
    pub extension: &'static str,
    /// What the format is for, in one line.
    pub about: &'static str,
    /// Returns the content of the file.
    pub render: fn(&Run) -> String,
}

/// All formats.
pub static EXPORTS: &[Export] = &[
    Export {
        name: "github-action-benchmark",
        extension: "json",
        about: "hooks or medians for github-action-benchmark, tool customSmallerIsBetter",
        render: github_action_benchmark::render,
    },
    Export {
        name: "bencher",
        extension: "json",
        about: "Bencher Metric Format, for the adapter json",
        render: bencher::render,
    },
    Export {
        name: "ndjson",
        extension: "ndjson",
        about: "one measurement per line, for jq and databases",
        render: ndjson::render,
    },
    Export {
        name: "junit",
        extension: "xml",
        about: "JUnit XML: failed cells are failures, unsupported and skipped cells are skipped",
        render: junit::render,
    },
];
