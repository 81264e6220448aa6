//! Loads a rule file as a boot does, and finds the lines that auditctl refuses. auditctl names a refused line only
//! after it has added a rule, and with `-i` says nothing at all, so the lines are then loaded one by one.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

use super::auditctl;
use crate::attach::audit_link::{AuditLink, Setting};
use crate::custom::rules::{Line, Refusal, RuleFile, refused_lines};

/// What the kernel holds after a file was loaded.
#[derive(Debug)]
pub(super) struct Loaded {
    /// How many rules the file asks for.
    pub(super) asked: usize,
    /// How many there are.
    pub(super) held: usize,
    /// The lines that auditctl refused.
    pub(super) refused: Vec<Refusal>,
}

/// Loads `file`, whose text is in the file `path`, which is called `name` in errors.
///
/// # Errors
/// When auditctl stops at a line that it refuses, or no rule is left.
pub(super) fn load(link: &AuditLink, file: &RuleFile, path: &Path, name: &str) -> Result<Loaded> {
    let loaded = match load_at_once(link, file, path)? {
        Some(held) => Loaded { asked: held, held, refused: Vec::new() },
        None => load_one_by_one(link, file)?,
    };
    let stops =
        |refusal: &Refusal| file.lines().iter().any(|line| line.number == refusal.number && !line.reads_on);
    if loaded.refused.iter().any(stops) {
        bail!(
            "auditctl refused {name}, and loads no line after the first one that it refuses: {}",
            refused_lines(&loaded.refused)
        );
    }
    if loaded.held == 0 {
        let why = match loaded.refused.is_empty() {
            true => "the file deletes the rules that it adds".into(),
            false => refused_lines(&loaded.refused),
        };
        bail!("no rule of {name} is loaded: {why}");
    }
    if file.lock().is_some() {
        link.set(Setting::Enabled(2))?;
    }
    Ok(loaded)
}

/// The lines before the one that locks the rules. hookbench locks them when it has looked at them.
fn lines_to_load(file: &RuleFile) -> impl Iterator<Item = &Line> {
    let end = file.lock().map_or(usize::MAX, |lock| lock.number);
    file.lines().iter().filter(move |line| line.number < end)
}

/// Loads the file as a boot does. Returns the number of rules; `None` if a line was refused.
fn load_at_once(link: &AuditLink, file: &RuleFile, path: &Path) -> Result<Option<usize>> {
    let context = || format!("failed to prepare {} for auditctl", path.display());
    let text = fs::read(path).with_context(context)?;
    let end = file.lock().map_or(usize::MAX, |lock| lock.number - 1);
    let mut lines: Vec<&[u8]> = text.split(|&byte| byte == b'\n').take(end).collect();
    let changed: Vec<(usize, String)> = lines_to_load(file).filter_map(changed).collect();
    for (number, text) in &changed {
        lines[number - 1] = text.as_bytes();
    }
    let copy = path.with_extension("loaded");
    fs::write(&copy, lines.join(&b'\n')).with_context(context)?;
    let answer = auditctl::run([Path::new("-R"), &copy])?;
    let held = link.rules()?;
    let hides_errors = file.lines().iter().any(|line| line.effect.ignores_errors && line.words.len() > 1);
    let complete = !file.is_countable() || held == file.rules().count();
    let clean = answer.succeeded() && file.problems().next().is_none();
    Ok((clean && complete && !hides_errors && held > 0).then_some(held))
}

/// The number of a line that is loaded otherwise than it stands in the file, and how.
fn changed(line: &Line) -> Option<(usize, String)> {
    if line.words == ["-i"] {
        // The same, but auditctl ends with 1 if it refused a line.
        return Some((line.number, "-c".into()));
    }
    (line.effect.failure == Some(2)).then(|| (line.number, line.words_without_panic().join(" ")))
}

/// Loads each line alone, as arguments of auditctl, which then gives its reasons.
fn load_one_by_one(link: &AuditLink, file: &RuleFile) -> Result<Loaded> {
    auditctl::delete_all()?;
    let (mut refused, mut missing) = (Vec::new(), 0);
    for line in lines_to_load(file) {
        let reason = match &line.problem {
            Some(problem) => Some(problem.to_string()),
            None if line.effect.ignores_errors => None,
            None => {
                let answer = auditctl::run(line.words_without_panic())?;
                (!answer.succeeded()).then(|| answer.reason())
            }
        };
        if let Some(reason) = reason {
            missing += usize::from(line.asks_for_rule() && file.counts(line));
            refused.push(Refusal::new(line, &reason));
        }
    }
    let held = link.rules()?;
    if let Some(lock) = file.lock() {
        let late = file.problems().filter(|(line, _)| line.number > lock.number);
        for (line, problem) in late {
            missing += usize::from(line.effect.rule.is_some());
            refused.push(Refusal::new(line, &problem.reason));
        }
    }
    let asked = held + missing;
    let expected = file.rules().count();
    ensure!(
        !refused.is_empty() || !file.is_countable() || held == expected,
        "{expected} rules were asked for and {held} are loaded, although auditctl refused no line"
    );
    Ok(Loaded { asked, held, refused })
}
