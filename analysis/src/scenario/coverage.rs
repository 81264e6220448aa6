//! How many of the ways that work a policy sees and stops, and what it makes of allowed neighbours.

use super::CellVerdicts;
use super::verdict::{Neighbour, Seen, Verdict};

/// How many of the ways that work have what is asked for, and the names of the others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage<'r> {
    /// The ways that have it.
    pub good: usize,
    /// The ways that work, as far as they could be judged.
    pub works: usize,
    /// The names of the ways that do not have it.
    pub missed: Vec<&'r str>,
}

/// What a policy makes of the allowed neighbours of a scenario.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Neighbours<'r> {
    /// The neighbours that still work and are recorded.
    pub recorded: Vec<&'r str>,
    /// The neighbours that no longer work.
    pub broken: Vec<&'r str>,
}

impl Coverage<'_> {
    /// The share in percent, rounded down, so that only all of them are 100; `None` if no way works.
    pub fn percent(&self) -> Option<usize> {
        (self.good * 100).checked_div(self.works)
    }
}

impl<'r> CellVerdicts<'r> {
    /// The ways that the policy sees; `None` if it keeps no records.
    pub fn seen(&self) -> Option<Coverage<'r>> {
        self.keeps_records().then(|| {
            self.coverage(|verdict| match verdict {
                Verdict::Forbidden { seen, .. } => Some(*seen == Some(Seen::Seen)),
                _ => None,
            })
        })
    }

    /// The ways that the policy stops before their effect; `None` if it only watches.
    pub fn stopped(&self) -> Option<Coverage<'r>> {
        self.should_stop().then(|| {
            self.coverage(|verdict| match verdict {
                Verdict::Forbidden { stop, .. } => Some(stop.is_some_and(|stop| stop.is_stopped())),
                _ => None,
            })
        })
    }

    /// What the policy is for: the ways that it stops, or sees if it only watches.
    pub fn main_coverage(&self) -> Option<Coverage<'r>> {
        self.stopped().or_else(|| self.seen())
    }

    /// The ways about which nothing can be said, with the reasons.
    pub fn invalid(&self) -> impl Iterator<Item = (&'r str, &str)> {
        self.ways.iter().filter_map(|way| match &way.verdict {
            Verdict::Invalid(why) => Some((&*way.tries.way, &**why)),
            _ => None,
        })
    }

    /// What the policy makes of the allowed neighbours.
    pub fn neighbours(&self) -> Neighbours<'r> {
        let mut neighbours = Neighbours::default();
        for way in &self.ways {
            match &way.verdict {
                Verdict::Allowed(it) if it.is_false_alarm() => neighbours.recorded.push(&way.tries.way),
                Verdict::Allowed(Neighbour::Broken(_)) => neighbours.broken.push(&way.tries.way),
                _ => {}
            }
        }
        neighbours
    }

    fn coverage(&self, has: impl Fn(&Verdict) -> Option<bool>) -> Coverage<'r> {
        let mut coverage = Coverage::default();
        for way in &self.ways {
            let Some(good) = has(&way.verdict) else { continue };
            coverage.works += 1;
            match good {
                true => coverage.good += 1,
                false => coverage.missed.push(&way.tries.way),
            }
        }
        coverage
    }
}
