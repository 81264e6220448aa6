//! Many cells in one process, stored and rendered as by `hookbench run`.

use std::collections::HashMap;
use std::path::Path;
use std::thread::available_parallelism;
use std::time::Instant;

use anyhow::{Result, ensure};
use hookbench::cmd::progress::Progress;
use hookbench::cmd::report::render;
use hookbench::interrupt::Interrupt;
use hookbench::run::runner::{self, Event};
use hookbench::session::Session;
use hookbench::session::guests::{ExactOptions, ExactSession, Needs, Provisions};
use hookbench_model::{Cell, History, Measurement, MonitorName, Outcome, Schedule, Target};
use hookbench_plan::Planned;
use hookbench_reports::terminal;
use hookbench_results::Run;
use hookbench_results::run::SCHEMA;
use hookbench_results::store::{Journal, save};
use hookbench_vm::kernels;

use crate::cost::{Whose, cpu_seconds, peak_mib};
use crate::say;

/// The number of cells of which the rate is measured.
const RATED: u32 = 100;

/// Opens a session with the kernel; without a name, with the default one. Its guests
/// are copies of a machine.
pub(crate) fn session(kernel: Option<&str>) -> Result<(ExactSession, String)> {
    session_of(kernel, History::Forked)
}

/// Opens a session whose guests reach the start of a cell by `history`.
pub(crate) fn session_of(kernel: Option<&str>, history: History) -> Result<(ExactSession, String)> {
    let kernel = match kernel {
        Some(kernel) => kernel.to_string(),
        None => kernels::default()?.name.clone(),
    };
    let provisions = Provisions::fetch(Needs::kernel(&kernel), &|message| eprintln!("{message}"))?;
    let session =
        ExactSession::open(provisions, ExactOptions { guests: Some(history), ..ExactOptions::default() })?;
    Ok((session, kernel))
}

/// `null-syscall` without a monitor. The workload ignores the parameter `copy`, which
/// only makes equal cells different.
pub(crate) fn null_syscall(kernel: &str, schedule: Schedule, samples: u32, copy: u32) -> Planned {
    let mut cell = Cell {
        kernel: kernel.into(),
        target: Target::Tcg,
        boot: Default::default(),
        workload: "null-syscall".into(),
        params: Default::default(),
        schedule,
        monitor: MonitorName::none(),
        tuning: Default::default(),
    };
    cell.params.set("copy", copy.to_string());
    Planned { cell, samples, warmup: 0 }
}

/// Runs one cell, which must end as measured.
pub(crate) fn one(session: &ExactSession, planned: &Planned) -> Result<()> {
    measured(&session.run(&planned.cell, &runner::spec(planned, None)).outcome)
}

fn measured(outcome: &Outcome) -> Result<()> {
    ensure!(matches!(outcome, Outcome::Measured(_)), "a cell was {}: {}", outcome.word(), outcome.reason());
    Ok(())
}

/// Measures how many cells of 200 samples end per second, with a guest on each core.
pub(crate) fn rate() -> Result<()> {
    for (name, schedule) in [("rate.burst", Schedule::Burst), ("rate.paced", Schedule::Paced)] {
        let (session, kernel) = session(None)?;
        // A run makes or checks the snapshot once.
        one(&session, &null_syscall(&kernel, schedule, 200, 0))?;
        let planned: Vec<Planned> =
            (1..=RATED).map(|copy| null_syscall(&kernel, schedule, 200, copy)).collect();
        let folder = tempfile::tempdir()?;
        let begin = Instant::now();
        run(&session, &planned, folder.path())?;
        say(name, f64::from(RATED) / begin.elapsed().as_secs_f64());
    }
    Ok(())
}

/// Measures what `count` cells cost the process that runs them.
pub(crate) fn many(count: u32) -> Result<()> {
    let (session, kernel) = session(None)?;
    one(&session, &null_syscall(&kernel, Schedule::Burst, 1, 0))?;
    let planned: Vec<Planned> =
        (1..=count).map(|copy| null_syscall(&kernel, Schedule::Burst, 1, copy)).collect();
    let folder = tempfile::tempdir()?;
    let begin = Instant::now();
    let run = run(&session, &planned, folder.path())?;
    let ran = begin.elapsed();
    // The kernel counts the time of guests when their machine has ended.
    drop(session);
    save(&run, folder.path())?;
    render(&run, folder.path())?;
    // A real run prints the table to standard output, which is for figures here.
    eprint!("{}", terminal::table(&run));
    let rendered = begin.elapsed() - ran;
    let (own, children) = (cpu_seconds(Whose::Own), cpu_seconds(Whose::Children));
    say(&format!("cells.{count}.wall"), begin.elapsed().as_secs_f64() * 1e3 / f64::from(count));
    say(&format!("cells.{count}.reports"), rendered.as_secs_f64() * 1e3 / f64::from(count));
    say(&format!("cells.{count}.share"), own / (own + children) * 100.0);
    say(&format!("cells.{count}.own"), own * 1e3 / f64::from(count));
    say(&format!("cells.{count}.guests"), children * 1e3 / f64::from(count));
    say(&format!("cells.{count}.memory"), peak_mib()?);
    Ok(())
}

/// Runs the cells as `hookbench run` does: a guest on each core, a journal.
fn run(session: &ExactSession, planned: &[Planned], folder: &Path) -> Result<Run> {
    let environment = session.environment().clone();
    let run = Run {
        schema: SCHEMA,
        plan: "speed".into(),
        shard: None,
        environment,
        measurements: Vec::new(),
        scenarios: Vec::new(),
    };
    let mut journal = Journal::open(folder)?;
    let mut progress = Progress::begin("cells", planned.len());
    let mut done: HashMap<Cell, Measurement> = HashMap::new();
    let jobs = available_parallelism().map_or(1, Into::into);
    runner::run(session, planned, jobs, None, &Interrupt::default(), |event| {
        match event {
            Event::Begun(cell) => progress.begun(&cell),
            Event::Ended { measurement, attachments, took } => {
                measured(&measurement.outcome)?;
                journal.append_with(&measurement, &attachments)?;
                progress.ended(&measurement, took);
                done.insert(measurement.cell.clone(), *measurement);
            }
        }
        Ok(())
    })?;
    let measurements = planned.iter().filter_map(|planned| done.remove(&planned.cell)).collect();
    Ok(Run { measurements, ..run })
}
