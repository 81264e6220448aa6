//! Why a cell costs what it costs: a table for the terminal, a page with flame graphs, JSON, and the stacks as text.
//! `phrases` has the sentences and sums that they share.

mod flames;
mod folded;
mod html;
mod json;
mod phrases;
#[cfg(test)]
mod tests;
mod text;

use hookbench_analysis::attribution::Explanation;

pub use flames::NotDrawn;
pub use json::render as json;
pub use text::render as text;

/// What is shown: a cell, alone or against another.
#[derive(Debug, Clone, Copy)]
pub struct ExplanationReport<'a> {
    /// The cell.
    pub of: &'a Explanation,
    /// What it is compared with; its baseline if there is nothing else. It may be the same cell in an earlier run.
    pub against: Option<&'a Explanation>,
}

/// A file about an explanation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExplanationFile {
    /// The file's name.
    pub name: String,
    /// What the file is for, in one line.
    pub about: &'static str,
    /// Its content.
    pub content: String,
}

/// The page alone.
///
/// # Errors
/// When a flame graph cannot be drawn.
pub fn page(report: &ExplanationReport<'_>) -> Result<String, NotDrawn> {
    html::render(report)
}

/// All files: the page, and the stacks that its flame graphs are drawn from.
///
/// # Errors
/// When a flame graph cannot be drawn.
pub fn files(report: &ExplanationReport<'_>) -> Result<Vec<ExplanationFile>, NotDrawn> {
    let page = ExplanationFile {
        name: "explain.html".into(),
        about: "the functions that changed, and flame graphs, in one file",
        content: page(report)?,
    };
    Ok(std::iter::once(page).chain(folded::files(report)).collect())
}
