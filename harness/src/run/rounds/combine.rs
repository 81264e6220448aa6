//! Combines the rounds of a cell into one measurement, and the clocks of all rounds into
//! one list. Pure: no session runs here.

use hookbench_model::measurement::{Happened, Refused};
use hookbench_model::{Caveat, ClockSamples, Events, Measured};

/// Combines the rounds of a cell: concatenates samples, adds counts, and takes the median
/// of values that each round has once.
pub(super) fn combine(rounds: Vec<Measured>) -> Measured {
    let lengths = rounds.iter().map(|round| round.samples.len() as u32).collect();
    let mut notes: Vec<String> = Vec::new();
    for note in rounds.iter().flat_map(|round| &round.notes) {
        if !notes.contains(note) {
            notes.push(note.clone());
        }
    }
    let mut caveats: Vec<Caveat> = Vec::new();
    for caveat in rounds.iter().flat_map(|round| &round.caveats) {
        if !caveats.contains(caveat) {
            caveats.push(caveat.clone());
        }
    }
    let others = combine_clocks(&rounds, &mut notes);
    // The steps of loading add up to at most the whole, so both come from the same round.
    let whole = median(rounds.iter().map(|round| round.attach_cost));
    let usual = rounds.iter().find(|round| Some(round.attach_cost) == whole);
    let lsm = rounds.first().map(|round| round.lsm.clone()).unwrap_or_default();
    Measured {
        calibration: median(rounds.iter().map(|round| round.calibration)).unwrap_or(0),
        events: rounds.iter().map(|round| round.events.clone()).reduce(add_events).flatten(),
        refused: rounds.iter().map(|round| round.refused.clone()).reduce(add_refused).flatten(),
        attach_cost: usual.and_then(|round| round.attach_cost),
        loading: usual.and_then(|round| round.loading),
        memory_bytes: median(rounds.iter().filter_map(|round| round.memory_bytes)),
        samples: rounds.into_iter().flat_map(|round| round.samples).collect(),
        rounds: lengths,
        others,
        notes,
        caveats,
        lsm,
        // The clocks that measure in rounds count no single instructions.
        attribution: None,
    }
}

/// The lower median; `None` without values.
fn median<T: Ord + Copy>(values: impl Iterator<Item = T>) -> Option<T> {
    let mut values: Vec<T> = values.collect();
    values.sort_unstable();
    values.get(values.len().checked_sub(1)? / 2).copied()
}

fn add_events(one: Option<Events>, two: Option<Events>) -> Option<Events> {
    let (one, two) = (one?, two?);
    Some(Events {
        behaviour: one.behaviour,
        expected: one.expected + two.expected,
        seen: one.seen + two.seen,
        lost: one.lost + two.lost,
        looks: one.looks.zip(two.looks).map(|(one, two)| one + two),
    })
}

fn add_refused(one: Option<Refused>, two: Option<Refused>) -> Option<Refused> {
    let (one, two) = (one?, two?);
    let add =
        |one: Happened, two: Happened| Happened { events: one.events + two.events, of: one.of + two.of };
    Some(Refused {
        operations: one.operations + two.operations,
        errno: one.errno,
        happened: one.happened.zip(two.happened).map(|(one, two)| add(one, two)),
    })
}

/// Combines the other clocks of all rounds. A clock that is missing in some round is left
/// out, with a note.
fn combine_clocks(rounds: &[Measured], notes: &mut Vec<String>) -> Vec<ClockSamples> {
    let Some(first) = rounds.first() else { return Vec::new() };
    let mut all = Vec::new();
    for known in &first.others {
        let same = |other: &&ClockSamples| other.clock == known.clock && other.what == known.what;
        let found: Vec<&ClockSamples> =
            rounds.iter().filter_map(|round| round.others.iter().find(same)).collect();
        if found.len() < rounds.len() {
            let what = format!("{} {}", known.clock.name(), known.what);
            notes.push(format!(
                "{} was available in only {} of {} rounds",
                what.trim(),
                found.len(),
                rounds.len()
            ));
            continue;
        }
        all.push(ClockSamples {
            samples: found.iter().flat_map(|other| other.samples.iter().copied()).collect(),
            calibration: median(found.iter().map(|other| other.calibration)).unwrap_or(0),
            cost: median(found.iter().filter_map(|other| other.cost)),
            lost: found.iter().map(|other| other.lost).sum(),
            ..known.clone()
        });
    }
    all
}
