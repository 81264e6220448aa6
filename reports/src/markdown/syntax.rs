//! Foreign text and tables in Markdown: escaping, code, and rows of fields.

use crate::text;

/// Foreign text in a field or a paragraph: nothing in it is markup.
pub(crate) fn escaped(foreign: &str) -> String {
    escaped_line(&text::one_line(foreign))
}

/// One line in which nothing is markup.
pub(super) fn escaped_line(line: &str) -> String {
    let mut escaped = String::with_capacity(line.len());
    for c in line.chars() {
        match c {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '|' | '`' | '*' | '_' | '[' | ']' | '\\' | '#' | '~' | '!' => escaped.extend(['\\', c]),
            _ => escaped.push(c),
        }
    }
    escaped
}

/// Foreign text as code: without backticks, which would end it, and without a backslash
/// in front of a bar, which would unescape it.
pub(crate) fn code(foreign: &str) -> String {
    let inner = text::name(foreign).replace("\\|", "\u{fffd}|").replace('|', "\\|");
    if inner.is_empty() { String::new() } else { format!("`{inner}`") }
}

/// A table; its columns of numbers are aligned to the right.
pub(crate) fn table(header: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let rule: Vec<&str> = header.iter().map(|name| if is_number(name) { "---:" } else { ":---" }).collect();
    let mut lines = vec![row(header), row(&rule)];
    lines.extend(rows.into_iter().map(|fields| row(&fields)));
    lines.join("\n") + "\n"
}

/// A table whose first column has names, and all others numbers.
pub(crate) fn table_of_numbers(
    names: &str,
    numbers: impl Iterator<Item = String>,
    rows: impl Iterator<Item = Vec<String>>,
) -> String {
    let header: Vec<String> = numbers.collect();
    let mut lines = vec![
        format!("| {names} | {} |", header.join(" | ")),
        format!("| :--- |{}", " ---: |".repeat(header.len())),
    ];
    lines.extend(rows.map(|fields| row(&fields)));
    lines.join("\n") + "\n"
}

fn row<S: AsRef<str>>(fields: &[S]) -> String {
    let fields: Vec<&str> = fields.iter().map(AsRef::as_ref).collect();
    format!("| {} |", fields.join(" | "))
}

/// Whether a column holds numbers, by the first word of its name.
fn is_number(column: &str) -> bool {
    NUMBERS.contains(&column.split(' ').next().unwrap_or_default())
}

const NUMBERS: [&str; 24] = [
    "n",
    "min",
    "p50",
    "p90",
    "p99",
    "max",
    "mean",
    "added",
    "ratio",
    "seen/lost",
    "attach",
    "memory",
    "published",
    "base",
    "new",
    "change",
    "%",
    "open",
    "load",
    "verify",
    "whole",
    "agent",
    "hook",
    "side",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_is_no_markup() {
        assert_eq!(escaped("a | <b> `c`\nd"), "a \\| &lt;b&gt; \\`c\\` d");
        assert_eq!(code("a`b|c"), "`a'b\\|c`");
    }
}
