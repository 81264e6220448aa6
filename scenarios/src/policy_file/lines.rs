//! The size of a policy: the lines of its file, without comments and blank lines.

use super::PolicyFile;

/// How many lines `file` has that are neither blank nor only a comment.
pub fn lines(file: &PolicyFile) -> usize {
    let code = match comment_of(&file.name) {
        Comment::None => file.text.clone(),
        Comment::Line(mark) => without_line_comments(&file.text, mark),
        Comment::C => without_c_comments(&file.text),
    };
    code.lines().filter(|line| !line.trim().is_empty()).count()
}

/// How comments look.
enum Comment {
    /// There are none.
    None,
    /// From this text, at the beginning of a line, to its end.
    Line(&'static str),
    /// As in C.
    C,
}

fn comment_of(name: &str) -> Comment {
    match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("c" | "h") => Comment::C,
        Some("bpfasm") => Comment::Line(";"),
        Some("json") => Comment::None,
        _ => Comment::Line("#"),
    }
}

fn without_line_comments(text: &str, mark: &str) -> String {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with(mark));
    lines.map(|line| line.to_owned() + "\n").collect()
}

/// The text without comments. Line breaks in comments stay, as blank lines. Policies have no strings with marks of
/// comments in them.
fn without_c_comments(text: &str) -> String {
    let mut code = String::new();
    let mut rest = text;
    while let Some(begin) = rest.find("//").into_iter().chain(rest.find("/*")).min() {
        code += &rest[..begin];
        let end = if rest[begin..].starts_with("//") { "\n" } else { "*/" };
        let Some(length) = rest[begin + 2..].find(end) else { return code };
        let comment = &rest[begin..begin + 2 + length + end.len()];
        code.extend(comment.chars().filter(|c| *c == '\n'));
        rest = &rest[begin + comment.len()..];
    }
    code + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{PolicyName, SCENARIOS, policy_file};

    fn count(name: &str, text: &str) -> usize {
        lines(&PolicyFile { name: name.into(), text: text.into() })
    }

    #[test]
    fn comments_and_blank_lines_are_no_lines() {
        let c = "// a\nint a; // b\n\n/* c\n d */\n/* e */ int b; /* f\n*/ int c;\n\t\n}\n";
        assert_eq!(count("x.bpf.c", c), 4);
        assert_eq!(count("x.bpf.c", "int a;\n/* open\nint b;\n"), 1);
        assert_eq!(count("x.rules", "## a\n-a always\n\n  # b\n-w x -k #y\n"), 2);
        assert_eq!(count("x.bpfasm", "; a\nld [0]\nret #1\n"), 2);
        assert_eq!(count("x.json", "{\n\n}\n"), 2);
    }

    #[test]
    fn every_policy_that_is_a_file_has_lines() {
        for scenario in SCENARIOS {
            for file in PolicyName::all().filter_map(|name| policy_file(scenario, name)) {
                assert!(lines(&file) > 0, "{}/{}", scenario.name, file.name);
            }
        }
    }
}
