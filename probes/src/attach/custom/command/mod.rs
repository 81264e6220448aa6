//! A custom command that watches. hookbench starts it in the guest on a terminal, waits until
//! something shows that it is at work, and ends it as Ctrl-C does. This file puts the parts
//! together: how it starts and ends, what shows that it is at work, and the verdict.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::Path;

use anyhow::{Context, Result, bail};
use hookbench_model::Caveat;

use super::{Evidence, LoadedProgram};
use crate::attach::bpf::runs::{program_ids, programs_since};
use crate::attach::evidence::Operate;
use crate::attach::{AttachRequest, Attached, Error, EventCounts, ReaderPriority, lsm};
use crate::custom::payload::{COMMAND, FOLDER, MonitorCommand};
use processes::{Process, cpu_times, descendants, spent};
use proof::{Look, Signs};
use readiness::Readiness;
use terminal::Terminal;
use verdict::{Activity, Findings, Verdict};

mod ending;
mod output;
mod processes;
mod proof;
mod pty;
mod reaction;
mod readiness;
mod start;
mod terminal;
mod text;
mod verdict;

/// File systems that such commands expect in addition to those of all cells.
const MOUNTS: [(&str, &str); 2] = [("debugfs", "/sys/kernel/debug"), ("devpts", "/dev/pts")];

/// A command that runs.
struct RunningCommand {
    terminal: Terminal,
    name: String,
    readers: ReaderPriority,
    /// What was there before it started.
    before: Before,
    readiness: Readiness,
    /// What shows that it was at work before the first operation.
    began: Moment,
    /// The same after the last timed one.
    ended: Option<Moment>,
    /// How often its BPF programs ran.
    runs: u64,
    note: Option<String>,
}

/// The kernel without the command.
struct Before {
    look: Look,
    programs: BTreeSet<u32>,
}

/// A command at one time.
#[derive(Default)]
struct Moment {
    signs: Signs,
    cpu_times: BTreeMap<libc::pid_t, u64>,
    written: u64,
}

pub(crate) fn attach(request: &AttachRequest) -> Result<Box<dyn Attached>, Error> {
    let path = Path::new("/").join(FOLDER).join(COMMAND);
    let text = fs::read(&path).with_context(|| format!("failed to read {}", path.display()))?;
    let command: MonitorCommand =
        serde_json::from_slice(&text).context("failed to understand the command")?;
    let readiness = Readiness::of(command.ready.as_deref())?;
    for (kind, place) in MOUNTS {
        mount(kind, place)?;
    }
    let before = Before { look: Look::take(None)?, programs: program_ids() };
    let mut running = RunningCommand {
        terminal: Terminal::start(&command.words, request.readers)?,
        name: request.sink.to_string(),
        readers: request.readers,
        before,
        readiness,
        began: Moment::default(),
        ended: None,
        runs: 0,
        note: None,
    };
    running.wait_for_sign()?;
    running.prioritize()?;
    Ok(Box::new(running))
}

fn mount(kind: &str, place: &str) -> Result<()> {
    // If the folder cannot be made, the file system around it has no such place.
    let _ = fs::create_dir(place);
    let number = |error: &anyhow::Error| error.downcast_ref::<io::Error>().and_then(io::Error::raw_os_error);
    match lsm::mount(kind, place) {
        // It is mounted already, or this kernel has none.
        Err(error) if matches!(number(&error), Some(libc::EBUSY | libc::ENODEV)) => Ok(()),
        result => result,
    }
}

impl RunningCommand {
    /// Its processes.
    fn processes(&self) -> Result<Vec<Process>> {
        Ok(descendants(&processes::all()?, self.terminal.pid()))
    }

    /// Gives all its tasks the priority of readers.
    fn prioritize(&self) -> Result<()> {
        processes::set_priority(&self.processes()?, self.readers)
    }

