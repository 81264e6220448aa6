//! Runs cells in rounds, for hardware clocks, which are noisy. Each round runs the cells
//! that are compared with each other one after another, in a random order that the run
//! records. Disturbances then affect all of them alike. The rounds of a cell become one
//! measurement, which records where each round ended.

mod combine;
mod gathered;

use std::time::Instant;

use anyhow::Result;
use hookbench_analysis::random::Random;
use hookbench_model::{Cell, Outcome};
use hookbench_plan::Planned;

use self::gathered::Gathered;
use crate::interrupt::Interrupt;
use crate::run::runner::{Event, spec};
use crate::session::Session;

/// The number of rounds, and their order.
#[derive(Debug, Clone, Copy)]
pub struct Rounds {
    /// The number of rounds.
    pub count: u32,
    /// The seed of the random order.
    pub seed: u64,
}

/// Runs `planned` one after another, in rounds. Returns the order: for each round of each
/// group, the indices of its cells in the plan. An interrupted cell yields no measurement.
///
/// # Errors
/// Only those of `heard`.
pub fn run(
    session: &dyn Session,
    planned: &[Planned],
    rounds: Rounds,
    interrupt: &Interrupt,
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
                let (planned, cell) = (&planned[group[place]], &mut cells[place]);
                if !cell.has_ended() && !run_once(session, planned, cell, interrupt, &mut heard)? {
                    return Ok(order);
                }
            }
        }
        for (cell, &place) in cells.into_iter().zip(&group) {
            heard(cell.into_event(session, &planned[place].cell))?;
        }
    }
    Ok(order)
}

/// Runs one round of a cell. Returns whether it ended without an interrupt.
fn run_once(
    session: &dyn Session,
    planned: &Planned,
    cell: &mut Gathered,
    interrupt: &Interrupt,
    heard: &mut impl FnMut(Event) -> Result<()>,
) -> Result<bool> {
    if interrupt.is_requested() {
        return Ok(false);
    }
    heard(Event::Begun(planned.cell.clone()))?;
    let begin = Instant::now();
    let answered = session.run(&planned.cell, &spec(planned, None));
    if interrupt.is_requested() && matches!(answered.outcome, Outcome::Failed(_)) {
        return Ok(false);
    }
    cell.add(answered, begin.elapsed());
    Ok(true)
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    use hookbench_model::protocol::CellSpec;
    use hookbench_model::{ClockSamples, Events, History, Measured, Measurement};
    use hookbench_results::Environment;
    use hookbench_results::attachments::Attachment;

    use crate::session::Answered;

    /// Records which cells ran; `kprobe+count` is unsupported in its second round. Each
    /// round attaches its number.
    #[derive(Default)]
    struct Scripted(Mutex<Vec<String>>, Environment);

    impl Session for Scripted {
        fn environment(&self) -> &Environment {
            &self.1
        }

        fn history(&self, _: &Cell) -> Option<History> {
            None
        }

        fn run(&self, cell: &Cell, spec: &CellSpec) -> Answered {
            let mut ran = self.0.lock().unwrap();
            ran.push(cell.to_string());
            let number = ran.iter().filter(|name| **name == cell.to_string()).count() as u64;
            if cell.monitor.to_string() == "kprobe+count" && number == 2 {
                let attachments = vec![Attachment::new("round", vec![2]).unwrap()];
                return Answered { outcome: Outcome::Unsupported("no more".into()), attachments };
            }
            let other = ClockSamples { samples: vec![number; spec.samples as usize], ..Default::default() };
            let samples = vec![number * 100; spec.samples as usize];
            let events = Events { behaviour: "mprotect".into(), expected: 2, seen: 2, lost: 1, looks: None };
            let outcome = Outcome::Measured(Measured {
                samples,
                calibration: number,
                events: Some(events),
                others: vec![other],
                notes: vec!["a note".into()],
                ..Measured::default()
            });
            Answered { outcome, attachments: vec![Attachment::new("round", vec![number as u8]).unwrap()] }
        }
    }

    fn planned() -> Vec<Planned> {
        let products = hookbench_plan::Products {
            workloads: vec!["mprotect-storm".into()],
            monitors: vec!["kprobe+count".into(), "fentry+count".into()],
            samples: Some(4),
            ..Default::default()
        };
        let plan = hookbench_plan::Plan { name: "t".into(), cells: vec![products], ..Default::default() };
        plan.cells(&["k".into()]).unwrap()
    }

    fn measured(seed: u64) -> (Vec<Measurement>, Vec<Vec<u32>>, Vec<String>) {
        let (session, mut all) = (Scripted::default(), Vec::new());
        let rounds = Rounds { count: 3, seed };
        let order = run(&session, &planned(), rounds, &Interrupt::default(), |event| {
            if let Event::Ended { measurement, attachments, .. } = event {
                // The attachments are those of the round that ran last.
                let last = if measurement.cell.monitor.to_string() == "kprobe+count" { 2 } else { 3 };
                assert_eq!(attachments, [Attachment::new("round", vec![last]).unwrap()]);
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
