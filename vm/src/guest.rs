//! One guest: started with a cell, watched until it ends, its answer read. It
//! is trusted with nothing: its output is bounded, and what is no message is said
//! to be none.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use hookbench_model::protocol::AgentMessage;
use tempfile::TempDir;

use crate::answer::{last_lines, understand};
use crate::args::{self, Files, Memory, Stops};
use crate::brought::Brought;
use crate::console::{Show, Tail};
pub use crate::error::Error;
use crate::kvm;
use crate::place::Place;
use crate::process::{Process, Streams};
use crate::qmp::{self, Qmp};
use crate::scratch::Scratch;
use crate::snapshot::Snapshot;

/// What an answer has beside its samples, and what was said before it, is not longer.
const LONGEST_REST: u64 = 256 << 10;
/// A sample is not longer: the digits of 64 bits, and a comma.
const LONGEST_SAMPLE: u64 = 21;
/// On hardware no operation has samples of more clocks and their events.
const MOST_CLOCKS: u64 = 16;
/// No console is longer.
const LONGEST_CONSOLE: u64 = 4 << 20;
/// The cell is padded to this size: its length then moves nothing in the guest.
const CELL_SIZE: usize = 1024;
/// How often a running guest is looked at; its end is noticed at once.
pub(crate) const LOOK: Duration = Duration::from_millis(20);

/// How a guest comes to its cell.
#[derive(Debug, Clone, Copy)]
pub enum Start<'a> {
    /// It boots.
    Boot(Boot<'a>),
    /// It goes on from where another one was stopped.
    Restore(&'a Snapshot),
}

/// What a guest boots.
#[derive(Debug, Clone, Copy)]
pub struct Boot<'a> {
    /// The kernel, uncompressed.
    pub vmlinux: &'a Path,
    /// The initramfs.
    pub image: &'a Path,
    /// The kernel's command line.
    pub boot_line: &'a str,
}

/// Under which terms a guest runs.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'a> {
    /// How long it may take, in real time.
    pub budget: Duration,
    /// How many samples its answer may have: what is longer than such an answer
    /// can be is cut off, while it is still being said.
    pub samples: u32,
    /// How many CPUs it has.
    pub cpus: u16,
    /// How much memory, in MiB.
    pub memory_mib: u32,
    /// Where its files are.
    pub scratch: &'a Scratch,
    /// Whether it is to be ended at once.
    pub stop: &'a AtomicBool,
    /// What shows the console meanwhile.
    pub console: Option<Show>,
    /// What is handed to it with the cell.
    pub brought: Brought<'a>,
    /// The CPU of the host on which its only one stays, under KVM; none in TCG.
    pub kvm: Option<u32>,
}

/// What a guest said before it ended.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Its first message: which kernel it runs.
    pub ready: Option<AgentMessage>,
    /// Its last message: how the cell ended.
    pub last: AgentMessage,
    /// The console's last lines.
    pub console: Vec<String>,
}

/// Runs a guest with `cell`, as JSON, and waits for its answer.
///
/// # Errors
/// See [`Error`]; the guest is gone in every case.
pub fn run(start: Start<'_>, cell: &[u8], terms: &Terms<'_>) -> Result<Answer, Error> {
    let mut guest = match start {
        Start::Boot(boot) => match terms.kvm {
            None => Guest::start(cell, terms, Stops::Not, args::boot_of(&boot), Stdio::null(), None)?,
            Some(cpu) => kvm::start(&boot, cell, terms, cpu)?,
        },
        Start::Restore(snapshot) => restore(snapshot, cell, terms)?,
    };
    let status = loop {
        if let Some(status) = guest.look(LOOK)? {
            break status;
        }
    };
    guest.ended_well(status)?;
    let before = match start {
        Start::Boot(_) => &[],
        Start::Restore(snapshot) => snapshot.said(),
    };
    understand(&[before, &guest.said()].concat(), guest.last_lines())
}

/// Starts QEMU in the state of the snapshot; the memory is copied page by page
/// as it is written.
fn restore<'a>(snapshot: &Snapshot, cell: &[u8], terms: &'a Terms<'a>) -> Result<Guest<'a>, Error> {
    let file = |error| Error::File { path: snapshot.device(), error };
    let device = File::open(snapshot.device()).map_err(file)?;
    let commands = qmp::resume_from(device.as_raw_fd());
    let mut arguments = args::memory(&snapshot.memory(), terms.memory_mib, Memory::Private);
    arguments.extend(["-incoming", "defer", "-qmp", "stdio"].map(OsString::from));
    let mut guest = Guest::start(cell, terms, Stops::Not, arguments, Stdio::piped(), Some(device))?;
    guest.tell(&commands);
    guest.shown = snapshot.console().to_vec();
    Ok(guest)
}

/// A guest that runs, with the folder in which it writes.
pub(crate) struct Guest<'a> {
    pub(crate) process: Process,
    files: Files,
    folder: TempDir,
    tail: Tail,
    /// What the console had shown before it went on from a snapshot.
    shown: Vec<u8>,
    begin: Instant,
    terms: &'a Terms<'a>,
    /// The monitor of one that was talked to; QEMU's input stays open with it.
    pub(crate) qmp: Option<Qmp>,
}

