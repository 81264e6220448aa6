//! A running guest: QEMU with a folder of files, which hookbench watches and
//! bounds. The order of events in a guest's life is in `run`.

use std::fs::{self, File};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::json;
use tempfile::TempDir;

use super::answer::{last_lines, understand};
use super::console::Tail;
use super::ending::Error;
use super::fork_server::{ForkServer, MachineCopy};
use super::options::GuestOptions;
use super::orders::Orders;
use super::pinning::PinnedCpu;
use super::process::{Process, Streams};
use super::qmp::Qmp;
use crate::machine::arguments::Arguments;
use crate::machine::devices::{Files, OnStop, devices};
use hookbench_model::channel::{CELL_PADDING, CELL_SIZE, SENDS_SYMBOLS};

/// The most bytes of an answer apart from its samples, with all messages before it.
const LONGEST_REST: u64 = 256 << 10;
/// The most bytes of a sample: the digits of 64 bits, and a comma.
const LONGEST_SAMPLE: u64 = 21;
/// The most bytes of a console.
const LONGEST_CONSOLE: u64 = 4 << 20;
/// How often hookbench looks at a running guest. It notices the end at once.
pub(super) const LOOK_INTERVAL: Duration = Duration::from_millis(20);

/// How hookbench uses QEMU's monitor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MonitorUse {
    /// Not at all.
    None,
    /// It writes commands and ignores the answers.
    Write,
    /// It writes commands and reads the answers.
    Converse,
}

/// What differs between the ways to start a guest.
pub(super) struct Launch {
    /// QEMU's arguments after those of the machine and the devices.
    pub(super) arguments: Arguments,
    /// What QEMU does when the guest stops itself.
    pub(super) on_stop: OnStop,
    /// How hookbench uses QEMU's monitor.
    pub(super) monitor: MonitorUse,
    /// What QEMU inherits: see [`Streams`].
    pub(super) inherited: Option<OwnedFd>,
    /// Whether QEMU lives longer than the thread that starts it.
    pub(super) outlives_caller: bool,
}

/// What a guest's life hangs on.
pub(super) enum Life {
    /// A QEMU of its own.
    Process(Process),
    /// A copy of a fork server.
    Copy(MachineCopy),
}

impl Life {
    fn wait(&mut self, timeout: Duration) -> io::Result<Option<ExitStatus>> {
        match self {
            Life::Process(process) => process.wait(timeout),
            Life::Copy(copy) => copy.wait(timeout),
        }
    }

    /// The same, whose CPU no longer counts as used: it only waits.
    pub(super) fn unpinned(self) -> Life {
        match self {
            Life::Process(process) => Life::Process(process.unpinned()),
            Life::Copy(copy) => Life::Copy(copy.unpinned()),
        }
    }
}

/// A running guest with the folder of its files.
pub(super) struct Guest<'a> {
    life: Life,
    files: Files,
    folder: TempDir,
    tail: Tail,
    /// What the console had shown before the snapshot from which the guest resumed.
    earlier_console: Vec<u8>,
    begin: Instant,
    options: &'a GuestOptions<'a>,
    /// Keeps QEMU's standard input open.
    qmp: Option<Qmp>,
}

