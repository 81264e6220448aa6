//! Runs planned cells in a session, several at once, and passes on each measurement as
//! soon as it is complete. Neither the order nor the number of threads changes a result.
//! An interrupted cell yields no measurement.

use std::time::{Duration, Instant};

use anyhow::Result;
use hookbench_model::protocol::{CellSpec, Fault};
use hookbench_model::{Cell, Measurement, Outcome};
use hookbench_plan::Planned;
use hookbench_results::attachments::Attachment;

use super::workers;
use crate::interrupt::Interrupt;
use crate::session::{Answered, Session};

/// What the runner reports while it runs.
pub enum Event {
    /// A cell has begun.
    Begun(Cell),
    /// A cell has ended.
    Ended {
        /// What it ended with.
        measurement: Box<Measurement>,
        /// Files that belong to it.
        attachments: Vec<Attachment>,
        /// How long it took.
        took: Duration,
    },
}

/// Runs `planned` on `jobs` threads until all cells have ended or `interrupt` is
/// requested. If `heard` fails, for example because the disk is full, the runner requests
/// the interrupt and returns that error. The session must poll the same `interrupt`, or
/// running cells continue to their end.
///
/// # Errors
/// Only those of `heard`. A cell that fails is a measurement like any other.
pub fn run(
    session: &dyn Session,
    planned: &[Planned],
    jobs: usize,
    fault: Option<Fault>,
    interrupt: &Interrupt,
    heard: impl FnMut(Event) -> Result<()>,
) -> Result<()> {
    workers::run(
        planned,
        |planned| session.group(&planned.cell),
        jobs,
        interrupt,
        |planned, tell| work(session, planned, fault, interrupt, tell),
        heard,
    )
}

fn work(
    session: &dyn Session,
    planned: &Planned,
    fault: Option<Fault>,
    interrupt: &Interrupt,
    tell: &dyn Fn(Event) -> bool,
) {
    let cell = &planned.cell;
    if !tell(Event::Begun(cell.clone())) {
        return;
    }
    let begin = Instant::now();
    let Answered { outcome, attachments } = session.run(cell, &spec(planned, fault));
    // The interrupt may have caused the failure. Either way, a resumed run measures the
    // cell again.
    if interrupt.is_requested() && matches!(outcome, Outcome::Failed(_)) {
        return;
    }
    let (clock, history) = (session.clock(), session.history(cell));
    let measurement = Box::new(Measurement { cell: cell.clone(), clock, history, outcome });
    tell(Event::Ended { measurement, attachments, took: begin.elapsed() });
}

/// The time limit of a cell with this many operations, in seconds of the guest's time:
/// many times what any cell takes.
pub(crate) fn budget(operations: u32) -> u64 {
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
    use std::sync::atomic::{AtomicUsize, Ordering};

    use hookbench_model::{Failure, FailureKind, History, Measured};
    use hookbench_results::store::Journal;
    use hookbench_results::{Environment, attachments};

    /// A session without a machine: each sample of a cell is the length of its name.
    #[derive(Default)]
    struct Scripted(Environment);

    impl Session for Scripted {
        fn environment(&self) -> &Environment {
            &self.0
        }

        fn history(&self, _: &Cell) -> Option<History> {
            None
        }

        fn run(&self, cell: &Cell, spec: &CellSpec) -> Answered {
            let name = cell.to_string();
            let samples = vec![name.len() as u64; spec.samples as usize];
            Answered {
                outcome: Outcome::Measured(Measured { samples, ..Measured::default() }),
                attachments: vec![Attachment::new("name", name.into_bytes()).unwrap()],
            }
        }
    }

    fn planned() -> Vec<Planned> {
        hookbench_plan::Plan::open("quick").unwrap().cells(&["6.1".into()]).unwrap()
    }

    fn measured(jobs: usize) -> Vec<Measurement> {
        let mut all = Vec::new();
        let heard = |event| {
            if let Event::Ended { measurement, attachments, .. } = event {
                assert_eq!(attachments[0].bytes(), measurement.cell.to_string().as_bytes());
                all.push(*measurement);
            }
            Ok(())
        };
        run(&Scripted::default(), &planned(), jobs, None, &Interrupt::default(), heard).unwrap();
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
            if let Event::Ended { .. } = event {
                ended += 1;
                bail!("the disk is full");
            }
            Ok(())
        };
        let error = run(&Scripted::default(), &planned(), 2, None, &Interrupt::default(), heard).unwrap_err();
        assert_eq!((error.to_string().as_str(), ended), ("the disk is full", 1));
    }

    /// A session whose third cell is interrupted.
    #[derive(Default)]
    struct Interrupting(Interrupt, AtomicUsize, Scripted);

    impl Session for Interrupting {
        fn environment(&self) -> &Environment {
            self.2.environment()
        }

        fn history(&self, _: &Cell) -> Option<History> {
            None
        }

        fn run(&self, cell: &Cell, spec: &CellSpec) -> Answered {
            if self.1.fetch_add(1, Ordering::SeqCst) < 2 {
                return self.2.run(cell, spec);
            }
            self.0.request();
            let message = "the guest was stopped".into();
            Outcome::Failed(Failure { kind: FailureKind::Qemu, message, console: Vec::new() }).into()
        }
    }

    #[test]
    fn an_interrupted_cell_is_not_a_measurement() {
        let session = Interrupting::default();
        let mut words = Vec::new();
        let heard = |event| {
            if let Event::Ended { measurement, .. } = event {
                words.push(measurement.outcome.word());
            }
            Ok(())
        };
        run(&session, &planned(), 1, None, &session.0, heard).unwrap();
        assert_eq!(words, ["measured", "measured"]);
    }

    #[test]
    fn an_interrupted_run_has_the_attachments_of_each_cell_that_its_journal_lists() {
        let (folder, session) = (tempfile::tempdir().unwrap(), Interrupting::default());
        let mut journal = Journal::open(folder.path()).unwrap();
        let heard = |event| match event {
            Event::Ended { measurement, attachments, .. } => journal.append_with(&measurement, &attachments),
            Event::Begun(_) => Ok(()),
        };
        run(&session, &planned(), 1, None, &session.0, heard).unwrap();
        let listed = Journal::read(folder.path()).unwrap().measurements;
        assert_eq!(listed.len(), 2);
        for Measurement { cell, .. } in listed {
            let found = attachments::read(folder.path(), &cell, "name").unwrap().unwrap();
            assert_eq!(found.bytes(), cell.to_string().as_bytes());
        }
    }
}
