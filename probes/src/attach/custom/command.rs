//! A custom command that watches. hookbench starts it in the guest, waits until its output
//! says that it is ready and it is idle, and interrupts it at the end, as Ctrl-C does.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use hookbench_model::Behaviour;
use regex_lite::Regex;

use super::{Evidence, LoadedProgram};
use crate::attach::bpf::runs::{program_ids, programs_since};
use crate::attach::{AttachRequest, Attached, Error, EventCounts, lsm};
use crate::custom::payload::{COMMAND, FOLDER, MonitorCommand};

/// Where its output goes.
const OUTPUT: &str = "/run/own-output";

/// How long it may take until it is ready, in the guest's time.
const READY_TIMEOUT: Duration = Duration::from_secs(20);
/// How long it may take to end, in the guest's time.
const END_TIMEOUT: Duration = Duration::from_secs(5);
/// A command is idle when it uses less than [`IDLE_CPU_TIME`] of the CPU in this time.
const IDLE_PERIOD: Duration = Duration::from_millis(500);
const IDLE_CPU_TIME: Duration = Duration::from_millis(10);
/// Between two looks at the command.
const LOOK: Duration = Duration::from_millis(20);

/// How many lines of its output an error shows, and how long each may be.
const LINES: usize = 6;
const LONGEST_LINE: usize = 160;

/// A file system that such commands expect in addition to those of all cells.
const DEBUGFS: &str = "/sys/kernel/debug";

/// A command that runs.
struct RunningCommand {
    child: Child,
    name: String,
    /// BPF programs that were loaded before it started.
    before: BTreeSet<u32>,
    ended: bool,
}

pub(crate) fn attach(request: &AttachRequest) -> Result<Box<dyn Attached>, Error> {
    let path = Path::new("/").join(FOLDER).join(COMMAND);
    let text = fs::read(&path).with_context(|| format!("failed to read {}", path.display()))?;
    let command: MonitorCommand =
        serde_json::from_slice(&text).context("failed to understand the command")?;
    mount_debugfs()?;
    let before = program_ids();
    let child = start(&command.words)?;
    let name = request.sink.to_string();
    let mut running = RunningCommand { child, name, before, ended: false };
    running.wait_until_ready(command.ready.as_deref())?;
    for task in running.tasks()? {
        request.readers.apply_to(task)?;
    }
    Ok(Box::new(running))
}

fn error_number(error: &anyhow::Error) -> Option<i32> {
    error.downcast_ref::<io::Error>().and_then(io::Error::raw_os_error)
}

fn mount_debugfs() -> Result<()> {
    match lsm::mount("debugfs", DEBUGFS) {
        // It is mounted already, or this kernel has none.
        Err(error) if matches!(error_number(&error), Some(libc::EBUSY | libc::ENODEV)) => Ok(()),
        result => result,
    }
}

fn start(words: &[String]) -> Result<Child> {
    let [program, arguments @ ..] = words else { bail!("the command is empty") };
    let output = File::create(OUTPUT).with_context(|| format!("failed to make {OUTPUT}"))?;
    let both = output.try_clone()?;
    Command::new(program)
        .args(arguments)
        .env_clear()
        .env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin")
        .env("HOME", "/root")
        .current_dir(Path::new("/").join(FOLDER))
        .stdin(Stdio::null())
        .stdout(output)
        .stderr(both)
        .process_group(0)
        .spawn()
        .with_context(|| format!("failed to start {program:?}; --bring adds what the guest lacks"))
}

/// What it has written so far.
fn read_output() -> String {
    String::from_utf8_lossy(&fs::read(OUTPUT).unwrap_or_default()).into_owned()
}

/// The last lines of it.
fn last_lines() -> Vec<String> {
    let output = read_output();
    let lines: Vec<&str> = output.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    let last = &lines[lines.len().saturating_sub(LINES)..];
    last.iter().map(|line| line.chars().take(LONGEST_LINE).collect()).collect()
}

