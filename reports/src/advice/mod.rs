//! Advice about policies, for a terminal, as Markdown and as JSON. `page` has its parts, and `phrases` and `reasons` the sentences.

mod markdown;
mod page;
mod phrases;
mod reasons;
#[cfg(test)]
mod tests;
mod text;

use hookbench_analysis::advice::Advice;

pub use markdown::render as markdown;
pub use text::render as text;

/// Advice as JSON, with a line break at its end.
pub fn json(advice: &Advice) -> String {
    // Serialising text, numbers and lists of them cannot fail.
    serde_json::to_string_pretty(advice).unwrap_or_default() + "\n"
}
