//! When a command is ready: something shows that it is at work, its output matches `--ready`,
//! and it is idle. First hookbench only looks; if that shows nothing, it makes trial operations.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use regex_lite::Regex;

use super::RunningCommand;
use super::proof::{Saw, Signs};
use super::reaction::{self, Reaction};
use crate::attach::evidence::Operate;

/// How long a command may take until its output matches and it is idle, in the guest's time.
const LIMIT: Duration = Duration::from_secs(20);
/// For how long hookbench only looks at a command that is idle.
const LOOKING: Duration = Duration::from_secs(3);
/// How long hookbench waits for something that shows that a command is at work. Afterwards it
/// makes the operations; the verdict is made after them.
const PATIENCE: Duration = Duration::from_secs(10);
/// A command is idle when it uses less than [`IDLE_CPU_TIME`] of the CPU in this time.
const IDLE_PERIOD: Duration = Duration::from_millis(500);
const IDLE_CPU_TIME: Duration = Duration::from_millis(10);
/// How often a command that has set marks may fail to react.
const TRIALS: u32 = 3;

/// What is known about a command that starts.
pub(super) struct Readiness {
    begin: Instant,
    text: Option<String>,
    pattern: Regex,
    /// Whether the output has matched.
    matches: bool,
    /// What the command does with and without operations.
    pub(super) reaction: Reaction,
}

impl Readiness {
    /// Waits for `ready`.
    ///
    /// # Errors
    /// When that is not a regular expression.
    pub(super) fn of(ready: Option<&str>) -> Result<Readiness> {
        let pattern = Regex::new(ready.unwrap_or_default()).context("--ready is not a regular expression")?;
        let text = ready.map(String::from);
        Ok(Readiness {
            begin: Instant::now(),
            matches: text.is_none(),
            text,
            pattern,
            reaction: Reaction::default(),
        })
    }
}

impl RunningCommand {
    /// Waits until the command is ready, or idle for some time without a sign of work.
    ///
    /// # Errors
    /// When it has ended, is still busy, or its output does not match.
    pub(super) fn wait_for_sign(&mut self) -> Result<()> {
        loop {
            let is_idle = self.is_idle()?;
            let may_pass = self.may_pass(is_idle)?;
            if may_pass && (self.readiness.begin.elapsed() > LOOKING || shows_work(&self.signs()?)) {
                return Ok(());
            }
        }
    }

    /// Waits until the command is ready, or reacts to trial operations, or has shown nothing
    /// for too long.
    ///
    /// # Errors
    /// When it has ended or is still busy, or an operation fails.
    pub(super) fn wait_for_reaction(&mut self, operate: &mut Operate<'_>) -> Result<()> {
        let mut trials = 0;
        loop {
            let signs = self.signs()?;
            if shows_work(&signs) {
                return self.wait_until_idle();
            }
            let reaction = reaction::reacts(operate, |during| self.activity(during))?;
            let by_itself = reaction.by_itself || self.readiness.reaction.by_itself;
            self.readiness.reaction = Reaction { by_itself, ..reaction };
            trials += 1;
            let has_marks = !signs.is_empty();
            let is_over = self.readiness.begin.elapsed() > PATIENCE;
            if reaction.to_operations || is_over || (has_marks && trials >= TRIALS) {
                return self.wait_until_idle();
            }
            self.wait_until_idle()?;
        }
    }

    fn wait_until_idle(&mut self) -> Result<()> {
        loop {
            let is_idle = self.is_idle()?;
            if self.may_pass(is_idle)? {
                return Ok(());
            }
        }
    }

    /// Whether the command may be ready: its output matches, and it is idle.
    fn may_pass(&mut self, is_idle: bool) -> Result<bool> {
        self.check_alive()?;
        let readiness = &mut self.readiness;
        readiness.matches = readiness.matches || readiness.pattern.is_match(&self.terminal.text());
        if readiness.matches && is_idle {
            return Ok(true);
        }
        if readiness.begin.elapsed() > LIMIT {
            let lacks = match &readiness.text {
                Some(text) if !readiness.matches => format!("has not written what matches {text:?}"),
                _ => "is still busy".into(),
            };
            bail!("{} {lacks} after {LIMIT:?} of the guest's time{}", self.name, self.terminal.shown());
        }
        Ok(false)
    }

    /// Whether the command leaves the CPU alone. Nothing else looks at it meanwhile, because
    /// some commands watch whatever looks at them.
    fn is_idle(&self) -> Result<bool> {
        let activity = self.activity(&mut || {
            std::thread::sleep(IDLE_PERIOD);
            Ok(())
        })?;
        Ok(u128::from(activity.cpu_time) < IDLE_CPU_TIME.as_nanos())
    }
}

/// Whether one of the signs shows by itself that the command watches. A mark does not: it may
/// be on a file that no operation touches.
fn shows_work(signs: &Signs) -> bool {
    signs.values().any(|sign| sign.saw != Saw::Wakes)
}

#[cfg(test)]
mod tests {
    use super::super::proof::Sign;
    use super::*;

    #[test]
    fn a_mark_alone_shows_no_work() {
        let sign = |saw| Sign { text: String::new(), saw, parts: None };
        let mut signs = Signs::from([("marks", sign(Saw::Wakes))]);
        assert!(!shows_work(&signs));
        signs.insert("programs", sign(Saw::Runs));
        assert!(shows_work(&signs));
    }

    #[test]
    fn without_a_pattern_any_output_matches() {
        assert!(Readiness::of(None).unwrap().matches);
        assert!(!Readiness::of(Some("ready")).unwrap().matches);
        assert!(Readiness::of(Some("(")).is_err());
    }
}