impl<'a> Guest<'a> {
    /// Starts QEMU with `cell`.
    ///
    /// # Errors
    /// When a file cannot be written or QEMU does not start.
    pub(super) fn start(
        orders: Orders<'_>,
        options: &'a GuestOptions<'a>,
        launch: Launch,
    ) -> Result<Guest<'a>, Error> {
        Guest::start_with(orders, options, |_| launch)
    }

    /// Likewise, with a launch that depends on the guest's files.
    ///
    /// # Errors
    /// Those of [`start`](Guest::start).
    pub(super) fn start_with(
        orders: Orders<'_>,
        options: &'a GuestOptions<'a>,
        launch: impl FnOnce(&Files) -> Launch,
    ) -> Result<Guest<'a>, Error> {
        let folder = options.scratch.folder("guest");
        let folder = folder.map_err(|error| Error::file(options.scratch.path(), error))?;
        let mut files = write_inputs(folder.path(), orders, options)?;
        files.firmware = write_firmware(folder.path(), options)?;
        let launch = launch(&files);
        let create = |name: &str| {
            let path = folder.path().join(name);
            File::create(&path).map_err(|error| Error::file(path, error))
        };
        let mut arguments = launch.arguments;
        if launch.monitor != MonitorUse::None {
            arguments = arguments.option("-qmp", "stdio");
        }
        let (input, output) = match launch.monitor {
            MonitorUse::None => (Stdio::null(), create("monitor")?.into()),
            MonitorUse::Write => (Stdio::piped(), create("monitor")?.into()),
            MonitorUse::Converse => (Stdio::piped(), Stdio::piped()),
        };
        let streams = Streams { input, output, error: create("stderr")?, inherited: launch.inherited };
        let cpu = if options.machine.pins_process() { PinnedCpu::choose() } else { None };
        let arguments = devices(&files, launch.on_stop).append(arguments).into_vec();
        let arguments = [options.machine.arguments(), arguments].concat();
        let process = Process::start(options.qemu, &arguments, streams, cpu, launch.outlives_caller)?;
        let tail = Tail::new(&files.console, options.console);
        let begin = Instant::now();
        let life = Life::Process(process);
        Ok(Guest { life, files, folder, tail, earlier_console: Vec::new(), begin, options, qmp: None })
    }

    /// Has `server` copy itself for these orders. The copy serves on the socket `serves`, if there is one.
    ///
    /// # Errors
    /// When a file cannot be written or the server does not make a copy.
    pub(super) fn copy(
        server: &Arc<ForkServer>,
        orders: Orders<'_>,
        options: &'a GuestOptions<'a>,
        serves: Option<OwnedFd>,
    ) -> Result<Guest<'a>, Error> {
        let folder = options.scratch.folder("guest");
        let folder = folder.map_err(|error| Error::file(options.scratch.path(), error))?;
        let files = write_inputs(folder.path(), orders, options)?;
        let begin = Instant::now();
        let copy = server.copy(&files, &folder.path().join("stderr"), options.plugin, serves)?;
        let tail = Tail::new(&files.console, options.console);
        let earlier_console = server.console().to_vec();
        Ok(Guest { life: Life::Copy(copy), files, folder, tail, earlier_console, begin, options, qmp: None })
    }

    /// Its life and the folder of its files, for a guest that outlives its cell.
    pub(super) fn into_parts(self) -> (Life, TempDir) {
        (self.life, self.folder)
    }

    /// The error of a guest that ended without an answer.
    pub(super) fn no_answer(&self) -> Error {
        match understand(&self.messages(), self.last_lines()) {
            Ok(answer) => Error::Agent { answer: Box::new(answer) },
            Err(error) => error,
        }
    }

    /// Sets what the console had shown before the guest resumed.
    pub(super) fn set_earlier_console(&mut self, console: &[u8]) {
        self.earlier_console = console.to_vec();
    }

    /// Writes `commands` to QEMU's monitor. A QEMU that does not read them ends and
    /// reports why.
    pub(super) fn write_commands(&mut self, commands: &str) {
        if let Life::Process(Process { qemu, .. }) = &mut self.life
            && let Some(input) = &mut qemu.stdin
        {
            let _ = io::Write::write_all(input, commands.as_bytes());
        }
    }

    /// Connects to QEMU's monitor. Waits for QEMU no longer than `timeout`.
    ///
    /// # Errors
    /// When the guest was started without [`MonitorUse::Converse`], or QEMU does
    /// not answer.
    pub(super) fn connect(&mut self, timeout: Duration) -> Result<Qmp, Error> {
        let pipes = match &mut self.life {
            Life::Process(Process { qemu, .. }) => (qemu.stdin.take(), qemu.stdout.take()),
            Life::Copy(_) => (None, None),
        };
        let (Some(commands), Some(answers)) = pipes else {
            return Err(Error::qemu("its monitor has no pipes"));
        };
        let mut qmp = Qmp::new(commands, answers);
        qmp.command("qmp_capabilities", &json!({}), timeout)?;
        Ok(qmp)
    }

    /// Keeps the connection open as long as the guest runs.
    pub(super) fn keep_connection(&mut self, qmp: Qmp) {
        self.qmp = Some(qmp);
    }

    /// Waits for the guest's end, no longer than `timeout`.
    ///
    /// # Errors
    /// When the guest sent too much, ran too long, or the run was interrupted.
    pub(super) fn look(&mut self, timeout: Duration) -> Result<Option<ExitStatus>, Error> {
        let status = self.life.wait(timeout).map_err(Error::qemu)?;
        self.tail.follow();
        // Also after its end: the guest may have written everything since the last look.
        self.check_bounds()?;
        if status.is_some() {
            return Ok(status);
        }
        if self.options.stop.load(Ordering::Relaxed) {
            Err(Error::Stopped)
        } else if self.begin.elapsed() > self.options.budget {
            Err(Error::Timeout { budget: self.options.budget, console: self.last_lines() })
        } else {
            Ok(None)
        }
    }

    /// Looks at the guest until it ends, no longer than `patience`. Returns QEMU's
    /// exit status, or why hookbench has to end the guest; `None` if it runs on.
    pub(super) fn wait_for_end(&mut self, patience: Duration) -> Option<Result<ExitStatus, Error>> {
        let begin = Instant::now();
        while begin.elapsed() < patience {
            if let Some(ended) = self.look(LOOK_INTERVAL).transpose() {
                return Some(ended);
            }
        }
        None
    }

    /// Fails if the guest has sent too much.
    fn check_bounds(&self) -> Result<(), Error> {
        let length = |path: &Path| fs::metadata(path).map_or(0, |metadata| metadata.len());
        let what = if length(&self.files.answer) > self.longest_answer() {
            format!("more than an answer with {} samples can be long", self.options.samples)
        } else if length(&self.files.console) > LONGEST_CONSOLE {
            format!("more than {} MiB to its console", LONGEST_CONSOLE >> 20)
        } else {
            return Ok(());
        };
        Err(Error::Protocol { what, console: self.last_lines() })
    }

    fn longest_answer(&self) -> u64 {
        let samples = u64::from(self.options.samples) * self.options.machine.most_clocks();
        LONGEST_REST + samples * LONGEST_SAMPLE + self.options.symbols
    }

    /// Returns the agent's messages so far.
    pub(super) fn messages(&self) -> Vec<u8> {
        read_bounded(&self.files.answer, self.longest_answer())
    }

    /// Returns the last lines of the console, those before a snapshot included.
    pub(super) fn last_lines(&self) -> Vec<String> {
        last_lines(&self.whole_console())
    }

    /// Returns what the console has shown, before a snapshot and in an original included.
    pub(super) fn whole_console(&self) -> Vec<u8> {
        [self.earlier_console.as_slice(), &self.console()].concat()
    }

    /// Returns what the console has shown since this guest started.
    pub(super) fn console(&self) -> Vec<u8> {
        read_bounded(&self.files.console, LONGEST_CONSOLE)
    }

    /// Returns the path of QEMU's standard error.
    pub(super) fn qemu_errors(&self) -> PathBuf {
        self.folder.path().join("stderr")
    }

    /// Checks that the guest ended QEMU, and not QEMU itself.
    ///
    /// # Errors
    /// With what QEMU reported.
    pub(super) fn check_status(&self, status: ExitStatus) -> Result<(), Error> {
        let errors = read_bounded(&self.qemu_errors(), LONGEST_CONSOLE);
        let errors = without_warnings(&String::from_utf8_lossy(&errors));
        match status.code() {
            // isa-debug-exit ends QEMU with 1, a reset with 0.
            Some(0) => Ok(()),
            Some(1) if errors.is_empty() || !self.messages().is_empty() => Ok(()),
            Some(1) => Err(Error::qemu(errors)),
            _ => {
                let colon = if errors.is_empty() { "" } else { ": " };
                Err(Error::qemu(format!("it ended with {status}{}{colon}{errors}", likely_cause(status))))
            }
        }
    }
}

