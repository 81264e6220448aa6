//! The values of single options: which texts auditctl takes, and why it refuses others.

use super::fields;
use super::line::Problem;

/// The lists of rules.
const LISTS: [&str; 5] = ["exit", "task", "user", "exclude", "filesystem"];

/// The problem of an `option` that needs a list before it.
pub(super) fn without_list(option: &str) -> Problem {
    let reason = format!("{option} stands in a line without a rule's list and action before it");
    Problem::new(reason, "begin the rule with -a always,exit, -a never,exit or -w PATH")
}

/// The problem of system calls in the list `task`.
pub(super) fn task_with_calls() -> Problem {
    Problem::new("the list task takes no system calls (-S)", "remove -S, or use the list exit")
}

/// The list and the action in the value of `-a`, `-A` or `-d`, in either order. `old` is the list that the
/// line already has.
pub(super) fn list_and_action(
    letter: char,
    value: &str,
    old: Option<&str>,
) -> Result<(&'static str, bool), Problem> {
    let list = |text: &str| LISTS.into_iter().find(|list| *list == text);
    let action =
        |text: &str| [("always", true), ("never", false)].into_iter().find(|(name, _)| *name == text);
    let read = || match value.split_once(',')? {
        (_, "possible") => None,
        (first, second) => match (action(first), list(first)) {
            // A watch has set the list.
            (Some(_), _) if old.is_some() => None,
            (Some((_, always)), _) => Some((list(second)?, always)),
            (None, found) => Some((found?, action(second)?.1)),
        },
    };
    read().ok_or_else(|| match value.split_once(',') {
        Some((_, "possible")) => Problem::new(
            format!("the action possible is deprecated: auditctl skips -{letter} {value} without an error"),
            "use always",
        ),
        _ => Problem::new(
            format!("-{letter} {value} is not a list and an action"),
            format!("the lists are {}; the actions are always and never", LISTS.join(", ")),
        ),
    })
}

/// Refuses a path that does not begin with `/`.
pub(super) fn absolute(path: &str) -> Result<(), Problem> {
    match path.starts_with('/') && path.len() < 4096 {
        true => Ok(()),
        false => Err(Problem::new(format!("{path:?} is not an absolute path"), "begin it with /")),
    }
}

/// The value of an option that takes 0, 1 or 2.
pub(super) fn up_to_2(option: &str, value: &str) -> Result<u32, Problem> {
    let known = matches!(value, "0" | "1" | "2").then(|| value.parse().ok()).flatten();
    known.ok_or_else(|| {
        Problem::new(format!("{option} {value} is unknown"), format!("{option} takes 0, 1 or 2"))
    })
}

/// A number as auditctl takes it: a text that begins with a digit.
pub(super) fn number(option: &str, value: &str) -> Result<u32, Problem> {
    let digits = value.bytes().take_while(u8::is_ascii_digit).count();
    if digits == 0 {
        return Err(Problem::new(
            format!("{option} {value} is not a number"),
            format!("{option} takes a number"),
        ));
    }
    Ok(fields::number(value).or_else(|| value[..digits].parse().ok()).unwrap_or(u32::MAX))
}
