//! Runs planned cells in a session, several at once, and passes on each measurement as
//! soon as it is complete. Neither the order nor the number of threads changes a result.
//! A cell that a stop interrupts yields no measurement.

use std::sync::Mutex;
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;
use hookbench_model::protocol::{CellSpec, Fault};
use hookbench_model::{Cell, Measurement, Outcome};

use crate::run::interrupt::Stop;
use crate::session::Session;
use hookbench_plan::Planned;

/// What the runner reports while it runs.
pub enum Event {
    /// A cell has begun.
    Begun(Cell),
    /// A cell has ended, after this time.
    Ended(Box<Measurement>, Duration),
}

/// Runs `planned` on `jobs` threads until all cells have ended or `stop` is requested.
/// If `heard` fails, for example because the disk is full, the runner requests the stop
/// and returns that error. The session must poll the same `stop`, or running cells
/// continue to their end.
///
/// # Errors
/// Only those of `heard`. A cell that fails is a measurement like any other.
pub fn run(
    session: &dyn Session,
    planned: &[Planned],
    jobs: usize,
    fault: Option<Fault>,
    stop: &Stop,
    mut heard: impl FnMut(Event) -> Result<()>,
) -> Result<()> {
    let waiting = Mutex::new(planned.iter());
    let (tell, hear) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..jobs.clamp(1, planned.len().max(1)) {
            let (tell, waiting) = (tell.clone(), &waiting);
            scope.spawn(move || work(session, waiting, fault, stop, &tell));
        }
        drop(tell);
        for event in hear {
            if let Err(error) = heard(event) {
                // The results of the running cells could not be kept either.
                stop.ask();
                return Err(error);
            }
        }
        Ok(())
    })
}

fn work(
    session: &dyn Session,
    waiting: &Mutex<std::slice::Iter<'_, Planned>>,
    fault: Option<Fault>,
    stop: &Stop,
    tell: &Sender<Event>,
) {
    let next = || waiting.lock().ok().and_then(|mut waiting| waiting.next());
    while let Some(planned) = (!stop.is_asked()).then(next).flatten() {
        let cell = &planned.cell;
        if tell.send(Event::Begun(cell.clone())).is_err() {
            return;
        }
        let begin = Instant::now();
        let outcome = session.run(cell, &spec(planned, fault));
        // The stop may have caused the failure. Either way, a resumed run measures the
        // cell again.
        if stop.is_asked() && matches!(outcome, Outcome::Failed(_)) {
            return;
        }
        let measurement =
            Measurement { cell: cell.clone(), clock: session.clock(), history: session.history(), outcome };
        if tell.send(Event::Ended(Box::new(measurement), begin.elapsed())).is_err() {
            return;
        }
    }
}

/// The time limit of a cell with this many operations, in seconds of the guest's time:
/// many times what any cell takes.
fn budget(operations: u32) -> u64 {
    30 + u64::from(operations) / 50
}

/// The specification of the cell for the agent.
pub fn spec(planned: &Planned, fault: Option<Fault>) -> CellSpec {
    let Planned { cell, samples, warmup } = planned;
    CellSpec {
        workload: cell.workload.clone(),
        params: cell.params.clone(),
        monitor: cell.monitor.clone(),
        tuning: cell.tuning.clone(),
        schedule: cell.schedule,
        samples: *samples,
        warmup: *warmup,
        budget: budget(*samples + *warmup),
        work: None,
        fault,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::bail;
    use hookbench_model::{Clock, Failure, FailureKind, History, Measured};

    /// A session without a machine: each sample of a cell is the length of its name.
    struct Scripted;

    impl Session for Scripted {
        fn clock(&self) -> Clock {
            Clock::Instructions
        }

        fn history(&self) -> Option<History> {
            None
        }

        fn run(&self, cell: &Cell, spec: &CellSpec) -> Outcome {
            let samples = vec![cell.to_string().len() as u64; spec.samples as usize];
            Outcome::Measured(Measured { samples, ..Measured::default() })
        }
    }

    fn planned() -> Vec<Planned> {
        hookbench_plan::Plan::open("quick").unwrap().cells(&["6.1".into()]).unwrap()
    }

    fn measured(jobs: usize) -> Vec<Measurement> {
        let mut all = Vec::new();
        let heard = |event| {
            if let Event::Ended(measurement, _) = event {
                all.push(*measurement);
            }
            Ok(())
        };
        run(&Scripted, &planned(), jobs, None, &Stop::default(), heard).unwrap();
        all.sort_by_key(|measurement| measurement.cell.to_string());
        all
    }

    #[test]
    fn each_cell_ends_in_one_measurement_on_any_number_of_threads() {
        let one = measured(1);
        assert_eq!(one.len(), planned().len());
        assert_eq!(one, measured(7));
    }

    #[test]
    fn an_error_of_the_listener_stops_the_run() {
        let mut ended = 0;
        let heard = |event| {
            if let Event::Ended(..) = event {
                ended += 1;
                bail!("the disk is full");
            }
            Ok(())
        };
        let error = run(&Scripted, &planned(), 2, None, &Stop::default(), heard).unwrap_err();
        assert_eq!((error.to_string().as_str(), ended), ("the disk is full", 1));
    }

    /// A session in which a stop interrupts the third cell.
    struct Stopping(Stop, std::sync::atomic::AtomicUsize);

    impl Session for Stopping {
        fn history(&self) -> Option<History> {
            None
        }

        fn clock(&self) -> Clock {
            Clock::Instructions
        }

        fn run(&self, cell: &Cell, spec: &CellSpec) -> Outcome {
            if self.1.fetch_add(1, std::sync::atomic::Ordering::SeqCst) < 2 {
                return Scripted.run(cell, spec);
            }
            self.0.ask();
            let message = "the guest was stopped".into();
            Outcome::Failed(Failure { kind: FailureKind::Qemu, message, console: Vec::new() })
        }
    }

    #[test]
    fn an_interrupted_cell_is_not_a_measurement() {
        let stop = Stop::default();
        let session = Stopping(stop.clone(), Default::default());
        let mut words = Vec::new();
        let heard = |event| {
            if let Event::Ended(measurement, _) = event {
                words.push(measurement.outcome.word());
            }
            Ok(())
        };
        run(&session, &planned(), 1, None, &stop, heard).unwrap();
        assert_eq!(words, ["measured", "measured"]);
    }
}
