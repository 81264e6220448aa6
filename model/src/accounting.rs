//! Whether a monitor saw the events that a workload made. The agent applies this rule before it answers, and
//! hookbench applies it again, because it does not trust the answer. Pure: counting is not done here.

use crate::Schedule;

/// What a monitor owes for the events of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accounting {
    /// How the operations followed each other. In a burst, an event that the monitor reports as lost counts
    /// as seen.
    pub schedule: Schedule,
    /// Whether the monitor samples. One that samples may miss events.
    pub samples: bool,
    /// Whether other processes share the machine. They may make events, too, and the monitor sees those.
    pub shared: bool,
}

impl Accounting {
    /// Whether `seen` and `lost` events account for the `made` ones.
    pub fn accepts(self, made: u64, seen: u64, lost: u64) -> bool {
        let counted = match self.schedule {
            Schedule::Burst => u128::from(seen) + u128::from(lost),
            Schedule::Paced | Schedule::Delivered => seen.into(),
        };
        let made = u128::from(made);
        counted == made || (self.samples && counted < made) || (self.shared && counted > made)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STRICT: Accounting = Accounting { schedule: Schedule::Paced, samples: false, shared: false };

    #[test]
    fn every_event_has_to_be_seen() {
        assert!(STRICT.accepts(5, 5, 0));
        assert!(STRICT.accepts(0, 0, 0));
        assert!(!STRICT.accepts(5, 4, 0));
        assert!(!STRICT.accepts(5, 6, 0));
    }

    #[test]
    fn lost_events_count_as_seen_in_a_burst_only() {
        let burst = Accounting { schedule: Schedule::Burst, ..STRICT };
        assert!(burst.accepts(5, 3, 2));
        assert!(!burst.accepts(5, 3, 3));
        assert!(!burst.accepts(5, 3, 1));
        for schedule in [Schedule::Paced, Schedule::Delivered] {
            let other = Accounting { schedule, ..STRICT };
            assert!(!other.accepts(5, 3, 2), "{schedule:?}");
            assert!(other.accepts(5, 5, 2), "{schedule:?}");
        }
    }

    #[test]
    fn a_monitor_that_samples_may_see_fewer_and_never_more() {
        let samples = Accounting { samples: true, ..STRICT };
        assert!(samples.accepts(5, 0, 0));
        assert!(!samples.accepts(5, 6, 0));
    }

    #[test]
    fn on_a_shared_machine_more_may_be_seen_and_never_fewer() {
        let shared = Accounting { shared: true, ..STRICT };
        assert!(shared.accepts(5, 9, 0));
        assert!(!shared.accepts(5, 4, 0));
    }

    #[test]
    fn counts_do_not_overflow() {
        let burst = Accounting { schedule: Schedule::Burst, ..STRICT };
        assert!(!burst.accepts(u64::MAX, u64::MAX, 1));
        assert!(!burst.accepts(0, u64::MAX, 1));
    }
}
