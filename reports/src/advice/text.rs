//! Advice for a terminal, at most [`WIDTH`] columns wide. Commands stay in one line.

use hookbench_analysis::advice::Advice;

use super::page::{Block, page};
use super::phrases::Style;
use crate::columns;
use crate::terminal::WIDTH;
use crate::text::one_line;

/// Names as they are: a terminal has no markup.
const STYLE: Style = Style { code: one_line, plain: one_line };

/// The advice as text.
pub fn render(advice: &Advice) -> String {
    let blocks: Vec<String> = page(advice, &STYLE).iter().map(block).collect();
    blocks.join("\n")
}

fn block(block: &Block) -> String {
    match block {
        Block::Heading(text) => {
            let line = wrapped(text, "", "");
            let rule = "=".repeat(columns::width(&line).min(WIDTH));
            format!("{line}\n{rule}\n")
        }
        Block::Paragraph(text) => wrapped(text, "", "") + "\n",
        Block::Commands(commands) => commands.iter().map(|command| format!("  {command}\n")).collect(),
        Block::Items(items) => items.iter().map(|item| item_lines(item)).collect(),
    }
}

fn item_lines(lines: &[String]) -> String {
    let line = |(place, line): (usize, &String)| {
        let first = if place == 0 { "- " } else { "  " };
        wrapped(line, first, "  ") + "\n"
    };
    lines.iter().enumerate().map(line).collect()
}

fn wrapped(text: &str, first: &str, next: &str) -> String {
    let options = textwrap::Options::new(WIDTH)
        .initial_indent(first)
        .subsequent_indent(next)
        .word_splitter(textwrap::WordSplitter::NoHyphenation);
    // A number stays with its percent sign.
    textwrap::fill(&text.replace(" %", "\u{a0}%"), options).replace('\u{a0}', " ")
}
