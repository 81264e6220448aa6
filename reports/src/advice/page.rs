//! The parts of the advice, in their order. A format says how each kind of part looks.

use hookbench_analysis::advice::{Advice, Answer, Candidate};

use super::phrases::Style;
use crate::text::count;

/// The most pairs of policies that are shown.
const PAIRS: usize = 3;

/// A part.
pub(super) enum Block {
    /// The beginning of an answer.
    Heading(String),
    /// Sentences.
    Paragraph(String),
    /// Commands to copy, each in one line.
    Commands(Vec<String>),
    /// A list. Each item has one or more lines.
    Items(Vec<Vec<String>>),
}

/// All parts.
pub(super) fn page(advice: &Advice, style: &Style) -> Vec<Block> {
    let mut blocks = vec![Block::Paragraph(style.question(&advice.question))];
    if let [answer] = &advice.answers[..] {
        blocks.push(Block::Paragraph(style.outcome(answer)));
        blocks.extend(details(answer, style));
        return blocks;
    }
    let outcomes = advice
        .answers
        .iter()
        .map(|answer| vec![format!("{}: {}", style.goal(answer), style.outcome(answer))]);
    blocks.push(Block::Items(outcomes.collect()));
    blocks.push(Block::Paragraph(style.everywhere(&advice.everywhere)));
    for answer in &advice.answers {
        blocks.push(Block::Heading(style.goal(answer)));
        blocks.extend(details(answer, style));
    }
    blocks
}

fn details(answer: &Answer, style: &Style) -> Vec<Block> {
    let mut blocks = Vec::new();
    let facts = style.facts(answer);
    if !facts.is_empty() {
        blocks.push(Block::Paragraph(facts));
    }
    if answer.works.is_empty() {
        return blocks;
    }
    if let Some(first) = answer.qualifying.first() {
        blocks.push(Block::Paragraph("These policies qualify, the best first:".into()));
        blocks.push(Block::Items(answer.qualifying.iter().map(|one| style.qualifying(one)).collect()));
        blocks.extend(files(&[first]));
    }
    blocks.extend(pairs(answer, style));
    if answer.pairs.is_empty() {
        blocks.extend(files(&nearest(answer)));
    }
    if !answer.others.is_empty() {
        let others = if answer.qualifying.is_empty() { "These do not" } else { "The others do not" };
        blocks.push(Block::Paragraph(format!("{others} qualify:")));
        blocks.push(Block::Items(style.others(answer).into_iter().map(|line| vec![line]).collect()));
    }
    blocks
}

fn pairs(answer: &Answer, style: &Style) -> Vec<Block> {
    let Some(first) = answer.pairs.first() else { return Vec::new() };
    let mut items: Vec<Vec<String>> =
        answer.pairs.iter().take(PAIRS).map(|pair| vec![style.pair(pair)]).collect();
    if answer.pairs.len() > PAIRS {
        items.push(vec![format!("and {}", count(answer.pairs.len() - PAIRS, "other pair"))]);
    }
    let both: Vec<&Candidate> =
        answer.others.iter().filter(|candidate| first.policies.contains(&candidate.policy)).collect();
    let mut blocks = vec![Block::Paragraph(style.together(&answer.goal).into()), Block::Items(items)];
    blocks.extend(files(&both));
    blocks
}

/// The policies that come nearest, if none qualifies.
fn nearest(answer: &Answer) -> Vec<&Candidate> {
    answer.others.iter().filter(|candidate| answer.nearest.contains(&candidate.policy)).collect()
}

/// The commands that print the files of `candidates`, each file once.
fn files(candidates: &[&Candidate]) -> Option<Block> {
    let mut commands: Vec<(&str, String)> = Vec::new();
    for file in candidates.iter().filter_map(|candidate| candidate.file.as_ref()) {
        if !commands.iter().any(|(name, _)| *name == file.name) {
            commands.push((&file.name, format!("{} > {}", file.command, file.name)));
        }
    }
    let commands: Vec<String> = commands.into_iter().map(|(_, command)| command).collect();
    (!commands.is_empty()).then_some(Block::Commands(commands))
}
