//! An agent: a process that holds a policy, and reads its records as they come. It has an ordinary priority, and leads a
//! group with the processes that it starts. The runner asks it for the records.

use std::io::{BufRead, BufReader, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;

use anyhow::{Context, Result, bail};
use hookbench_probes::attach::die_with_parent;
use serde::{Deserialize, Serialize};

use super::policies::{self, Attach, Attached};
use crate::exchange::Record;
use crate::policy::PolicyName;
use crate::scene::Scene;
use crate::subject::Subject;
use crate::sys::check;

/// What the runner asks.
#[derive(Debug, Serialize, Deserialize)]
enum Question {
    /// Forget the records so far.
    Clear,
    /// Which records are there of this window?
    Records(u64, u64),
    /// How many were lost?
    Lost,
}

/// What the agent answers.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Reply {
    names: Vec<String>,
    lacks: Vec<String>,
    records: Vec<Record>,
    lost: u64,
    error: Option<String>,
}

/// A running agent.
pub(super) struct Agent {
    process: libc::pid_t,
    socket: UnixStream,
    attached: Reply,
    /// Reads what there is to read without the agent.
    listener: Option<Box<dyn Attached>>,
}

/// Starts an agent that attaches the policy called `name` about `subject`.
///
/// # Errors
/// When it cannot attach it.
pub(super) fn start(name: PolicyName, subject: &Subject, scene: &Scene) -> Result<Agent> {
    let (socket, theirs) = UnixStream::pair().context("failed to make a socket")?;
    let runner = std::process::id();
    // SAFETY: the runner has one thread, so the child may do anything.
    let process = check(unsafe { libc::fork() }).context("failed to fork")?;
    if process == 0 {
        drop(socket);
        let result = live(name, subject, scene, theirs, runner);
        if let Err(error) = &result {
            eprintln!("hookbench-scenarios: the agent ended: {error:#}");
        }
        // SAFETY: leaves without running what the runner has to run.
        unsafe { libc::_exit(result.is_err().into()) };
    }
    drop(theirs);
    let mut agent = Agent { process, socket, attached: Reply::default(), listener: None };
    agent.attached = agent.reply()?.context("the agent has ended")?;
    if name.policy.mechanism == "audit" {
        agent.listener = Some(policies::listen_to_audit(subject.clone())?);
    }
    Ok(agent)
}

impl Agent {
    /// The process.
    pub(super) fn process(&self) -> libc::pid_t {
        self.process
    }

    /// Its next reply; `None` if it has ended.
    fn reply(&self) -> Result<Option<Reply>> {
        let mut line = String::new();
        match BufReader::new(&self.socket).read_line(&mut line) {
            Ok(0) => return Ok(None),
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => return Ok(None),
            read => read.context("failed to read what the agent says")?,
        };
        let reply: Reply = serde_json::from_str(&line).context("failed to understand the agent")?;
        match reply.error {
            Some(error) => bail!("the agent failed: {error}"),
            None => Ok(Some(reply)),
        }
    }

    /// What it replies to `question`; `None` if it has ended.
    fn ask(&self, question: &Question) -> Result<Option<Reply>> {
        let line = serde_json::to_string(question)? + "\n";
        match (&self.socket).write_all(line.as_bytes()) {
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(None),
            written => written.context("failed to ask the agent").and_then(|()| self.reply()),
        }
    }
}

impl Attached for Agent {
    fn names(&self) -> &[String] {
        &self.attached.names
    }

    fn lacks(&self) -> &[String] {
        &self.attached.lacks
    }

    fn clear(&mut self) -> Result<()> {
        self.ask(&Question::Clear)?.context("the agent has ended")?;
        self.listener.as_mut().map_or(Ok(()), |listener| listener.clear())
    }

    fn records(&mut self, window: (u64, u64)) -> Result<Vec<Record>> {
        match (self.ask(&Question::Records(window.0, window.1))?, &mut self.listener) {
            (Some(reply), _) => Ok(reply.records),
            (None, Some(listener)) => listener.records(window),
            (None, None) => Ok(Vec::new()),
        }
    }

    fn lost(&self) -> Result<u64> {
        match (self.ask(&Question::Lost)?, &self.listener) {
            (Some(reply), _) => Ok(reply.lost),
            (None, Some(listener)) => listener.lost(),
            (None, None) => Ok(0),
        }
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        // It takes the policy away and ends when nobody asks any more. An error means that it has ended.
        let _ = self.socket.shutdown(std::net::Shutdown::Both);
        // SAFETY: a signal to our child's group, if it is stopped; then waits for our child.
        unsafe {
            libc::kill(-self.process, libc::SIGCONT);
            libc::waitpid(self.process, std::ptr::null_mut(), 0);
        }
    }
}

/// The agent: it attaches the policy, reads, and answers until nobody asks any more.
fn live(
    name: PolicyName,
    subject: &Subject,
    scene: &Scene,
    mut socket: UnixStream,
    runner: u32,
) -> Result<()> {
    die_with_parent(runner)?;
    // SAFETY: concerns this process alone.
    check(unsafe { libc::setpgid(0, 0) })?;
    let mut scene = Scene { folder: scene.folder.clone(), shared: scene.shared, confine: None };
    let attached = policies::attach_about(name, subject.clone(), &mut scene);
    let mut attached = match attached {
        Ok(Attach::Attached(attached)) => attached,
        Ok(Attach::Unsupported(why)) => {
            return say(&mut socket, &Reply { error: Some(why), ..Reply::default() });
        }
        Err(error) => {
            return say(&mut socket, &Reply { error: Some(format!("{error:#}")), ..Reply::default() });
        }
    };
    let (names, lacks) = (attached.names().to_vec(), attached.lacks().to_vec());
    say(&mut socket, &Reply { names, lacks, ..Reply::default() })?;
    let mut questions = BufReader::new(socket.try_clone().context("failed to copy the socket")?);
    loop {
        if !wait(&socket, &mut *attached)? {
            continue;
        }
        let mut line = String::new();
        if questions.read_line(&mut line).context("failed to read a question")? == 0 {
            return Ok(());
        }
        let question = serde_json::from_str(&line).context("failed to understand a question")?;
        let reply = answer(&question, &mut *attached)
            .unwrap_or_else(|error| Reply { error: Some(format!("{error:#}")), ..Reply::default() });
        say(&mut socket, &reply)?;
    }
}

/// Waits until there is something to read, and reads records. Returns whether there is a question.
fn wait(socket: &UnixStream, attached: &mut dyn Attached) -> Result<bool> {
    let poll = |fd| libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
    // The kernel leaves a negative descriptor out.
    let mut polled = [poll(socket.as_raw_fd()), poll(attached.waits_on().unwrap_or(-1))];
    // SAFETY: `polled` is valid for the call.
    check(unsafe { libc::poll(polled.as_mut_ptr(), 2, -1) })?;
    if polled[1].revents != 0 {
        attached.collect()?;
    }
    Ok(polled[0].revents != 0)
}

fn answer(question: &Question, attached: &mut dyn Attached) -> Result<Reply> {
    match question {
        Question::Clear => attached.clear().map(|()| Reply::default()),
        Question::Records(begin, end) => {
            Ok(Reply { records: attached.records((*begin, *end))?, ..Reply::default() })
        }
        Question::Lost => Ok(Reply { lost: attached.lost()?, ..Reply::default() }),
    }
}

fn say(socket: &mut UnixStream, reply: &Reply) -> Result<()> {
    let line = serde_json::to_string(reply)? + "\n";
    socket.write_all(line.as_bytes()).context("failed to answer the runner")
}