/// What QEMU reported, apart from warnings: newer versions warn of options that older ones need.
fn without_warnings(errors: &str) -> String {
    let is_warning = |line: &str| line.starts_with("warning: ") || line.contains(": warning: ");
    let lines: Vec<&str> = errors.lines().filter(|line| !is_warning(line)).collect();
    lines.join("\n").trim().to_owned()
}

/// Returns what usually causes such an end, as the end of a sentence.
fn likely_cause(status: ExitStatus) -> &'static str {
    match status.signal().and_then(Signal::from_named_raw) {
        Some(Signal::KILL) => " (the kernel does that when memory runs out)",
        Some(Signal::BUS) => {
            " (the kernel does that when the file of the guest's memory is cut off or its disk is full)"
        }
        _ => "",
    }
}

/// Writes the files that the guest reads into `folder`.
fn write_inputs(folder: &Path, orders: Orders<'_>, options: &GuestOptions<'_>) -> Result<Files, Error> {
    let mut files = Files::in_folder(folder);
    let payload = options.payload;
    for (path, archive) in [(&mut files.monitor, payload.monitor), (&mut files.workload, payload.workload)] {
        match archive {
            Some(archive) => *path = archive.into(),
            None => fs::write(&*path, b"").map_err(|error| Error::file(&*path, error))?,
        }
    }
    let symbols = if options.sends_symbols { SENDS_SYMBOLS } else { CELL_PADDING };
    for (path, bytes, last) in
        [(&files.order, orders.first, CELL_PADDING), (&files.cell, orders.cell, symbols)]
    {
        let mut padded = bytes.to_vec();
        padded.resize(padded.len().max(CELL_SIZE - 1), CELL_PADDING);
        padded.push(last);
        fs::write(path, padded).map_err(|error| Error::file(path, error))?;
    }
    Ok(files)
}

/// Writes the machine's firmware, if it is not the one of QEMU, into `folder`. A copy of a machine has it already.
fn write_firmware(folder: &Path, options: &GuestOptions<'_>) -> Result<Option<PathBuf>, Error> {
    let write = |firmware| {
        let path = folder.join("firmware");
        fs::write(&path, firmware).map_err(|error| Error::file(&path, error)).map(|()| path)
    };
    options.machine.firmware().map(write).transpose()
}

/// Returns the first `longest` bytes of a file. A file that does not exist is empty.
fn read_bounded(path: &Path, longest: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    let read = File::open(path).map(|file| io::Read::take(file, longest));
    let _ = read.and_then(|mut file| io::Read::read_to_end(&mut file, &mut bytes));
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warning_is_not_why_qemu_ended() {
        let deprecated = "warning: fd: migration to a file is deprecated. Use file: instead.";
        assert_eq!(without_warnings(&format!("{deprecated}\nqemu-system-x86_64: warning: old\n")), "");
        assert_eq!(without_warnings(&format!("{deprecated}\nqemu: no memory\n")), "qemu: no memory");
    }
}
