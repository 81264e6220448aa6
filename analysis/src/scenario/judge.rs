//! The verdict on one way, from its effect and its records under a policy and under `none`.

use hookbench_results::described::PolicyRecord;
use hookbench_scenarios::exchange::{Object, Tries};
use hookbench_scenarios::{Action, Effect};

use super::verdict::{Neighbour, Seen, Stop, Verdict};

/// Judges a way. `policy` is `None` if nothing watches.
pub(super) fn judge(
    unwatched: &Tries,
    tries: &Tries,
    policy: Option<&PolicyRecord>,
    is_allowed: bool,
) -> Verdict {
    if let Some(why) = &unwatched.invalid {
        return Verdict::Invalid(why.clone());
    }
    if unwatched.effect == Effect::NotReached {
        return Verdict::DoesNotWork { errno: unwatched.errno };
    }
    let Some(policy) = policy else { return Verdict::Works };
    if let Some(why) = &tries.invalid {
        return Verdict::Invalid(why.clone());
    }
    let stop = stop(tries);
    if is_allowed {
        return Verdict::Allowed(match stop {
            Stop::NotStopped if tries.records.is_empty() => Neighbour::Fine,
            Stop::NotStopped if seen(tries) == Seen::WrongName => Neighbour::WrongName,
            Stop::NotStopped => Neighbour::FalseAlarm,
            broken => Neighbour::Broken(broken),
        });
    }
    if policy.action == Action::Watch && stop != Stop::NotStopped {
        let why = format!("the policy only watches, and the way was {}", stop.words());
        return Verdict::Invalid(why);
    }
    Verdict::Forbidden {
        seen: policy.keeps_records.then(|| seen(tries)),
        stop: (policy.action != Action::Watch).then_some(stop),
    }
}

/// What the records say: the best of them counts.
fn seen(tries: &Tries) -> Seen {
    let of_object = |object| match object {
        Object::Right | Object::None => Seen::Seen,
        Object::Blank => Seen::Blank,
        Object::Wrong => Seen::WrongObject,
        Object::WrongName => Seen::WrongName,
    };
    tries.records.iter().map(|record| of_object(record.object)).min().unwrap_or(Seen::Missed)
}

/// What the effect says.
fn stop(tries: &Tries) -> Stop {
    match (tries.effect, tries.signal) {
        (Effect::NotReached, None) => Stop::Denied(tries.errno),
        (Effect::NotReached, Some(signal)) => Stop::KilledBefore(signal),
        (Effect::Reached, Some(signal)) => Stop::KilledAfter(signal),
        (Effect::Reached, None) => Stop::NotStopped,
    }
}
