//! A comparison of two runs, and a gate's judgement of it, as files. A format is one file
//! and one row in [`FORMATS`]; `phrases` has the sentences that all formats share.

mod attribution;
mod html;
mod json;
mod junit;
mod markdown;
mod phrases;
mod report;
mod tables;
#[cfg(test)]
mod tests;
mod text;
mod ways;

pub use report::ComparisonReport;

/// A format that a comparison is written in.
#[derive(Debug, Clone, Copy)]
pub struct ComparisonFormat {
    /// The format's name on the command line.
    pub name: &'static str,
    /// The file's name in a gate's folder.
    pub file: &'static str,
    /// What the file is for, in one line.
    pub about: &'static str,
    /// Returns the content of the file.
    pub render: fn(&ComparisonReport<'_>) -> String,
}

/// All formats; the first is for the terminal.
pub static FORMATS: &[ComparisonFormat] = &[
    ComparisonFormat {
        name: "text",
        file: "comparison.txt",
        about: "the comparison for people",
        render: text::render,
    },
    ComparisonFormat {
        name: "markdown",
        file: "comparison.md",
        about: "the same for a tracker",
        render: markdown::render,
    },
    ComparisonFormat {
        name: "json",
        file: "comparison.json",
        about: "the same for scripts",
        render: json::render,
    },
    ComparisonFormat {
        name: "html",
        file: "comparison.html",
        about: "the same as a page, in one file",
        render: html::render,
    },
    ComparisonFormat {
        name: "junit",
        file: "junit.xml",
        about: "a test for each cell, for CI",
        render: junit::render,
    },
];
