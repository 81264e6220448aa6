//! The agent as a child process on this machine: its program in a private folder, the
//! order it gets and the answer it gives. hookbench trusts that answer no more than a
//! guest's.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use hookbench_model::protocol::HostOrder;
use hookbench_results::environment::ImageRecord;
use hookbench_vm::answer::{last_lines, understand};
use hookbench_vm::guest::{Answer, Error};
use hookbench_vm::scratch::Scratch;
use tempfile::TempDir;

use crate::session::embedded::{AGENT, NOOP, agent_sha256};

/// The longest answer, in bytes: enough for 100,000 samples of a dozen clocks.
const LONGEST: u64 = 64 << 20;
/// How often to check for a request to stop. Each check is work on the measured machine.
const LOOK: Duration = Duration::from_millis(200);

/// The programs of the agent and of the no-op, in a private folder.
pub(super) struct Agent {
    folder: TempDir,
    _scratch: Scratch,
}

/// What a run records about the agent.
pub(super) fn record() -> ImageRecord {
    ImageRecord { agent_sha256: agent_sha256(), ..ImageRecord::default() }
}

impl Agent {
    /// Writes both programs.
    ///
    /// # Errors
    /// When the folder or a program cannot be written.
    pub(super) fn write() -> Result<Agent> {
        let scratch = Scratch::open()?;
        let folder = scratch.folder("host").context("failed to create a folder for the agent")?;
        for (name, bytes) in [("agent", AGENT), ("noop", NOOP)] {
            let path = folder.path().join(name);
            let file = fs::OpenOptions::new().write(true).create_new(true).mode(0o755).open(&path);
            let written = file.and_then(|mut file| file.write_all(bytes));
            written.with_context(|| format!("failed to write {}", path.display()))?;
        }
        Ok(Agent { folder, _scratch: scratch })
    }

    /// The program that does nothing.
    pub(super) fn noop(&self) -> PathBuf {
        self.folder.path().join("noop")
    }

    fn command(&self) -> Command {
        let mut command = Command::new(self.folder.path().join("agent"));
        // The user's environment must not change what operations cost.
        command.env_clear().current_dir("/").stdin(Stdio::null());
        command
    }

    /// Lets the agent measure one cell.
    ///
    /// # Errors
    /// Those of a guest.
    pub(super) fn ask(
        &self,
        order: &HostOrder,
        budget: Duration,
        interrupt: &AtomicBool,
    ) -> Result<Answer, Error> {
        let log = self.folder.path().join("log");
        let qemu = |error: std::io::Error| Error::File { path: "agent".into(), error };
        let mut command = self.command();
        command.arg("--host").arg(std::process::id().to_string());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(File::create(&log).map_err(qemu)?);
        let mut child = command.spawn().map_err(qemu)?;
        let reply = converse(&mut child, order, budget, interrupt);
        // Nothing of the agent stays: what it started ends with it.
        let _ = child.kill();
        let _ = child.wait();
        let console = last_lines(&fs::read(&log).unwrap_or_default());
        match reply {
            Reply::Complete(bytes) => understand(&bytes, console),
            Reply::Interrupted => Err(Error::Stopped),
            Reply::Missing => Err(Error::Timeout { budget, console }),
        }
    }

    /// Lets the agent undo the changes in the ledger at `path`. Returns what it undid.
    ///
    /// # Errors
    /// When a change cannot be undone.
    pub(super) fn settle(&self, path: &Path) -> Result<Vec<String>> {
        let output =
            self.command().arg("--settle").arg(path).output().context("failed to start the agent")?;
        if !output.status.success() {
            bail!("{}", last_lines(&output.stderr).join("; "));
        }
        Ok(String::from_utf8_lossy(&output.stdout).lines().map(String::from).collect())
    }

    /// Lets the agent try what this machine supports. Returns its lines.
    ///
    /// # Errors
    /// When the agent does not start.
    pub(super) fn probe(&self) -> Result<String> {
        let Output { stdout, .. } =
            self.command().arg("--probe").output().context("failed to start the agent")?;
        Ok(String::from_utf8_lossy(&stdout).into_owned())
    }
}

/// How the agent's answer ended.
enum Reply {
    Complete(Vec<u8>),
    Interrupted,
    /// The agent gave no answer in time, or none at all.
    Missing,
}

fn converse(child: &mut Child, order: &HostOrder, budget: Duration, interrupt: &AtomicBool) -> Reply {
    if let Some(mut asked) = child.stdin.take() {
        // An agent that does not read the order gives no answer either.
        let _ = serde_json::to_writer(&mut asked, order);
    }
    let Some(answers) = child.stdout.take() else { return Reply::Missing };
    let (tell, hear) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = answers.take(LONGEST).read_to_end(&mut bytes);
        let _ = tell.send(bytes);
    });
    let begin = Instant::now();
    loop {
        match hear.recv_timeout(LOOK) {
            Ok(bytes) => return Reply::Complete(bytes),
            Err(RecvTimeoutError::Disconnected) => return Reply::Missing,
            Err(RecvTimeoutError::Timeout) if interrupt.load(Ordering::SeqCst) => return Reply::Interrupted,
            Err(RecvTimeoutError::Timeout) if begin.elapsed() > budget => return Reply::Missing,
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
}
