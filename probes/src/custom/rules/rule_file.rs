//! A whole rule file: its lines, the rules that it asks for, and the settings that hookbench has to know.

use std::fmt;

use super::check::check;
use super::encoding::{LONGEST_LINE, NotText, not_text};
use super::line::{Effect, Line, Problem, Rule};
use super::options::split;

/// A rule file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleFile {
    lines: Vec<Line>,
}

/// Why a file cannot be read as rules at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unreadable {
    /// auditctl would not read what its author wrote.
    NotText(NotText),
    /// The line with this number has so many bytes.
    Long(usize, usize),
    /// The line with this number is not UTF-8.
    NotUtf8(usize),
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unreadable::NotText(why) => why.fmt(f),
            Unreadable::Long(line, bytes) => write!(
                f,
                "line {line} has {bytes} bytes, and auditctl reads at most {LONGEST_LINE} as one line; split the rule"
            ),
            Unreadable::NotUtf8(line) => write!(f, "line {line} is not UTF-8; convert the file"),
        }
    }
}

impl RuleFile {
    /// Reads a file.
    ///
    /// # Errors
    /// When auditctl could read nothing useful in it.
    pub fn read(bytes: &[u8]) -> Result<RuleFile, Unreadable> {
        if let Some(why) = not_text(bytes) {
            return Err(Unreadable::NotText(why));
        }
        let mut lines = Vec::new();
        let (mut reads_on, mut locked) = (false, None);
        for (bytes, number) in bytes.split(|&byte| byte == b'\n').zip(1..) {
            if bytes.len() > LONGEST_LINE {
                return Err(Unreadable::Long(number, bytes.len()));
            }
            let begin = bytes.iter().position(|&byte| byte != b' ');
            if begin.is_none_or(|begin| bytes[begin] == b'#') {
                continue;
            }
            let text = str::from_utf8(bytes).map_err(|_| Unreadable::NotUtf8(number))?;
            let line = read_line(number, text, &mut reads_on, &mut locked);
            lines.push(line);
        }
        Ok(RuleFile { lines })
    }

    /// The lines that are neither blank nor comments.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// The lines that auditctl refuses, with the reason.
    pub fn problems(&self) -> impl Iterator<Item = (&Line, &Problem)> {
        self.lines.iter().filter_map(|line| Some((line, line.problem.as_ref()?)))
    }

    /// Whether auditctl reads on after a line that it refuses, from some line on.
    pub fn ignores_errors(&self) -> bool {
        self.lines.iter().any(|line| line.effect.ignores_errors)
    }

    /// The lines of the rules that the file asks for and, as far as can be said without a kernel, gets: those
    /// that no later `-D` deletes.
    pub fn rules(&self) -> impl Iterator<Item = (&Line, &Rule)> {
        let rest = &self.lines[self.begin()..];
        rest.iter()
            .filter(|line| line.problem.is_none())
            .filter_map(|line| Some((line, line.effect.rule.as_ref()?)))
    }

    /// The index of the first line that no `-D` follows.
    fn begin(&self) -> usize {
        let deletes = |line: &Line| line.effect.deletes_all && line.problem.is_none();
        self.lines.iter().rposition(deletes).map_or(0, |last| last + 1)
    }

    /// Whether the number of [`RuleFile::rules`] is what the kernel has to hold: no line deletes some of them.
    pub fn is_countable(&self) -> bool {
        !self.lines[self.begin()..].iter().any(|line| line.effect.deletes_some)
    }

    /// Whether the line is a part of the rules that are asked for: no later `-D` deletes what it adds.
    pub fn counts(&self, line: &Line) -> bool {
        self.lines[self.begin()..].iter().any(|counted| counted.number == line.number)
    }

    /// The line that locks the rules (`-e 2`).
    pub fn lock(&self) -> Option<&Line> {
        self.lines.iter().find(|line| locks(line))
    }

    /// The line of a rule that takes every new process out of audit (`task,never` without a field), so no rule of the
    /// list `exit` is evaluated.
    pub fn exempts_all(&self) -> Option<&Line> {
        let exempts = |rule: &Rule| rule.list == "task" && !rule.always && rule.fields.is_empty();
        self.rules().find(|(_, rule)| exempts(rule)).map(|(line, _)| line)
    }

    /// The line that leaves audit switched off (`-e 0`).
    pub fn switches_off(&self) -> Option<&Line> {
        self.last(|effect| effect.enabled).filter(|(_, enabled)| *enabled == 0).map(|(line, _)| line)
    }

    /// The line that limits the records a second, and the limit.
    pub fn rate(&self) -> Option<(&Line, u32)> {
        self.last(|effect| effect.rate).filter(|(_, rate)| *rate > 0)
    }

    /// The line that has the kernel panic when it loses a record (`-f 2`).
    pub fn panics(&self) -> Option<&Line> {
        self.last(|effect| effect.failure).filter(|(_, failure)| *failure == 2).map(|(line, _)| line)
    }

    /// The last line that makes a setting, and the setting.
    fn last(&self, setting: fn(&Effect) -> Option<u32>) -> Option<(&Line, u32)> {
        let mut lines = self.lines.iter().rev().filter(|line| line.problem.is_none());
        lines.find_map(|line| Some((line, setting(&line.effect)?)))
    }
}

fn locks(line: &Line) -> bool {
    line.effect.enabled == Some(2) && line.problem.is_none()
}

/// Reads a line. `locked` is the number of the line that locked the rules.
fn read_line(number: usize, text: &str, reads_on: &mut bool, locked: &mut Option<usize>) -> Line {
    let words = split(text);
    let (effect, mut problem) = check(&words);
    *reads_on |= effect.ignores_errors;
    let changes = effect != Effect { ignores_errors: effect.ignores_errors, ..Effect::default() };
    if let (Some(lock), None, true) = (*locked, &problem, changes) {
        let reason = format!("line {lock} (-e 2) has locked the rules");
        problem = Some(Problem::new(reason, "move that line to the end"));
    }
    let line = Line { number, text: text.trim().into(), words, effect, problem, reads_on: *reads_on };
    if locks(&line) {
        *locked = Some(number);
    }
    line
}
