//! A line of a rule file: what it asks for, and why auditctl would refuse it.

use std::fmt;

use super::fields::{Field, Place};

/// A line with at least one word that is not a comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its number in the file, from 1.
    pub number: usize,
    /// Its text, without blanks at its ends.
    pub text: String,
    /// Its words, as auditctl splits them.
    pub words: Vec<String>,
    /// What it asks for.
    pub effect: Effect,
    /// Why auditctl refuses it.
    pub problem: Option<Problem>,
    /// Whether auditctl reads on if it refuses the line (`-i` or `-c` was read before).
    pub reads_on: bool,
}

impl Line {
    /// Its words, with which the kernel only writes a message where it would panic (`-f 1` for `-f 2`).
    pub fn words_without_panic(&self) -> Vec<String> {
        let mut words = self.words.clone();
        if self.effect.failure == Some(2) {
            for at in 0..words.len() {
                if words[at] == "-f2" {
                    words[at] = "-f1".into();
                } else if words[at] == "2" && at > 0 && words[at - 1] == "-f" {
                    words[at] = "1".into();
                }
            }
        }
        words
    }

    /// Whether it asks for a rule, be it a wrong one.
    pub fn asks_for_rule(&self) -> bool {
        let begins_part = |word: &String| {
            let letter = word.strip_prefix('-').and_then(|rest| rest.chars().next());
            letter.is_some_and(|letter| "aAwSFCkp".contains(letter))
        };
        self.effect.rule.is_some() || self.problem.is_some() && self.words.iter().any(begins_part)
    }
}

/// What a line asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Effect {
    /// The rule that it adds.
    pub rule: Option<Rule>,
    /// It deletes all rules (`-D`).
    pub deletes_all: bool,
    /// It deletes some rules (`-d`, `-W`, `-D -k`).
    pub deletes_some: bool,
    /// From here on, auditctl reads on after a line that it refuses (`-i`, `-c`).
    pub ignores_errors: bool,
    /// The limit of records a second (`-r`), 0 for none.
    pub rate: Option<u32>,
    /// What the kernel does if it loses a record (`-f`): 2 is a panic.
    pub failure: Option<u32>,
    /// Audit off (0), on (1), or on with locked rules (2).
    pub enabled: Option<u32>,
}

/// A rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// The list that it is on: `exit`, `task`, `user`, `exclude` or `filesystem`.
    pub list: &'static str,
    /// Whether it makes events (`always`). The others suppress them (`never`).
    pub always: bool,
    /// Its fields.
    pub fields: Vec<Field>,
    /// The places in the file system that it names.
    pub places: Vec<Place>,
}

impl Rule {
    /// Whether it can match a system call of a process with the login uid `login`; `None` stands for an unset one.
    /// Only rules that make events of system calls are judged.
    pub fn can_match(&self, login: Option<u32>) -> bool {
        let judged = self.list == "exit" && self.always;
        !judged || self.fields.iter().all(|field| field.can_match(login))
    }
}

/// Why auditctl refuses a line, and what the user can do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The reason.
    pub reason: String,
    /// What to do about it.
    pub remedy: String,
}

impl Problem {
    pub(super) fn new(reason: impl Into<String>, remedy: impl Into<String>) -> Problem {
        Problem { reason: reason.into(), remedy: remedy.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.reason, self.remedy)
    }
}
