//! Runs cells in rounds, for hardware clocks, which are noisy. Each round runs the cells
//! that are compared with each other one after another, in a random order that the run
//! records. Disturbances then affect all of them alike. The rounds of a cell become one
//! measurement, which records where each round ended.

use std::time::{Duration, Instant};

use anyhow::Result;
use hookbench_analysis::random::Random;
use hookbench_model::measurement::{Happened, Refused};
use hookbench_model::{Cell, ClockSamples, Events, Measured, Measurement, Outcome};

use crate::run::interrupt::Stop;
use crate::run::runner::{Event, spec};
use crate::session::Session;
use hookbench_plan::Planned;

/// The number of rounds, and their order.
#[derive(Debug, Clone, Copy)]
pub struct Rounds {
    /// The number of rounds.
    pub count: u32,
    /// The seed of the random order.
    pub seed: u64,
}

/// Runs `planned` one after another, in rounds. Returns the order: for each round of each
/// group, the indices of its cells in the plan. A cell that a stop interrupts yields no
/// measurement.
///
/// # Errors
/// Only those of `heard`.
pub fn run(
    session: &dyn Session,
    planned: &[Planned],
    rounds: Rounds,
    stop: &Stop,
    mut heard: impl FnMut(Event) -> Result<()>,
) -> Result<Vec<Vec<u32>>> {
    let mut random = Random::new(rounds.seed);
    let mut order = Vec::new();
    for group in groups(planned) {
        let mut cells: Vec<Gathered> = group.iter().map(|_| Gathered::default()).collect();
        for _ in 0..rounds.count {
            let mut places: Vec<usize> = (0..group.len()).collect();
            random.shuffle(&mut places);
            order.push(places.iter().map(|&place| group[place] as u32).collect());
            for place in places {
                let Some(cell) = cells.get_mut(place).filter(|cell| cell.ended.is_none()) else { continue };
                let planned = &planned[group[place]];
                if stop.is_asked() {
                    return Ok(order);
                }
                heard(Event::Begun(planned.cell.clone()))?;
                let begin = Instant::now();
                let outcome = session.run(&planned.cell, &spec(planned, None));
                if stop.is_asked() && matches!(outcome, Outcome::Failed(_)) {
                    return Ok(order);
                }
                cell.add(outcome, begin.elapsed());
            }
        }
        for (cell, &place) in cells.into_iter().zip(&group) {
            let took = cell.took;
            let measurement = Measurement {
                cell: planned[place].cell.clone(),
                clock: session.clock(),
                history: session.history(),
                outcome: cell.outcome(),
            };
            heard(Event::Ended(Box::new(measurement), took))?;
        }
    }
    Ok(order)
}

/// Groups the cells that share a baseline. Returns their indices in the plan's order.
fn groups(planned: &[Planned]) -> Vec<Vec<usize>> {
    let mut groups: Vec<(Cell, Vec<usize>)> = Vec::new();
    for (place, planned) in planned.iter().enumerate() {
        let baseline = planned.cell.baseline();
        match groups.iter_mut().find(|(known, _)| *known == baseline) {
            Some((_, places)) => places.push(place),
            None => groups.push((baseline, vec![place])),
        }
    }
    groups.into_iter().map(|(_, places)| places).collect()
}

/// The rounds of a cell so far.
#[derive(Default)]
struct Gathered {
    rounds: Vec<Measured>,
    /// The outcome of a round that was not measured; it ends the cell.
    ended: Option<Outcome>,
    took: Duration,
}

impl Gathered {
    fn add(&mut self, outcome: Outcome, took: Duration) {
        self.took += took;
        match outcome {
            Outcome::Measured(measured) => self.rounds.push(measured),
            other => self.ended = Some(other),
        }
    }

    fn outcome(self) -> Outcome {
        match self.ended {
            Some(ended) => ended,
            None => Outcome::Measured(together(self.rounds)),
        }
    }
}

