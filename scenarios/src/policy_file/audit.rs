//! Audit rules: made from the tables of a scenario, and written as auditctl reads them.

use std::fmt;

use crate::policy::Grade;
use crate::scenario::{Abi, Call, Flags};
use crate::subject::Subject;

/// A rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rule {
    /// What it matches.
    pub(crate) matches: Matches,
    /// Whether root's calls are left out.
    pub(crate) spares_root: bool,
    /// The key of its records.
    pub(crate) key: &'static str,
}

/// What a rule matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Matches {
    /// These calls, by callers of one kind, if they have these flags.
    Calls(Abi, Vec<Call>, Option<Flags>),
    /// Accesses to a file, in the letters of `auditctl -p`.
    File(String, &'static str),
}

/// The rules for `subject`. A textbook policy has the calls of 64-bit programs.
pub(crate) fn rules(subject: &Subject) -> Vec<Rule> {
    let mut all: Vec<Matches> = Vec::new();
    if subject.grade == Grade::Complete {
        // Watches come first: the first rule that matches gives the key, and they name the file.
        all.extend(subject.files.iter().map(|(path, access)| Matches::File(path.clone(), access)));
    }
    for abi in [Abi::Native, Abi::Compat, Abi::Uring] {
        let plain: Vec<Call> = subject.calls_of(abi).filter(|call| call.flags.is_none()).copied().collect();
        if !plain.is_empty() {
            all.push(Matches::Calls(abi, plain, None));
        }
        let flagged = subject.calls_of(abi).filter(|call| call.flags.is_some());
        all.extend(flagged.map(|call| Matches::Calls(abi, vec![*call], call.flags)));
    }
    let rule = |matches| {
        let spares_root = subject.scenario.spares_root && matches!(matches, Matches::Calls(..));
        Rule { matches, spares_root, key: subject.scenario.policy }
    };
    all.into_iter().map(rule).collect()
}

/// The file with the rules; `None` if there are none.
pub(crate) fn file(subject: &Subject) -> Option<String> {
    let rules = rules(subject);
    let lines: String = rules.iter().map(|rule| format!("{rule}\n")).collect();
    let about = subject.scenario.about;
    (!rules.is_empty()).then(|| format!("## {about}\n## Load it with: auditctl -R FILE\n{lines}"))
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.matches {
            Matches::File(path, access) => write!(f, "-w {path} -p {access}")?,
            Matches::Calls(abi, calls, flags) => {
                f.write_str(match abi {
                    Abi::Native => "-a always,exit -F arch=b64",
                    Abi::Compat => "-a always,exit -F arch=b32",
                    Abi::Uring => "-a always,io_uring",
                })?;
                let names: Vec<&str> = calls.iter().map(|call| call.name).collect();
                write!(f, " -S {}", names.join(","))?;
                if let Some(Flags { argument, mask }) = flags {
                    write!(f, " -F a{argument}&{mask:#x}")?;
                }
                if self.spares_root {
                    f.write_str(" -F uid!=0")?;
                }
            }
        }
        write!(f, " -k {}", self.key)
    }
}
