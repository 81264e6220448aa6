//! One guest: started with a cell, watched until it ends, its answer read. It
//! is trusted with nothing: its output is bounded, and what is no message is said
//! to be none.

use std::fs;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use hookbench_results::protocol::AgentMessage;

use crate::args::{self, Files};
use crate::console::{Show, Tail};
use crate::place::Place;
use crate::scratch::Scratch;

/// No answer is longer.
const LONGEST_ANSWER: u64 = 16 << 20;
/// No console is longer.
const LONGEST_CONSOLE: u64 = 4 << 20;
/// So many of the console's last lines are kept, each so long.
const CONSOLE_LINES: usize = 20;
const CONSOLE_LINE: usize = 200;
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
    /// Where its files are.
    pub scratch: &'a Scratch,
    /// Whether it is to be ended at once.
    pub stop: &'a AtomicBool,
    /// What shows the console meanwhile.
    pub console: Option<Show>,
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
    /// It was to be ended at once.
    #[error("the guest was stopped before it ended")]
    Stopped,
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
    let folder = boot.scratch.folder("guest");
    let folder = folder.map_err(|error| Error::File { path: boot.scratch.path().into(), error })?;
    let at = |name: &str| folder.path().join(name);
    let (cell, answer, console) = (at("cell"), at("answer"), at("console"));
    let mut padded = boot.cell.to_vec();
    padded.resize(padded.len().max(CELL_SIZE), b' ');
    fs::write(&cell, padded).map_err(|error| Error::File { path: cell.clone(), error })?;
    let files =
        Files { vmlinux: boot.vmlinux, image: boot.image, cell: &cell, answer: &answer, console: &console };
    let stderr = fs::File::create(at("stderr")).map_err(|error| Error::File { path: at("stderr"), error })?;
    let mut guest = start(args::boot(&files, boot.boot_line), stderr)?;
    let mut tail = Tail::of(&console, boot.console);
    let ended = guest.wait(boot, &[(&answer, LONGEST_ANSWER), (&console, LONGEST_CONSOLE)], &mut tail);
    tail.follow();
    let lines = last_lines(&fs::read(&console).unwrap_or_default());
    match ended {
        Ended::Stopped => Err(Error::Stopped),
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
    Stopped,
    TooMuch,
    Failed(String),
}

