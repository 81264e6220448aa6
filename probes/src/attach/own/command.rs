//! A command of a user's own that watches: started in the guest, waited for until it
//! says that it is ready and rests, and interrupted at the end, as by Ctrl-C.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use hookbench_model::Behaviour;
use regex_lite::Regex;

use super::runs::{but, numbers};
use super::{Own, Program};
use crate::attach::{Attached, Error, Request, Seen};
use crate::own;

/// Where its output goes.
const OUTPUT: &str = "/run/own-output";

/// How long it may take until it is ready, and until it has ended, in the guest's time.
const READY: Duration = Duration::from_secs(20);
const END: Duration = Duration::from_secs(5);
/// Who uses less than so much of the CPU for so long has nothing left to do but to
/// look now and then whether there is something.
const REST: Duration = Duration::from_millis(500);
const RESTING: Duration = Duration::from_millis(10);
const LOOK: Duration = Duration::from_millis(20);

/// So many lines of its output are shown, of so many characters.
const LINES: usize = 6;
const LONGEST_LINE: usize = 160;

/// File systems that such commands expect beside those that all cells have.
const DEBUGFS: &str = "/sys/kernel/debug";

/// A command that runs.
struct Running {
    child: Child,
    name: String,
    /// BPF programs that were there before it.
    before: BTreeSet<u32>,
    ended: bool,
}

pub(crate) fn attach(request: &Request) -> Result<Box<dyn Attached>, Error> {
    let path = Path::new("/").join(own::FOLDER).join(own::COMMAND);
    let text = fs::read(&path).with_context(|| format!("failed to read {}", path.display()))?;
    let command: own::Command = serde_json::from_slice(&text).context("failed to understand the command")?;
    mount_debugfs()?;
    let before = numbers();
    let child = start(&command.words)?;
    let name = request.sink.to_string();
    let mut running = Running { child, name, before, ended: false };
    running.wait_until_ready(command.ready.as_deref())?;
    for task in running.tasks()? {
        request.readers.place(task)?;
    }
    Ok(Box::new(running))
}

fn mount_debugfs() -> Result<()> {
    let kind = c"debugfs";
    let place = c"/sys/kernel/debug";
    // SAFETY: strings that end in NUL and outlive the call.
    let result = unsafe { libc::mount(kind.as_ptr(), place.as_ptr(), kind.as_ptr(), 0, std::ptr::null()) };
    match std::io::Error::last_os_error() {
        error if result != 0 && !matches!(error.raw_os_error(), Some(libc::EBUSY | libc::ENODEV)) => {
            Err(error).with_context(|| format!("failed to mount {DEBUGFS}"))
        }
        _ => Ok(()),
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
        .current_dir(Path::new("/").join(own::FOLDER))
        .stdin(Stdio::null())
        .stdout(output)
        .stderr(both)
        .process_group(0)
        .spawn()
        .with_context(|| format!("failed to start {program:?}; --bring brings what the guest lacks"))
}

/// What it has written so far.
fn output() -> String {
    String::from_utf8_lossy(&fs::read(OUTPUT).unwrap_or_default()).into_owned()
}

/// The last lines of it.
fn last_lines() -> Vec<String> {
    let output = output();
    let lines: Vec<&str> = output.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    let last = &lines[lines.len().saturating_sub(LINES)..];
    last.iter().map(|line| line.chars().take(LONGEST_LINE).collect()).collect()
}

impl Running {
    fn wait_until_ready(&mut self, ready: Option<&str>) -> Result<()> {
        let pattern = Regex::new(ready.unwrap_or_default()).context("not a regular expression")?;
        let begin = Instant::now();
        let (mut used, mut since, mut rests) = (self.used()?, begin, false);
        loop {
            std::thread::sleep(LOOK);
            self.lives()?;
            if since.elapsed() >= REST {
                let now = self.used()?;
                rests = now.saturating_sub(used) < RESTING.as_nanos() as u64;
                (used, since) = (now, Instant::now());
            }
            let said = pattern.is_match(&output());
            if said && rests {
                return Ok(());
            }
            if begin.elapsed() > READY {
                let lacks = match ready {
                    Some(ready) if !said => format!("has not written what matches {ready:?}"),
                    _ => "is still busy".into(),
                };
                bail!("{} {lacks} after {READY:?} of the guest's time{}", self.name, shown());
            }
        }
    }

    /// Fails when it has ended by itself.
    fn lives(&mut self) -> Result<()> {
        match self.child.try_wait().context("failed to look after the command")? {
            Some(status) => {
                self.ended = true;
                Err(anyhow!("{} ended by itself ({status}){}", self.name, shown()))
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

    /// How long it has been running, in the scheduler's nanoseconds, all tasks together.
    fn used(&self) -> Result<u64> {
        let of = |task: libc::pid_t| {
            let file = format!("/proc/{}/task/{task}/schedstat", self.child.id());
            // A task that has just ended uses nothing any more.
            let text = fs::read_to_string(file).unwrap_or_default();
            text.split(' ').next().and_then(|number| number.parse::<u64>().ok()).unwrap_or(0)
        };
        Ok(self.tasks()?.into_iter().map(of).sum())
    }

    fn interrupt(&mut self) -> Result<()> {
        if self.ended {
            return Ok(());
        }
        // SAFETY: our child's process group, and the child has not been waited for.
        unsafe { libc::kill(-(self.child.id() as libc::pid_t), libc::SIGINT) };
        let begin = Instant::now();
        while self.child.try_wait().context("failed to wait for the command")?.is_none() {
            if begin.elapsed() > END {
                bail!("{} has not ended {END:?} after SIGINT{}", self.name, shown());
            }
            std::thread::sleep(LOOK);
        }
        self.ended = true;
        Ok(())
    }
}

/// What it wrote last, for an error.
fn shown() -> String {
    match last_lines().as_slice() {
        [] => "; it wrote nothing".into(),
        lines => format!("; it wrote: {}", lines.join(" | ")),
    }
}

impl Attached for Running {
    fn seen(&mut self, _: &Behaviour) -> Result<Seen> {
        Ok(Seen::default())
    }

    fn own(&mut self) -> Option<&mut dyn Own> {
        Some(self)
    }

    fn detach(&mut self) -> Result<()> {
        self.interrupt()
    }
}

impl Own for Running {
    fn did(&mut self) -> Result<Vec<String>> {
        if !self.ended {
            self.lives()?;
        }
        Ok(Vec::new())
    }

    fn programs(&self) -> Result<Vec<Program>> {
        but(&self.before)
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

impl Drop for Running {
    fn drop(&mut self) {
        // Nobody is left to tell; a guest ends with its cell.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