impl RunningCommand {
    fn wait_until_ready(&mut self, ready: Option<&str>) -> Result<()> {
        let pattern = Regex::new(ready.unwrap_or_default()).context("not a regular expression")?;
        let begin = Instant::now();
        let (mut used, mut since, mut is_idle) = (self.cpu_time()?, begin, false);
        loop {
            std::thread::sleep(LOOK);
            self.check_alive()?;
            if since.elapsed() >= IDLE_PERIOD {
                let now = self.cpu_time()?;
                is_idle = now.saturating_sub(used) < IDLE_CPU_TIME.as_nanos() as u64;
                (used, since) = (now, Instant::now());
            }
            let matches = pattern.is_match(&read_output());
            if matches && is_idle {
                return Ok(());
            }
            if begin.elapsed() > READY_TIMEOUT {
                let lacks = match ready {
                    Some(ready) if !matches => format!("has not written what matches {ready:?}"),
                    _ => "is still busy".into(),
                };
                bail!("{} {lacks} after {READY_TIMEOUT:?} of the guest's time{}", self.name, shown_output());
            }
        }
    }

    /// Fails when it has ended by itself.
    fn check_alive(&mut self) -> Result<()> {
        match self.child.try_wait().context("failed to wait for the command")? {
            Some(status) => {
                self.ended = true;
                Err(anyhow!("{} ended by itself ({status}){}", self.name, shown_output()))
            }
            None => Ok(()),
        }
    }

    fn tasks(&self) -> Result<Vec<libc::pid_t>> {
        let folder = PathBuf::from(format!("/proc/{}/task", self.child.id()));
        let mut tasks = Vec::new();
        for task in fs::read_dir(&folder).with_context(|| format!("failed to list {}", folder.display()))? {
            tasks.push(task?.file_name().to_string_lossy().parse()?);
        }
        Ok(tasks)
    }

    /// The CPU time of all its tasks, in nanoseconds, as the scheduler counts it.
    fn cpu_time(&self) -> Result<u64> {
        let of = |task: libc::pid_t| {
            let file = format!("/proc/{}/task/{task}/schedstat", self.child.id());
            // A task that has just ended uses no more CPU time.
            let text = fs::read_to_string(file).unwrap_or_default();
            text.split(' ').next().and_then(|number| number.parse::<u64>().ok()).unwrap_or(0)
        };
        Ok(self.tasks()?.into_iter().map(of).sum())
    }

    fn interrupt(&mut self) -> Result<()> {
        if self.ended {
            return Ok(());
        }
        // SAFETY: the process group of a child that has not been waited for.
        unsafe { libc::kill(-(self.child.id() as libc::pid_t), libc::SIGINT) };
        let begin = Instant::now();
        while self.child.try_wait().context("failed to wait for the command")?.is_none() {
            if begin.elapsed() > END_TIMEOUT {
                bail!("{} has not ended {END_TIMEOUT:?} after SIGINT{}", self.name, shown_output());
            }
            std::thread::sleep(LOOK);
        }
        self.ended = true;
        Ok(())
    }
}

/// What it wrote last, to end an error with.
fn shown_output() -> String {
    match last_lines().as_slice() {
        [] => "; it wrote nothing".into(),
        lines => format!("; it wrote: {}", lines.join(" | ")),
    }
}

impl Attached for RunningCommand {
    fn seen(&mut self, _: &Behaviour) -> Result<EventCounts> {
        Ok(EventCounts::default())
    }

    fn evidence(&mut self) -> Option<&mut dyn Evidence> {
        Some(self)
    }

    fn detach(&mut self) -> Result<()> {
        self.interrupt()
    }
}

impl Evidence for RunningCommand {
    fn notes(&mut self) -> Result<Vec<String>> {
        if !self.ended {
            self.check_alive()?;
        }
        Ok(Vec::new())
    }

    fn programs(&self) -> Result<Vec<LoadedProgram>> {
        programs_since(&self.before)
    }

    fn owes_runs(&self) -> bool {
        false
    }

    fn end(&mut self) -> Result<Vec<String>> {
        self.interrupt()?;
        let lines = last_lines();
        if lines.is_empty() {
            return Ok(vec![format!("{} wrote nothing", self.name)]);
        }
        Ok(lines.into_iter().map(|line| format!("{} wrote: {line}", self.name)).collect())
    }
}

impl Drop for RunningCommand {
    fn drop(&mut self) {
        // An error cannot be reported here; a guest ends with its cell.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
