//! Decides whether packages may be installed now, and asks the user where needed.

use std::env;
use std::io::{self, BufRead, IsTerminal, Write};

use crate::run::{Failure, Result};

/// Whether the user has agreed to installations already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Consent {
    /// `--yes` was given.
    Given,
    /// xtask asks the user, unless CI or root runs it.
    Ask,
}

/// The next step before an installation.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    Install,
    Ask,
    Refuse,
}

/// Returns when packages may be installed; `by_hand` is the command that a user can
/// run instead.
pub(super) fn obtain(consent: Consent, root: bool, by_hand: &str) -> Result<()> {
    let ci = env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false");
    match decide(consent, ci, root, io::stdin().is_terminal()) {
        Step::Install => Ok(()),
        Step::Refuse => Err(Failure::new(format!(
            "installing packages needs sudo, and there is no terminal to ask on; run `{by_hand}`, \
             or set CI=true to let xtask run it"
        ))),
        Step::Ask => {
            print!("Install them with sudo? [y/N] ");
            // A prompt that cannot be shown is answered with no.
            let _ = io::stdout().flush();
            let mut answer = String::new();
            let _ = io::stdin().lock().read_line(&mut answer);
            if is_yes(&answer) {
                return Ok(());
            }
            Err(Failure::new(format!(
                "nothing was installed; to install the packages yourself, run `{by_hand}`"
            )))
        }
    }
}

fn decide(consent: Consent, ci: bool, root: bool, terminal: bool) -> Step {
    if consent == Consent::Given || ci || root {
        Step::Install
    } else if terminal {
        Step::Ask
    } else {
        Step::Refuse
    }
}

fn is_yes(answer: &str) -> bool {
    matches!(answer.trim().to_lowercase().as_str(), "y" | "yes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_asked_where_they_can_answer() {
        assert_eq!(decide(Consent::Ask, false, false, true), Step::Ask);
        assert_eq!(decide(Consent::Ask, false, false, false), Step::Refuse);
        for terminal in [true, false] {
            assert_eq!(decide(Consent::Given, false, false, terminal), Step::Install);
            assert_eq!(decide(Consent::Ask, true, false, terminal), Step::Install);
            assert_eq!(decide(Consent::Ask, false, true, terminal), Step::Install);
        }
    }

    #[test]
    fn only_yes_is_consent() {
        assert!(is_yes("y\n") && is_yes(" YES \n"));
        assert!(!is_yes("\n") && !is_yes("no\n") && !is_yes("yellow\n"));
    }
}
