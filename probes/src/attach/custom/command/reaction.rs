//! Whether a command reacts to operations: it does more in periods with operations than in
//! periods without. Nothing else shows it for a command that leaves no sign in the kernel.
//!
//! The periods alternate and the pauses between them differ, so a timer of the command does
//! not fall into one kind alone. In each pair both are equally long, and both start a worker.

use std::time::{Duration, Instant};

use anyhow::Result;

use super::verdict::Activity;
use crate::attach::evidence::Operate;

/// How many operations are made in a period with operations.
const OPERATIONS: u32 = 3;
/// How long a period is after its operations, in the guest's time: readers may lag behind.
const LAG: Duration = Duration::from_millis(100);
/// The pauses before the pairs, one after another.
const PAUSES: [Duration; 4] = [
    Duration::from_millis(13),
    Duration::from_millis(71),
    Duration::from_millis(37),
    Duration::from_millis(109),
];
/// What the CPU times of two equal periods may differ by, in nanoseconds.
const JITTER: u64 = 10_000;

/// What a command did in the periods.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Reaction {
    /// It did more in each period with operations than in any without.
    pub(super) to_operations: bool,
    /// It did something in a period without operations.
    pub(super) by_itself: bool,
}

/// What the command does with and without operations. `activity` tells what it has done in a
/// time that the closure takes.
///
/// # Errors
/// When an operation fails, or the activity cannot be found out.
pub(super) fn reacts(
    operate: &mut Operate<'_>,
    mut activity: impl FnMut(&mut dyn FnMut() -> Result<()>) -> Result<Activity>,
) -> Result<Reaction> {
    let (mut with, mut without) = (Vec::new(), Vec::new());
    for pause in PAUSES {
        std::thread::sleep(pause);
        let mut length = Duration::ZERO;
        with.push(activity(&mut || {
            let begin = Instant::now();
            operate(OPERATIONS)?;
            length = begin.elapsed() + LAG;
            std::thread::sleep(LAG);
            Ok(())
        })?);
        std::thread::sleep(pause);
        without.push(activity(&mut || {
            let begin = Instant::now();
            operate(0)?;
            std::thread::sleep(length.saturating_sub(begin.elapsed()));
            Ok(())
        })?);
        let by_itself = without.iter().any(|activity| *activity != Activity::default());
        if !is_more(&with, &without) {
            return Ok(Reaction { to_operations: false, by_itself });
        }
    }
    Ok(Reaction { to_operations: true, by_itself: false })
}

/// Whether the command did more in each period of `with` than in any of `without`.
fn is_more(with: &[Activity], without: &[Activity]) -> bool {
    let exceeds = |of: fn(&Activity) -> u64, jitter: u64| {
        let least = with.iter().map(of).min().unwrap_or(0);
        let most = without.iter().map(of).max().unwrap_or(0);
        least > most + jitter
    };
    exceeds(|activity| activity.cpu_time, JITTER) || exceeds(|activity| activity.written, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(mut of: impl FnMut(u32, usize) -> Activity) -> ((bool, bool), usize) {
        let (mut last, mut calls) = (0, 0);
        let made = std::cell::Cell::new(0);
        let mut operate = |operations| {
            made.set(operations);
            Ok(())
        };
        let reacts = reacts(&mut operate, |during| {
            during()?;
            last = made.get();
            calls += 1;
            Ok(of(last, calls))
        });
        let Reaction { to_operations, by_itself } = reacts.unwrap();
        ((to_operations, by_itself), calls)
    }

    fn cpu(cpu_time: u64) -> Activity {
        Activity { cpu_time, written: 0 }
    }

    #[test]
    fn more_in_each_period_with_operations_is_a_reaction() {
        assert_eq!(run(|operations, _| cpu(5_000_000 + 20_000 * u64::from(operations))), ((true, false), 8));
        assert_eq!(
            run(|operations, _| Activity { written: operations.into(), cpu_time: 7 }),
            ((true, false), 8)
        );
    }

    #[test]
    fn what_happens_without_operations_is_none() {
        assert_eq!(run(|_, _| cpu(0)), ((false, false), 2));
        assert_eq!(run(|_, _| cpu(5_000_000)), ((false, true), 2));
        // A timer that falls into the first period with operations, and later into one without.
        assert_eq!(run(|_, call| cpu(if [1, 4].contains(&call) { 900_000 } else { 0 })), ((false, true), 4));
        // Less than the jitter.
        assert_eq!(run(|operations, _| cpu(1_000 * u64::from(operations))), ((false, false), 2));
    }
}
