//! A comparison, and a gate's judgement of it, as files. A format is one file and
//! one row in [`FORMATS`]; what they say in words is in `words.rs`.

use hookbench_results::Comparison;
use hookbench_results::compare::{Change, Sides};
use hookbench_results::gate::Gate;

mod html;
mod json;
mod junit;
mod markdown;
mod phrases;
#[cfg(test)]
mod tests;
mod text;

/// What is rendered.
#[derive(Debug, Clone, Copy)]
pub struct ComparisonReport<'a> {
    /// What the runs are called: a folder's name, or a baseline's.
    pub names: Sides<&'a str>,
    /// What changed.
    pub comparison: &'a Comparison,
    /// What is thought of it, where that was asked.
    pub gate: Option<&'a Gate>,
    /// Whether cells that did not change are shown as well.
    pub all: bool,
    /// How many lines of a list are shown, where there is no room for all.
    pub most: Option<usize>,
}

/// So many cells tell what kind of cells they are.
const FEW: usize = 10;

impl<'a> ComparisonReport<'a> {
    /// The cells with numbers that are shown.
    fn changes(&self) -> Vec<&'a Change> {
        self.comparison.numbers.iter().filter(|change| self.all || !change.is_nothing()).collect()
    }

    /// The same report, but of a list that is seldom read only the beginning, unless all
    /// was asked for.
    fn briefly(&self) -> ComparisonReport<'a> {
        let few = self.most.unwrap_or(usize::MAX).min(FEW);
        if self.all { *self } else { ComparisonReport { most: Some(few), ..*self } }
    }

    /// Those of `items` that are shown, and how many are not.
    fn shown<'i, T>(&self, items: &'i [T]) -> (&'i [T], usize) {
        let shown = self.most.unwrap_or(usize::MAX).min(items.len());
        (&items[..shown], items.len() - shown)
    }
}

/// A format that a comparison is written in.
#[derive(Debug, Clone, Copy)]
pub struct ComparisonFormat {
    /// What it is called on the command line.
    pub name: &'static str,
    /// The file's name in a gate's folder.
    pub file: &'static str,
    /// One line for a reader.
    pub about: &'static str,
    /// The file's whole content.
    pub render: fn(&ComparisonReport<'_>) -> String,
}

/// All formats; the first is for the terminal.
pub static FORMATS: &[ComparisonFormat] = &[
    ComparisonFormat {
        name: "text",
        file: "comparison.txt",
        about: "what changed, for people",
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
        about: "the same as a page, one file",
        render: html::render,
    },
    ComparisonFormat {
        name: "junit",
        file: "junit.xml",
        about: "a test for each cell, as CI shows tests",
        render: junit::render,
    },
];
