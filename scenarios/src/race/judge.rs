//! Judges tries: the record against the file that the kernel used, and the window in which records lie.

use serde::{Deserialize, Serialize};

use super::exchange::Width;
use super::{EVIL, GOOD};

/// The file that the kernel used, judged by its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opened {
    /// The file that the path named at first.
    Good,
    /// The file that the attacker wants.
    Evil,
    /// A policy refused the call.
    Refused,
    /// Neither: the kernel found no file of that name.
    Neither,
}

/// What became of a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judged {
    /// The record names the file that the kernel used.
    Honest,
    /// It names the other one.
    Lie,
    /// It has no path.
    Blank,
    /// The record or the kernel has a path that nobody wrote.
    Torn,
    /// There is no record.
    Unseen,
    /// The policy refused the evil file.
    Stopped,
}

/// How many tries ended how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    /// All tries.
    pub tries: u64,
    /// The record named the file that the kernel used.
    pub honest: u64,
    /// It named the other one.
    pub lies: u64,
    /// It had no path.
    pub blank: u64,
    /// The record or the kernel had a path that nobody wrote.
    pub torn: u64,
    /// There was no record.
    pub unseen: u64,
    /// The policy refused the evil file.
    pub stopped: u64,
    /// The kernel used the evil file.
    pub evil: u64,
}

/// A try of a sweep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Try {
    /// Instructions from the call to the write; negative if the write came first.
    pub at: i64,
    /// What became of it.
    pub judged: Judged,
}

impl Count {
    /// Counts a try.
    pub fn add(&mut self, judged: Judged, opened: Opened) {
        self.tries += 1;
        self.evil += u64::from(opened == Opened::Evil);
        *match judged {
            Judged::Honest => &mut self.honest,
            Judged::Lie => &mut self.lies,
            Judged::Blank => &mut self.blank,
            Judged::Torn => &mut self.torn,
            Judged::Unseen => &mut self.unseen,
            Judged::Stopped => &mut self.stopped,
        } += 1;
    }
}

/// The file that a record names; `None` if it names neither.
pub fn named(record: &str) -> Option<Opened> {
    let name = |path: &str| path.rsplit('/').next() == record.rsplit('/').next();
    match () {
        () if name(GOOD) => Some(Opened::Good),
        () if name(EVIL) => Some(Opened::Evil),
        () => None,
    }
}

/// Judges a try by its record, if there is one, and by the file that the kernel used.
pub fn judge(record: Option<&str>, opened: Opened) -> Judged {
    let Some(record) = record else { return Judged::Unseen };
    match (named(record), opened) {
        _ if record.is_empty() => Judged::Blank,
        (None, _) | (_, Opened::Neither) => Judged::Torn,
        (Some(Opened::Evil), Opened::Refused) => Judged::Stopped,
        (Some(named), _) if named == opened => Judged::Honest,
        (Some(_), _) => Judged::Lie,
    }
}

/// The window of the lies in `tries`, whose order does not matter; `None` if there are none.
pub fn width(tries: &[Try]) -> Option<Width> {
    let mut tries = tries.to_vec();
    tries.sort_by_key(|one| (one.at, one.judged != Judged::Lie));
    let is_lie = |one: &Try| one.judged == Judged::Lie;
    let (begin, end) = densest(tries.iter().map(is_lie))?;
    let lies = |tries: &[Try]| tries.iter().filter(|one| is_lie(one)).count();
    let inside = &tries[begin..=end];
    let stray = lies(&tries) + inside.len() - 2 * lies(inside);
    Some(Width {
        before: begin.checked_sub(1).map(|index| tries[index].at),
        first: tries[begin].at,
        last: tries[end].at,
        after: tries.get(end + 1).map(|one| one.at),
        stray: stray as u64,
    })
}

/// The first and the last index of the stretch with the most lies, where each other try counts against it; `None` if
/// there is no lie.
fn densest(lies: impl Iterator<Item = bool>) -> Option<(usize, usize)> {
    let (mut best, mut found) = (0i64, None);
    let (mut sum, mut begin) = (0i64, 0);
    for (index, is_lie) in lies.enumerate() {
        if sum <= 0 {
            (sum, begin) = (0, index);
        }
        sum += if is_lie { 1 } else { -1 };
        if sum > best {
            (best, found) = (sum, Some((begin, index)));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::race::DIFFERENCE;

    #[test]
    fn the_paths_differ_across_the_end_of_a_word() {
        assert_eq!(GOOD.len(), EVIL.len());
        assert_eq!(GOOD[..DIFFERENCE], EVIL[..DIFFERENCE]);
        assert_eq!(GOOD[DIFFERENCE + 4..], EVIL[DIFFERENCE + 4..]);
        const { assert!(DIFFERENCE / 8 != (DIFFERENCE + 3) / 8) };
    }

    #[test]
    fn a_record_is_judged_by_what_the_kernel_used() {
        assert_eq!(judge(Some(GOOD), Opened::Good), Judged::Honest);
        assert_eq!(judge(Some("the-evil-file"), Opened::Evil), Judged::Honest);
        assert_eq!(judge(Some(GOOD), Opened::Evil), Judged::Lie);
        assert_eq!(judge(Some(EVIL), Opened::Good), Judged::Lie);
        assert_eq!(judge(Some(""), Opened::Evil), Judged::Blank);
        assert_eq!(judge(Some("/run/race/the-evod-file"), Opened::Evil), Judged::Torn);
        assert_eq!(judge(Some(EVIL), Opened::Neither), Judged::Torn);
        assert_eq!(judge(None, Opened::Good), Judged::Unseen);
        assert_eq!(judge(Some(EVIL), Opened::Refused), Judged::Stopped);
        assert_eq!(judge(Some(GOOD), Opened::Refused), Judged::Lie);
    }

    #[test]
    fn a_window_is_as_wide_as_its_lies() {
        let a_try = |at, judged| Try { at, judged };
        let tries = [
            a_try(30, Judged::Lie),
            a_try(0, Judged::Honest),
            a_try(10, Judged::Lie),
            a_try(12, Judged::Lie),
            a_try(15, Judged::Torn),
            a_try(20, Judged::Lie),
            a_try(34, Judged::Honest),
            a_try(40, Judged::Honest),
            a_try(90, Judged::Lie),
            a_try(99, Judged::Honest),
        ];
        let expected = Width { before: Some(0), first: 10, last: 30, after: Some(34), stray: 2 };
        assert_eq!(width(&tries), Some(expected));
        assert_eq!((expected.at_least(), expected.at_most()), (20, Some(34)));
        assert_eq!(width(&tries[..1]).and_then(|width| width.at_most()), None);
        assert_eq!(width(&tries[1..2]), None);
    }
}
