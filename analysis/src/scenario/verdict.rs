//! The words of verdicts.

use hookbench_model::Refusal;

/// The signal that policies send.
const SIGKILL: i32 = 9;

/// What a policy makes of a way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It reaches its goal when nothing watches. Only cells under `none` have this verdict.
    Works,
    /// It does not reach its goal on this kernel, even when nothing watches.
    DoesNotWork {
        /// The error number of its decisive call, if that failed.
        errno: Option<i32>,
    },
    /// Nothing can be said of it, for this reason.
    Invalid(String),
    /// It works, and a policy should see or stop it.
    Forbidden {
        /// What the policy saw of it; `None` if it keeps no records.
        seen: Option<Seen>,
        /// What the policy did about it; `None` if it only watches.
        stop: Option<Stop>,
    },
    /// It works, and a policy should let it through.
    Allowed(Neighbour),
}

/// What a policy saw of a way. The order is from good to bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Seen {
    /// A record of it.
    Seen,
    /// A record without the object that it should have.
    Blank,
    /// A record of another object.
    WrongObject,
    /// Nothing.
    Missed,
    /// A record of another call than was made, which is worse than a miss.
    WrongName,
}

/// What a policy did about a way. The order is from good to bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stop {
    /// The effect is not there. The decisive call returned this error number, if the way saw one.
    Denied(Option<i32>),
    /// The effect is not there, and this signal ended the way.
    KilledBefore(i32),
    /// The effect is there, though this signal ended the way.
    KilledAfter(i32),
    /// The effect is there.
    NotStopped,
}

/// What a policy makes of an allowed neighbour. The order is from good to bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Neighbour {
    /// It works, and there is no record of it.
    Fine,
    /// It works, and there is a record of it.
    FalseAlarm,
    /// It works, and there are records of it, all of which name another call than was made.
    WrongName,
    /// It no longer works.
    Broken(Stop),
}

impl Neighbour {
    /// Whether it works and there is a record of it, by the right name or a wrong one.
    pub fn is_false_alarm(&self) -> bool {
        matches!(self, Neighbour::FalseAlarm | Neighbour::WrongName)
    }
}

impl Verdict {
    /// The verdict in a few words.
    pub fn words(&self) -> String {
        match self {
            Verdict::Works => "works".into(),
            Verdict::DoesNotWork { errno: Some(errno) } => {
                format!("does not work here ({})", Refusal::Errno(*errno))
            }
            Verdict::DoesNotWork { errno: None } => "does not work here".into(),
            Verdict::Invalid(_) => "invalid".into(),
            Verdict::Forbidden { stop: Some(stop), .. } => stop.words(),
            Verdict::Forbidden { seen: Some(seen), .. } => seen.word().into(),
            Verdict::Forbidden { seen: None, stop: None } => "not a watcher".into(),
            Verdict::Allowed(Neighbour::Broken(stop)) => format!("broken: {}", stop.words()),
            Verdict::Allowed(neighbour) => neighbour.word().into(),
        }
    }

    /// Whether the way was judged and the policy did what it should; `None` if there is nothing to judge.
    pub fn is_good(&self) -> Option<bool> {
        match self {
            Verdict::Works | Verdict::DoesNotWork { .. } | Verdict::Invalid(_) => None,
            Verdict::Forbidden { stop: Some(stop), .. } => Some(stop.is_stopped()),
            Verdict::Forbidden { seen, stop: None } => seen.map(|seen| seen == Seen::Seen),
            Verdict::Allowed(neighbour) => Some(*neighbour == Neighbour::Fine),
        }
    }
}

impl Seen {
    /// The name used everywhere.
    pub const fn word(self) -> &'static str {
        match self {
            Seen::Seen => "seen",
            Seen::Blank => "blank",
            Seen::WrongObject => "wrong object",
            Seen::Missed => "missed",
            Seen::WrongName => "wrong name",
        }
    }
}

impl Stop {
    /// The words used everywhere.
    pub fn words(self) -> String {
        match self {
            Stop::Denied(Some(errno)) => format!("denied {}", Refusal::Errno(errno)),
            Stop::Denied(None) => "stopped".into(),
            Stop::KilledBefore(SIGKILL) => "killed".into(),
            Stop::KilledBefore(signal) => format!("stopped {}", Refusal::Signal(signal)),
            Stop::KilledAfter(SIGKILL) => "killed after".into(),
            Stop::KilledAfter(signal) => format!("not stopped {}", Refusal::Signal(signal)),
            Stop::NotStopped => "not stopped".into(),
        }
    }

    /// Whether the effect is not there.
    pub const fn is_stopped(self) -> bool {
        matches!(self, Stop::Denied(_) | Stop::KilledBefore(_))
    }
}

impl Neighbour {
    /// The name used everywhere, without details.
    pub const fn word(self) -> &'static str {
        match self {
            Neighbour::Fine => "fine",
            Neighbour::FalseAlarm => "false alarm",
            Neighbour::WrongName => "false alarm, wrong name",
            Neighbour::Broken(_) => "broken",
        }
    }
}
