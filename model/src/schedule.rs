//! Schedules: how operations follow each other, and what may run between them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How the operations of a cell follow each other. METHOD.md explains the choice.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Schedule {
    /// An untimed pause before each operation, so queues are empty and readers sleep. Waking
    /// them up is inside the timed part, their work is outside.
    #[default]
    Paced,
    /// Readers have a higher priority than the worker, so the timed part includes delivering
    /// the record to user space.
    Delivered,
    /// A hot loop. Readers may starve, and hookbench reports the lost events.
    Burst,
}

impl Schedule {
    /// All schedules, in the order of reports.
    pub const ALL: [Schedule; 3] = [Schedule::Paced, Schedule::Delivered, Schedule::Burst];

    /// The name used everywhere.
    pub const fn name(self) -> &'static str {
        match self {
            Schedule::Paced => "paced",
            Schedule::Delivered => "delivered",
            Schedule::Burst => "burst",
        }
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A text that is not a schedule.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("unknown schedule {0:?}; the schedules are paced, delivered and burst")]
pub struct UnknownSchedule(String);

impl FromStr for Schedule {
    type Err = UnknownSchedule;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|schedule| schedule.name() == text)
            .ok_or_else(|| UnknownSchedule(text.chars().take(80).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_round_trips() {
        for schedule in Schedule::ALL {
            assert_eq!(schedule.name().parse(), Ok(schedule));
            assert_eq!(serde_json::to_value(schedule).unwrap(), schedule.name());
        }
        assert!("leisurely".parse::<Schedule>().is_err());
    }
}