    /// Fails when it has ended by itself. A daemon lives on after its first process.
    fn check_alive(&self) -> Result<()> {
        let status = self.terminal.status();
        let Some(status) = status.filter(|status| !status.success() || self.terminal.all_ended()) else {
            return Ok(());
        };
        self.terminal.settle();
        let hint = match status.success() {
            true => "; a command that only sets something up has to stay: add `sleep infinity` to it",
            false => "",
        };
        bail!("{} ended by itself ({status}){}{hint}", self.name, self.terminal.shown())
    }

    /// What shows that it is at work.
    fn signs(&self) -> Result<Signs> {
        Ok(Look::take(Some(self.terminal.pid()))?.since(&self.before.look))
    }

    /// The command now. Its clocks are read last: looking may wake it.
    fn now(&self) -> Result<Moment> {
        let signs = self.signs()?;
        self.terminal.settle();
        Ok(Moment { signs, cpu_times: cpu_times(&self.processes()?), written: self.terminal.written() })
    }

    /// What it does while `during` runs.
    fn activity(&self, during: &mut dyn FnMut() -> Result<()>) -> Result<Activity> {
        let processes = self.processes()?;
        self.terminal.settle();
        let (times, written) = (cpu_times(&processes), self.terminal.written());
        during()?;
        let now = cpu_times(&processes);
        let written = self.terminal.written() - written;
        // Those that it has started meanwhile have spent all their time meanwhile.
        let mut all = cpu_times(&self.processes()?);
        all.extend(now);
        Ok(Activity { cpu_time: spent(&times, &all), written })
    }

    /// What it did from the first operation to the last.
    fn activity_so_far(&self) -> Activity {
        let Some(ended) = &self.ended else { return Activity::default() };
        Activity {
            cpu_time: spent(&self.began.cpu_times, &ended.cpu_times),
            written: ended.written - self.began.written,
        }
    }
}

impl Attached for RunningCommand {
    fn seen(&mut self) -> Result<EventCounts> {
        Ok(EventCounts::default())
    }

    fn evidence(&mut self) -> Option<&mut dyn Evidence> {
        Some(self)
    }

    fn detach(&mut self) -> Result<()> {
        ending::end(&self.terminal, &self.name).map(|_| ())
    }
}

impl Evidence for RunningCommand {
    fn has_attach_cost(&self) -> bool {
        false
    }

    fn wait_until_at_work(&mut self, operate: &mut Operate<'_>) -> Result<()> {
        self.wait_for_reaction(operate)?;
        self.prioritize()?;
        self.began = self.now()?;
        self.check_alive()
    }

    fn notes(&mut self) -> Result<Vec<String>> {
        self.check_alive()?;
        if self.ended.is_none() {
            self.ended = Some(self.now()?);
        }
        let Activity { cpu_time, written } = self.activity_so_far();
        let milliseconds = cpu_time as f64 / 1e6;
        let name = &self.name;
        Ok(vec![format!(
            "{name} used {milliseconds:.1} ms of CPU time and wrote {written} bytes during the operations"
        )])
    }

    fn programs(&self) -> Result<Vec<LoadedProgram>> {
        programs_since(&self.before.programs)
    }

    fn owes_runs(&self) -> bool {
        false
    }

    fn ran(&mut self, runs: u64) {
        self.runs = runs;
    }

    fn caveats(&mut self) -> Result<Vec<Caveat>> {
        let ended = self.ended.as_ref().context("the command was not looked at after the operations")?;
        let findings = Findings {
            name: &self.name,
            began: &self.began.signs,
            ended: &ended.signs,
            runs: self.runs,
            reaction: self.readiness.reaction,
            activity: self.activity_so_far(),
        };
        let Verdict { note, caveats } = findings.judge();
        self.note = note;
        Ok(caveats)
    }

    fn end(&mut self) -> Result<Vec<String>> {
        let mut notes: Vec<String> = self.note.take().into_iter().collect();
        notes.extend(ending::end(&self.terminal, &self.name)?);
        self.terminal.settle();
        let lines = self.terminal.last_lines();
        if lines.is_empty() {
            notes.push(format!("{} wrote nothing", self.name));
        }
        notes.extend(lines.into_iter().map(|line| format!("{} wrote: {line}", self.name)));
        Ok(notes)
    }
}
