//! What a report says about rules that are not in effect: lines that auditctl refused, and rules that cannot match
//! the operations.

use super::line::{Line, Rule};

/// How many lines a sentence names.
const NAMED: usize = 20;

/// How many characters of a line it shows.
const SHOWN: usize = 200;

/// A line that auditctl refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Its number in the file.
    pub number: usize,
    /// Its text.
    pub text: String,
    /// The reason.
    pub reason: String,
}

impl Refusal {
    /// The refusal of `line` for `reason`.
    pub fn new(line: &Line, reason: &str) -> Refusal {
        Refusal { number: line.number, text: line.text.clone(), reason: reason.into() }
    }
}

/// `line 3 was refused (Syscall name unknown: nosuchcall): -a always,exit …; and 7 more`.
pub fn refused_lines(refusals: &[Refusal]) -> String {
    let named = refusals.iter().take(NAMED).map(|Refusal { number, text, reason }| {
        let reason = reason.trim_end_matches('.');
        format!("line {number} was refused ({reason}): {}", shortened(text))
    });
    let more = refusals.len().saturating_sub(NAMED);
    let more = (more > 0).then(|| format!("and {more} more"));
    named.chain(more).collect::<Vec<_>>().join("; ")
}

/// The sentence about rules of a worker with the login uid `login` that cannot match; `None` if all can.
pub fn unmatched<'a>(
    rules: impl IntoIterator<Item = (&'a Line, &'a Rule)>,
    login: Option<u32>,
) -> Option<String> {
    let (mut all, mut dead) = (0, Vec::new());
    for (line, rule) in rules {
        all += 1;
        if !rule.can_match(login) {
            dead.push(line);
        }
    }
    let first = dead.first()?;
    let (is, measure) = match login {
        None => ("unset".to_string(), "measure with --auid 1000, or the uid of a user who logs in"),
        Some(login) => (login.to_string(), "measure with the --auid of a user whom they watch"),
    };
    Some(format!(
        "{} of {all} rules cannot match, because the login uid (auid) of the operations is {is}; {measure}. The first \
         is line {}: {}",
        dead.len(),
        first.number,
        shortened(&first.text)
    ))
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::custom::rules::RuleFile;

    #[test]
    fn refused_lines_are_named_and_the_rest_counted() {
        let refusal = |number| Refusal { number, text: "-w x".into(), reason: "No such file.".into() };
        assert_eq!(refused_lines(&[refusal(3)]), "line 3 was refused (No such file): -w x");
        let many: Vec<Refusal> = (1..=27).map(refusal).collect();
        let said = refused_lines(&many);
        assert!(said.contains("; line 20 was") && said.ends_with("; and 7 more"), "{said}");
        let long = Refusal { text: "ä".repeat(300), ..refusal(1) };
        assert_eq!(refused_lines(&[long]).chars().filter(|letter| *letter == 'ä').count(), SHOWN);
    }

    #[test]
    fn rules_that_cannot_match_are_counted_and_the_first_is_shown() {
        let file = RuleFile::read(
            b"-w /etc\n-a always,exit -S open -F auid!=unset\n-a always,exit -S open -F auid=unset\n",
        )
        .unwrap();
        assert_eq!(
            unmatched(file.rules(), None).unwrap(),
            "1 of 3 rules cannot match, because the login uid (auid) of the operations is unset; measure with \
             --auid 1000, or the uid of a user who logs in. The first is line 2: -a always,exit -S open -F \
             auid!=unset"
        );
        assert!(
            unmatched(file.rules(), Some(7)).unwrap().contains("is 7; measure with the --auid of a user")
        );
        assert_eq!(unmatched(file.rules().take(1), None), None);
    }
}