impl<'a> Guest<'a> {
    /// Starts QEMU with the devices, the cell and `arguments`.
    pub(crate) fn start(
        cell: &[u8],
        terms: &'a Terms<'a>,
        stops: Stops,
        arguments: Vec<OsString>,
        input: Stdio,
        inherits: Option<File>,
    ) -> Result<Guest<'a>, Error> {
        let folder = terms.scratch.folder("guest");
        let folder = folder.map_err(|error| Error::File { path: terms.scratch.path().into(), error })?;
        let mut files = Files::below(folder.path());
        let brought = terms.brought;
        for (path, archive) in
            [(&mut files.monitor, brought.monitor), (&mut files.workload, brought.workload)]
        {
            match archive {
                Some(archive) => *path = archive.into(),
                None => fs::write(&*path, b"").map_err(|error| Error::File { path: path.clone(), error })?,
            }
        }
        let mut padded = cell.to_vec();
        padded.resize(padded.len().max(CELL_SIZE), b' ');
        fs::write(&files.cell, padded).map_err(|error| Error::File { path: files.cell.clone(), error })?;
        let create = |name: &str| {
            let path = folder.path().join(name);
            File::create(&path).map_err(|error| Error::File { path, error })
        };
        let talks = stops == Stops::Here || terms.kvm.is_some();
        let output = if talks { Stdio::piped() } else { create("monitor")?.into() };
        let streams = Streams { input, output, error: create("stderr")?, inherits };
        let (machine, place) = match terms.kvm {
            None => (args::machine(terms.cpus, terms.memory_mib), Place::take()),
            // Its CPU is a thread, which gets its place by itself.
            Some(_) => (args::machine_under_kvm(terms.memory_mib), None),
        };
        let arguments = [machine, args::devices(&files, stops), arguments].concat();
        let process = Process::start(&arguments, streams, place)?;
        let tail = Tail::of(&files.console, terms.console);
        Ok(Guest { process, files, folder, tail, shown: Vec::new(), begin: Instant::now(), terms, qmp: None })
    }

    /// Writes to QEMU's monitor. One that does not listen ends by itself, and
    /// says why.
    fn tell(&mut self, commands: &str) {
        if let Some(input) = &mut self.process.qemu.stdin {
            let _ = io::Write::write_all(input, commands.as_bytes());
        }
    }

    /// Waits at most so long for the end, and looks whether it has to be ended.
    pub(crate) fn look(&mut self, longest: Duration) -> Result<Option<ExitStatus>, Error> {
        let status =
            self.process.wait(longest).map_err(|error| Error::Qemu { message: error.to_string() })?;
        self.tail.follow();
        // Also of one that has ended: it may have said all of it since the last look.
        self.is_bounded()?;
        if status.is_some() {
            return Ok(status);
        }
        if self.terms.stop.load(Ordering::Relaxed) {
            Err(Error::Stopped)
        } else if self.begin.elapsed() > self.terms.budget {
            Err(Error::Timeout { budget: self.terms.budget, console: self.last_lines() })
        } else {
            Ok(None)
        }
    }

    /// Whether it has not said too much.
    fn is_bounded(&self) -> Result<(), Error> {
        let length = |path: &Path| fs::metadata(path).map_or(0, |metadata| metadata.len());
        let what = if length(&self.files.answer) > self.longest_answer() {
            format!("more than an answer with {} samples is long", self.terms.samples)
        } else if length(&self.files.console) > LONGEST_CONSOLE {
            format!("more than {} MiB to its console", LONGEST_CONSOLE >> 20)
        } else {
            return Ok(());
        };
        Err(Error::Protocol { what, console: self.last_lines() })
    }

    fn longest_answer(&self) -> u64 {
        let clocks = if self.terms.kvm.is_some() { MOST_CLOCKS } else { 1 };
        LONGEST_REST + u64::from(self.terms.samples) * LONGEST_SAMPLE * clocks
    }

    /// What it has said so far.
    pub(crate) fn said(&self) -> Vec<u8> {
        bounded(&self.files.answer, self.longest_answer())
    }

    /// The console's last lines, those before a snapshot included.
    pub(crate) fn last_lines(&self) -> Vec<String> {
        last_lines(&[self.shown.as_slice(), &self.console()].concat())
    }

    /// What its console has shown so far.
    pub(crate) fn console(&self) -> Vec<u8> {
        bounded(&self.files.console, LONGEST_CONSOLE)
    }

    /// The file with what QEMU complained of.
    pub(crate) fn complaints(&self) -> PathBuf {
        self.folder.path().join("stderr")
    }

    /// Whether it was the guest that ended QEMU, and not QEMU itself.
    pub(crate) fn ended_well(&self, status: ExitStatus) -> Result<(), Error> {
        use std::os::unix::process::ExitStatusExt;
        let qemu = bounded(&self.complaints(), LONGEST_CONSOLE);
        let qemu = String::from_utf8_lossy(&qemu).trim().to_string();
        let message = match status.code() {
            // isa-debug-exit ends QEMU with 1, a reset with 0.
            Some(0) => return Ok(()),
            Some(1) if qemu.is_empty() || !self.said().is_empty() => return Ok(()),
            Some(1) => qemu,
            _ => {
                let why = match status.signal() {
                    Some(libc::SIGKILL) => ", as by the kernel when memory runs out",
                    Some(libc::SIGBUS) => ", as when the file of its memory is cut off or its disk is full",
                    _ => "",
                };
                let colon = if qemu.is_empty() { "" } else { ": " };
                format!("it ended by {status}{why}{colon}{qemu}")
            }
        };
        Err(Error::Qemu { message })
    }
}

/// A file's bytes, as many as there may be.
fn bounded(path: &Path, longest: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    let read = File::open(path).map(|file| io::Read::take(file, longest));
    // What is not there was not said.
    let _ = read.and_then(|mut file| io::Read::read_to_end(&mut file, &mut bytes));
    bytes
}
