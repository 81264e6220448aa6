//! Advice as Markdown, for a page or a ticket.

use hookbench_analysis::advice::Advice;

use super::page::{Block, page};
use super::phrases::Style;
use crate::markdown::{code, escaped};

/// Names as code; nothing else is markup.
const STYLE: Style = Style { code, plain: escaped };

/// The advice as Markdown.
pub fn render(advice: &Advice) -> String {
    let blocks: Vec<String> = page(advice, &STYLE).iter().map(block).collect();
    blocks.join("\n")
}

fn block(block: &Block) -> String {
    match block {
        Block::Heading(text) => format!("## {text}\n"),
        Block::Paragraph(text) => format!("{text}\n"),
        Block::Commands(commands) => format!("```sh\n{}\n```\n", commands.join("\n")),
        Block::Items(items) => items.iter().map(|lines| format!("- {}\n", lines.join(" "))).collect(),
    }
}
