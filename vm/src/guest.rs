//! One guest: started with a cell, watched until it ends. Its output is bounded
//! here; what it means is found out in `answer`.

use std::fs;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use hookbench_results::protocol::AgentMessage;

use crate::answer::{last_lines, understand};
use crate::args::{self, Files};
use crate::place::Place;

/// No answer is longer.
const LONGEST_ANSWER: u64 = 16 << 20;
/// No console is longer.
const LONGEST_CONSOLE: u64 = 4 << 20;
/// The cell is padded to this size: its length then moves nothing in the guest.
const CELL_SIZE: usize = 1024;
/// How often a running guest is looked at.
const LOOK: Duration = Duration::from_millis(5);

/// What a guest is to run, and within which time.
#[derive(Debug, Clone)]
pub struct Boot<'a> {
    /// The kernel, uncompressed.
    pub vmlinux: &'a Path,
    /// The initramfs.
    pub image: &'a Path,
    /// The kernel's command line.
    pub boot_line: &'a str,
    /// The cell, as JSON.
    pub cell: &'a [u8],
    /// How long it may take, in real time.
    pub budget: Duration,
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

/// Why there is no answer. The console's last lines tell more.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// QEMU is not there.
    #[error("{program} was not found; install it (Debian: qemu-system-x86), or run: hookbench doctor")]
    NoQemu {
        /// What was looked for.
        program: &'static str,
    },
    /// QEMU could not be started, or ended with an error of its own.
    #[error("QEMU failed: {message}")]
    Qemu {
        /// What it said.
        message: String,
    },
    /// A file could not be written or read.
    #[error("failed to use {path}: {error}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The budget ran out.
    #[error("the guest did not end within {budget:?}")]
    Timeout {
        /// The budget.
        budget: Duration,
        /// The console's last lines.
        console: Vec<String>,
    },
    /// The kernel panicked.
    #[error("the guest's kernel panicked: {reason}")]
    Panic {
        /// The line that says so.
        reason: String,
        /// The console's last lines.
        console: Vec<String>,
    },
    /// It ended without the last message.
    #[error("the guest ended without an answer")]
    Ended {
        /// The console's last lines.
        console: Vec<String>,
    },
    /// It sent what is no message, or too much.
    #[error("the guest sent {what}")]
    Protocol {
        /// What.
        what: String,
        /// The console's last lines.
        console: Vec<String>,
    },
}

/// Boots a guest and waits for its answer.
///
/// # Errors
/// See [`Error`]; the guest is gone in every case.
pub fn run(boot: &Boot<'_>) -> Result<Answer, Error> {
    let folder = tempfile::Builder::new().prefix("hookbench-").tempdir();
    let folder = folder.map_err(|error| Error::File { path: std::env::temp_dir(), error })?;
    let at = |name: &str| folder.path().join(name);
    let (cell, answer, console) = (at("cell"), at("answer"), at("console"));
    let mut padded = boot.cell.to_vec();
    padded.resize(padded.len().max(CELL_SIZE), b' ');
    fs::write(&cell, padded).map_err(|error| Error::File { path: cell.clone(), error })?;
    let files =
        Files { vmlinux: boot.vmlinux, image: boot.image, cell: &cell, answer: &answer, console: &console };
    let stderr = fs::File::create(at("stderr")).map_err(|error| Error::File { path: at("stderr"), error })?;
    let mut guest = start(args::boot(&files, boot.boot_line), stderr)?;
    let ended = guest.wait(boot.budget, &[(&answer, LONGEST_ANSWER), (&console, LONGEST_CONSOLE)]);
    let lines = last_lines(&fs::read(&console).unwrap_or_default());
    match ended {
        Ended::Late => Err(Error::Timeout { budget: boot.budget, console: lines }),
        Ended::TooMuch => {
            Err(Error::Protocol { what: "more than any answer is long".into(), console: lines })
        }
        Ended::Failed(message) => Err(Error::Qemu { message }),
        // isa-debug-exit ends QEMU with 1, a reset with 0.
        Ended::By(status) if matches!(status.code(), Some(0 | 1)) => {
            let said = fs::read(&answer).unwrap_or_default();
            let qemu = fs::read_to_string(at("stderr")).unwrap_or_default();
            if said.is_empty() && lines.is_empty() && !qemu.trim().is_empty() {
                return Err(Error::Qemu { message: qemu.trim().into() });
            }
            understand(&said, lines)
        }
        Ended::By(status) => {
            let qemu = fs::read_to_string(at("stderr")).unwrap_or_default();
            Err(Error::Qemu { message: format!("{status}: {}", qemu.trim()) })
        }
    }
}

/// A QEMU process, ended when dropped and when this thread dies.
struct Guest {
    qemu: Child,
    /// Its CPU is taken as long as it runs.
    _place: Option<Arc<Place>>,
}

enum Ended {
    By(ExitStatus),
    Late,
    TooMuch,
    Failed(String),
}

fn start(boot: Vec<std::ffi::OsString>, stderr: fs::File) -> Result<Guest, Error> {
    let mut command = Command::new(args::QEMU);
    command.args(args::machine()).args(boot);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(stderr);
    let place = Place::take().map(Arc::new);
    let here = place.clone();
    // SAFETY: both calls are system calls and no more, as is allowed after fork.
    unsafe {
        command.pre_exec(move || {
            if libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) != 0 {
                return Err(io::Error::last_os_error());
            }
            here.as_ref().map_or(Ok(()), |place| place.move_here())
        });
    }
    match command.spawn() {
        Ok(qemu) => Ok(Guest { qemu, _place: place }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Error::NoQemu { program: args::QEMU }),
        Err(error) => Err(Error::Qemu { message: error.to_string() }),
    }
}

impl Guest {
    /// Waits for the end, for the budget, or for a file to grow too long.
    fn wait(&mut self, budget: Duration, bounds: &[(&Path, u64)]) -> Ended {
        let begin = Instant::now();
        loop {
            match self.qemu.try_wait() {
                Ok(Some(status)) => return Ended::By(status),
                Ok(None) => {}
                Err(error) => return Ended::Failed(error.to_string()),
            }
            let length = |path: &Path| fs::metadata(path).map_or(0, |metadata| metadata.len());
            if bounds.iter().any(|(path, bound)| length(path) > *bound) {
                return Ended::TooMuch;
            }
            if begin.elapsed() > budget {
                return Ended::Late;
            }
            std::thread::sleep(LOOK);
        }
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        // A process that has ended already is what we want.
        let _ = self.qemu.kill();
        let _ = self.qemu.wait();
    }
}
