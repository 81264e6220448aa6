//! Runs planned cells on a session, several at once, and hands each measurement
//! on as soon as it is there. Order and number of threads change no result, and
//! neither does a stop: what it cuts off is no measurement.

use std::sync::Mutex;
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;
use hookbench_model::protocol::{CellSpec, Fault};
use hookbench_model::{Cell, Measurement, Outcome};

use crate::plan::Planned;
use crate::session::Session;
use crate::stop::Stop;

/// What the runner tells while it runs.
pub enum Event {
    /// A cell has begun.
    Begun(Cell),
    /// A cell has ended, after so long.
    Ended(Box<Measurement>, Duration),
}

/// Runs `planned` on `jobs` threads until all have ended or `stop` is asked for.
/// When `heard` fails, as on a full disk, it asks for it, and its error is returned.
/// The session has to look at the same `stop`, or cells at work go on to their end.
///
/// # Errors
/// Only those of `heard`; a cell that fails is a measurement like any other.
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
                // What those at work would say could not be kept either.
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
        // A failure may well be that it was stopped. Whatever it is, the cell is
        // measured again by whoever goes on with the run.
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

/// How many seconds of the guest's time a cell with so many operations may take:
/// many times what any takes.
fn budget(operations: u32) -> u64 {
    30 + u64::from(operations) / 50
}

/// What the agent is asked for.
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

    /// A session without a machine: every cell costs as many as its name is long.
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
        crate::plan::Plan::open("quick").unwrap().cells(&["6.1".into()]).unwrap()
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
    fn each_cell_ends_in_one_measurement_whatever_the_number_of_threads() {
        let one = measured(1);
        assert_eq!(one.len(), planned().len());
        assert_eq!(one, measured(7));
    }

    #[test]
    fn an_error_of_the_listener_ends_the_run() {
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

    /// A session whose third cell is stopped while it is at work.
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
    fn what_a_stop_cuts_off_is_no_measurement() {
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