/// Combines the rounds of a cell: concatenates samples, adds counts, and takes the median
/// of values that each round has once.
fn together(rounds: Vec<Measured>) -> Measured {
    let lengths = rounds.iter().map(|round| round.samples.len() as u32).collect();
    let mut notes: Vec<String> = Vec::new();
    for note in rounds.iter().flat_map(|round| &round.notes) {
        if !notes.contains(note) {
            notes.push(note.clone());
        }
    }
    let others = others(&rounds, &mut notes);
    // The steps of loading add up to at most the whole, so both come from the same round.
    let whole = median(rounds.iter().map(|round| round.attach_cost));
    let usual = rounds.iter().find(|round| Some(round.attach_cost) == whole);
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
fn others(rounds: &[Measured], notes: &mut Vec<String>) -> Vec<ClockSamples> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    use hookbench_model::protocol::CellSpec;
    use hookbench_model::{Clock, History};

    /// Records which cells ran; `kprobe+count` is unsupported in its second round.
    #[derive(Default)]
    struct Scripted(Mutex<Vec<String>>);

    impl Session for Scripted {
        fn clock(&self) -> Clock {
            Clock::Tsc
        }

        fn history(&self) -> Option<History> {
            None
        }

        fn run(&self, cell: &Cell, spec: &CellSpec) -> Outcome {
            let mut ran = self.0.lock().unwrap();
            ran.push(cell.to_string());
            let number = ran.iter().filter(|name| **name == cell.to_string()).count() as u64;
            if cell.monitor.to_string() == "kprobe+count" && number == 2 {
                return Outcome::Unsupported("no more".into());
            }
            let other = ClockSamples { samples: vec![number; spec.samples as usize], ..Default::default() };
            let samples = vec![number * 100; spec.samples as usize];
            let events = Events { behaviour: "mprotect".into(), expected: 2, seen: 2, lost: 1, looks: None };
            Outcome::Measured(Measured {
                samples,
                calibration: number,
                events: Some(events),
                others: vec![other],
                notes: vec!["a note".into()],
                ..Measured::default()
            })
        }
    }

    fn planned() -> Vec<Planned> {
        let products = hookbench_plan::Products {
            workloads: vec!["mprotect-storm".into()],
            monitors: vec!["kprobe+count".into(), "fentry+count".into()],
            samples: Some(4),
            ..Default::default()
        };
        let plan = hookbench_plan::Plan {
            name: "t".into(),
            about: String::new(),
            kernels: vec![],
            ready: None,
            bring: vec![],
            expect_exit: None,
            cells: vec![products],
        };
        plan.cells(&["k".into()]).unwrap()
    }

    fn measured(seed: u64) -> (Vec<Measurement>, Vec<Vec<u32>>, Vec<String>) {
        let (session, mut all) = (Scripted::default(), Vec::new());
        let rounds = Rounds { count: 3, seed };
        let order = run(&session, &planned(), rounds, &Stop::default(), |event| {
            if let Event::Ended(measurement, _) = event {
                all.push(*measurement);
            }
            Ok(())
        });
        (all, order.unwrap(), session.0.into_inner().unwrap())
    }

    #[test]
    fn each_round_runs_a_baseline_with_its_monitors_in_the_order_of_the_seed() {
        let (_, order, ran) = measured(1);
        assert_eq!(order.len(), 2 * 3);
        for round in &order[..3] {
            let mut sorted = round.clone();
            sorted.sort_unstable();
            assert_eq!(sorted, [0, 1, 2]);
        }
        assert_eq!(order, measured(1).1);
        assert!((2..20).any(|seed| measured(seed).1 != order));
        assert!(ran[..3].iter().all(|name| name.contains("to=r]")), "{ran:?}");
    }

    #[test]
    fn the_rounds_of_a_cell_become_one_measurement_with_their_lengths() {
        let (all, ..) = measured(1);
        assert_eq!(all.len(), planned().len());
        let none = all[0].measured().unwrap();
        assert_eq!(none.samples, [vec![100; 4], vec![200; 4], vec![300; 4]].concat());
        assert_eq!((&none.rounds[..], none.calibration), (&[4, 4, 4][..], 2));
        let events = none.events.as_ref().unwrap();
        assert_eq!((events.expected, events.seen, events.lost), (6, 6, 3));
        assert_eq!(none.others[0].samples.len(), 12);
        assert_eq!(none.notes, ["a note"]);
    }

    #[test]
    fn a_round_without_numbers_ends_the_cell() {
        let (all, _, ran) = measured(1);
        let words: Vec<&str> = all.iter().map(|measurement| measurement.outcome.word()).collect();
        assert_eq!(words, ["measured", "unsupported", "measured"].repeat(2));
        assert_eq!(ran.iter().filter(|name| name.ends_with("kprobe+count")).count(), 4);
    }
}