fn start(boot: Vec<std::ffi::OsString>, stderr: fs::File) -> Result<Guest, Error> {
    let mut command = Command::new(args::QEMU);
    command.args(args::machine()).args(boot);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(stderr);
    let place = Place::take().map(Arc::new);
    let here = place.clone();
    let parent = std::process::id();
    // A terminal's Ctrl-C is for us alone: we say what becomes of the guests.
    command.process_group(0);
    // SAFETY: all calls are system calls and no more, as is allowed after fork.
    unsafe {
        command.pre_exec(move || {
            if libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) != 0 {
                return Err(io::Error::last_os_error());
            }
            // Whoever died before that will not be heard of.
            if libc::getppid() as u32 != parent {
                return Err(io::ErrorKind::NotConnected.into());
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
    /// Waits for the end, to be told to stop, for the budget, or for a file to grow
    /// too long.
    fn wait(&mut self, boot: &Boot<'_>, bounds: &[(&Path, u64)], tail: &mut Tail) -> Ended {
        let begin = Instant::now();
        loop {
            match self.qemu.try_wait() {
                Ok(Some(status)) => return Ended::By(status),
                Ok(None) => {}
                Err(error) => return Ended::Failed(error.to_string()),
            }
            if boot.stop.load(Ordering::Relaxed) {
                return Ended::Stopped;
            }
            tail.follow();
            let length = |path: &Path| fs::metadata(path).map_or(0, |metadata| metadata.len());
            if bounds.iter().any(|(path, bound)| length(path) > *bound) {
                return Ended::TooMuch;
            }
            if begin.elapsed() > boot.budget {
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

/// Reads what a guest said: messages, one a line, the last of which ends the cell.
fn understand(said: &[u8], console: Vec<String>) -> Result<Answer, Error> {
    let mut ready = None;
    let mut last = None;
    for line in said.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
        match serde_json::from_slice(line) {
            Ok(message @ AgentMessage::Ready { .. }) if ready.is_none() => ready = Some(message),
            Ok(message) if last.is_none() => last = Some(message),
            Ok(_) => return Err(Error::Protocol { what: "more than one answer".into(), console }),
            Err(error) => {
                let begin = String::from_utf8_lossy(&line[..line.len().min(60)]).escape_debug().to_string();
                return Err(Error::Protocol {
                    what: format!("what is no message ({error}): {begin}"),
                    console,
                });
            }
        }
    }
    match last {
        Some(last) => Ok(Answer { ready, last, console }),
        None => match console.iter().find(|line| line.contains("Kernel panic")) {
            Some(line) => Err(Error::Panic { reason: line.clone(), console }),
            None => Err(Error::Ended { console }),
        },
    }
}

/// The console's last lines, printable and bounded. A panic's first line is
/// kept even when its trace is longer.
fn last_lines(console: &[u8]) -> Vec<String> {
    let lines = console.split(|&byte| byte == b'\n').map(|line| {
        let line = &line[..line.len().min(CONSOLE_LINE)];
        String::from_utf8_lossy(line).trim_end().chars().filter(|c| !c.is_control()).collect::<String>()
    });
    let lines: Vec<String> = lines.filter(|line| !line.is_empty()).collect();
    let begin = lines.len().saturating_sub(CONSOLE_LINES);
    let panic = lines[..begin].iter().rfind(|line| line.contains("Kernel panic")).cloned();
    panic.into_iter().chain(lines[begin..].iter().cloned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const READY: &str = r#"{"ready":{"release":"6.1","version":"","cmdline":""}}"#;

    #[test]
    fn the_last_message_is_the_answer() {
        let said = format!("{READY}\n{{\"unsupported\":\"no BTF\"}}\n");
        let answer = understand(said.as_bytes(), Vec::new()).unwrap();
        assert!(answer.ready.is_some());
        assert_eq!(answer.last, AgentMessage::Unsupported("no BTF".into()));
    }

    #[test]
    fn silence_and_a_panic_on_the_console_is_a_panic() {
        let console = b"[    1.0] hello\n[    2.0] Kernel panic - not syncing: sysrq\n[    2.1] trace\n";
        let error = understand(READY.as_bytes(), last_lines(console)).unwrap_err();
        assert!(matches!(&error, Error::Panic { reason, .. } if reason.ends_with("sysrq")), "{error}");
        assert!(matches!(understand(b"", Vec::new()), Err(Error::Ended { .. })));
    }

    #[test]
    fn a_second_answer_and_garbage_are_refused() {
        for said in ["{\"unsupported\":\"a\"}\n{\"unsupported\":\"b\"}\n", "\u{1}{]\n"] {
            assert!(
                matches!(understand(said.as_bytes(), Vec::new()), Err(Error::Protocol { .. })),
                "{said:?}"
            );
        }
    }

    #[test]
    fn a_long_console_keeps_its_panic_and_its_end() {
        let trace: String = (0..50).map(|line| format!("line {line}\n")).collect();
        let lines = last_lines(format!("Kernel panic - x\n{trace}").as_bytes());
        assert_eq!((lines.len(), lines[0].as_str(), lines[20].as_str()), (21, "Kernel panic - x", "line 49"));
    }

    proptest! {
        #[test]
        fn anything_is_read_without_panic(said: Vec<u8>, console: Vec<u8>) {
            let lines = last_lines(&console);
            prop_assert!(lines.iter().all(|line| !line.chars().any(char::is_control)));
            let _ = understand(&said, lines);
        }
    }
}
