//! The little of Markdown that a check of links needs: link targets and headings,
//! outside code. No renderer: what it does not know it takes for text.

use std::collections::BTreeMap;
use std::ops::Range;

/// Where the targets of links are in `text`, in bytes: of `[text](target)` and images,
/// of `[label]: target`, and of `href` and `src` in HTML.
pub(super) fn targets(text: &str) -> Vec<Range<usize>> {
    let mut targets = Vec::new();
    for (start, line) in prose(text) {
        let shifted = |range: Range<usize>| start + range.start..start + range.end;
        targets.extend(inline(&line).chain(definition(&line)).chain(attributes(&line)).map(shifted));
    }
    targets
}

/// The anchors of `text`: those of its headings by GitHub's rules, and explicit ones.
pub(super) fn anchors(text: &str) -> Vec<String> {
    let mut anchors = Vec::new();
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    for (start, masked) in prose(text) {
        // Code in a heading is part of its anchor.
        let line = text[start..start + masked.len()].trim_end();
        if let Some(heading) = heading(line) {
            let slug = slug(heading);
            let number = seen.entry(slug.clone()).or_default();
            anchors.push(if *number == 0 { slug } else { format!("{slug}-{number}") });
            *number += 1;
        }
        let explicit = [" id=\"", " name=\""].iter().flat_map(|key| values(&masked, key));
        anchors.extend(explicit.map(|range| masked[range].to_owned()));
    }
    anchors
}

/// The lines of `text` outside fenced code, each with its place; code spans are blank.
fn prose(text: &str) -> Vec<(usize, String)> {
    let mut lines = Vec::new();
    let mut fence: Option<&str> = None;
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let trimmed = line.trim_start();
        let marks = ["```", "~~~"].into_iter().find(|marks| trimmed.starts_with(marks));
        match (fence, marks) {
            (None, Some(marks)) => fence = Some(marks),
            (Some(open), Some(marks)) if open == marks => fence = None,
            (None, None) => lines.push((start, without_code(line))),
            _ => {}
        }
        start += line.len();
    }
    lines
}

/// `line` with each code span replaced by as many blanks.
fn without_code(line: &str) -> String {
    let mut masked = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(begin) = rest.find('`') {
        let ticks = rest[begin..].len() - rest[begin..].trim_start_matches('`').len();
        let inside = &rest[begin + ticks..];
        let Some(end) = inside.find(&"`".repeat(ticks)) else { break };
        masked.push_str(&rest[..begin]);
        let span = ticks + end + ticks;
        masked.extend(std::iter::repeat_n(' ', span));
        rest = &rest[begin + span..];
    }
    masked.push_str(rest);
    masked
}

/// The targets of `[text](target)` and `![text](target "title")`.
fn inline(line: &str) -> impl Iterator<Item = Range<usize>> {
    line.match_indices("](").filter_map(|(place, _)| {
        let start = place + 2;
        let rest = &line[start..];
        if let Some(bracketed) = rest.strip_prefix('<') {
            return Some(start + 1..start + 1 + bracketed.find('>')?);
        }
        let mut depth = 0_u32;
        let end = rest.find(|character: char| match character {
            '(' => {
                depth += 1;
                false
            }
            ')' if depth > 0 => {
                depth -= 1;
                false
            }
            other => other == ')' || other.is_whitespace(),
        })?;
        Some(start..start + end)
    })
}

/// The target of `[label]: target`, which is no footnote.
fn definition(line: &str) -> Option<Range<usize>> {
    let label = line.strip_prefix('[').filter(|rest| !rest.starts_with('^'))?;
    let (label, rest) = label.split_once("]: ")?;
    let start = label.len() + "[]: ".len();
    let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
    (!label.contains(']')).then_some(start..start + end)
}

/// The targets of links and pictures in HTML.
fn attributes(line: &str) -> impl Iterator<Item = Range<usize>> {
    [" href=\"", " src=\""].into_iter().flat_map(|key| values(line, key))
}

fn values(line: &str, key: &str) -> Vec<Range<usize>> {
    let starts = line.match_indices(key).map(|(place, _)| place + key.len());
    starts.filter_map(|start| Some(start..start + line[start..].find('"')?)).collect()
}

/// The text of a heading, `## text`.
fn heading(line: &str) -> Option<&str> {
    let text = line.trim_start_matches('#');
    let level = line.len() - text.len();
    ((1..=6).contains(&level) && text.starts_with(' ')).then(|| text.trim().trim_end_matches('#').trim_end())
}

/// GitHub's anchor of a heading: its text in small letters without punctuation, and
/// with dashes for blanks.
fn slug(heading: &str) -> String {
    let mut text = heading.to_owned();
    // Of a link, the text counts and the target does not.
    for target in inline(heading).collect::<Vec<_>>().into_iter().rev() {
        text.replace_range(target, "");
    }
    let kept = text.chars().filter(|character| character.is_alphanumeric() || " -_".contains(*character));
    kept.flat_map(char::to_lowercase)
        .map(|character| if character == ' ' { '-' } else { character })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<&str> {
        targets(text).into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn links_of_all_kinds_are_found() {
        let text = "See [a](a.md#x), ![b](b.png \"title\") and [two\nlines](c(1).md).\n\
                    [label]: d.md\n<img alt=\"\" src=\"e.svg\"> <a href=\"f.md\">f</a> [g](<g h.md>)\n";
        assert_eq!(found(text), ["a.md#x", "b.png", "c(1).md", "d.md", "g h.md", "f.md", "e.svg"]);
    }

    #[test]
    fn code_has_no_links() {
        let text = "`[a](a.md)` ``[b](`b.md)``\n```\n[c](c.md)\n~~~\n```\n~~~sh\n# [d](d.md)\n~~~\n[^1]: note\n[e](e.md)";
        assert_eq!(found(text), ["e.md"]);
    }

    #[test]
    fn headings_have_the_anchors_of_github() {
        let text = "# What *it* is, exactly?\n## `results.csv` and_more\n### [A link](x.md) é\n## Twice\n## Twice ##\n\
                    #no heading\n```\n# code\n```\n<a id=\"explicit\"></a>\n";
        let expected =
            ["what-it-is-exactly", "resultscsv-and_more", "a-link-é", "twice", "twice-1", "explicit"];
        assert_eq!(anchors(text), expected);
    }
}
