//! Fork servers: a QEMU that has booted, waits where the agent is ready for a cell, and copies itself for each cell
//! with the help of hookbench's plugin (`vm/plugin/src/serve`). A copy has all that the server translated, and its
//! memory until it writes to it.

use std::collections::HashMap;
use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::ExitStatus;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, SocketFlags, SocketType, recvmsg, sendmsg, socketpair,
};
use rustix::process::{Signal, pidfd_send_signal};
use tempfile::TempDir;

use super::ending::Error;
use super::options::GuestOptions;
use super::orders::Orders;
use super::pinning::PinnedCpu;
use super::running::{Guest, LOOK_INTERVAL, Launch, Life, MonitorUse};
use crate::machine::Boot;
use crate::machine::arguments::Arguments;
use crate::machine::devices::{Files, OnStop};
use hookbench_model::channel::CELL_FILE;

/// The longest message of a server.
const LONGEST: usize = 4096;
/// How long a server may take to answer; it does nothing else.
const PATIENCE: Duration = Duration::from_secs(30);

/// The numbers of servers.
static NUMBERS: AtomicU64 = AtomicU64::new(0);

/// A machine that is copied for each cell. It ends when this is dropped, and its copies with it.
pub struct ForkServer {
    /// No other server of this process has it.
    number: u64,
    talk: Mutex<Talk>,
    /// Whether its copies read a cell alone, because it has attached a monitor.
    is_attached: bool,
    messages: Vec<u8>,
    console: Vec<u8>,
    _life: Life,
    _folder: TempDir,
}

/// The conversation with a server.
struct Talk {
    socket: OwnedFd,
    /// The copies that have ended, and nobody has asked for yet.
    ended: HashMap<i32, ExitStatus>,
}

/// What a server says.
#[derive(Debug, PartialEq, Eq)]
enum Message {
    Ready,
    Started(i32),
    Ended(i32, i32),
    Failed(String),
}

/// What the plugin needs to serve.
#[derive(Debug, Clone, Copy)]
pub struct ServingPlugin<'a> {
    /// The plugin's file.
    pub file: &'a Path,
    /// The list of the kernel's functions.
    pub symbols: &'a Path,
}

/// What a copy attributes: see [`Plugin`](crate::machine::Plugin).
#[derive(Debug, Clone, Copy)]
pub(super) struct Attribute<'a> {
    /// The file that it writes.
    pub windows: &'a Path,
    /// How many operations it leaves out.
    pub skip: u32,
    /// How many it writes then.
    pub keep: u32,
}

impl ForkServer {
    /// Boots the machine of `options` until its agent is ready for an order.
    ///
    /// # Errors
    /// When the guest ends before that, or this QEMU cannot copy itself.
    pub fn start(
        boot: &Boot<'_>,
        options: &GuestOptions<'_>,
        plugin: ServingPlugin<'_>,
    ) -> Result<ForkServer, Error> {
        let (ours, theirs) = pair()?;
        let descriptor = theirs.as_raw_fd();
        let launch = |files: &Files| Launch {
            arguments: boot.arguments().append(serving(plugin, descriptor, files)),
            on_stop: OnStop::Ignore,
            monitor: MonitorUse::None,
            inherited: Some(theirs),
            outlives_caller: true,
        };
        let guest = Guest::start_with(Orders::default(), options, launch)?;
        ForkServer::when_ready(guest, ours, &[], false)
    }

    /// Has a copy of this machine attach what `order` says, and serve from then on.
    ///
    /// # Errors
    /// When the guest ends before that; with the agent's answer if there is one.
    pub fn attach(
        self: &Arc<ForkServer>,
        order: &[u8],
        options: &GuestOptions<'_>,
    ) -> Result<ForkServer, Error> {
        let (ours, theirs) = pair()?;
        let guest = Guest::copy(self, Orders::only(order), options, Some(theirs))?;
        ForkServer::when_ready(guest, ours, &self.messages, true)
    }

    /// The server that `guest` is when it is ready.
    fn when_ready(
        mut guest: Guest<'_>,
        socket: OwnedFd,
        earlier: &[u8],
        is_attached: bool,
    ) -> Result<ForkServer, Error> {
        let mut talk = Talk { socket, ended: HashMap::new() };
        talk.wait_until_ready(&mut guest)?;
        let messages = [earlier, &guest.messages()].concat();
        let console = guest.whole_console();
        let (life, folder) = guest.into_parts();
        let talk = Mutex::new(talk);
        let number = NUMBERS.fetch_add(1, Ordering::Relaxed);
        Ok(ForkServer {
            number,
            talk,
            is_attached,
            messages,
            console,
            _life: life.unpinned(),
            _folder: folder,
        })
    }

    /// A number that no other server of this process has.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Whether nobody serves any more: QEMU has died.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        let talk = self.talk();
        let mut ends = [PollFd::new(&talk.socket, PollFlags::empty())];
        let now = Timespec::default();
        poll(&mut ends, Some(&now)).is_ok_and(|count| count > 0)
    }

    /// What the agent said before it was ready to be copied.
    pub(crate) fn messages(&self) -> &[u8] {
        &self.messages
    }

    /// What the console had shown.
    pub(crate) fn console(&self) -> &[u8] {
        &self.console
    }

    /// Makes a copy with these files, on a CPU of its own. It serves on the socket `serves`, if there is one.
    ///
    /// # Errors
    /// When the server has ended, or cannot copy itself.
    pub(super) fn copy(
        self: &Arc<ForkServer>,
        files: &Files,
        errors: &Path,
        attribute: Option<Attribute<'_>>,
        serves: Option<OwnedFd>,
    ) -> Result<MachineCopy, Error> {
        let cpu = PinnedCpu::choose();
        let request = request(files, self.is_attached, errors, cpu.as_ref(), attribute);
        let mut talk = self.talk();
        talk.say(&request, serves.as_ref()).map_err(gone)?;
        loop {
            match talk.hear().map_err(gone)? {
                (Message::Started(pid), Some(end)) => {
                    return Ok(MachineCopy { server: Arc::clone(self), pid, end, status: None, cpu });
                }
                (Message::Failed(why), _) => return Err(Error::qemu(format!("its copy failed: {why}"))),
                (other, _) => talk.note(other),
            }
        }
    }

    /// The status of a copy that has ended.
    fn status(&self, pid: i32) -> io::Result<ExitStatus> {
        let mut talk = self.talk();
        loop {
            if let Some(status) = talk.ended.remove(&pid) {
                return Ok(status);
            }
            let (message, _) = talk.hear()?;
            talk.note(message);
        }
    }

    fn talk(&self) -> std::sync::MutexGuard<'_, Talk> {
        // A thread that panicked left whole messages behind.
        self.talk.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Talk {
    /// Sends a request, and the descriptor with it.
    fn say(&self, request: &[u8], passed: Option<&OwnedFd>) -> io::Result<()> {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut ancillary = SendAncillaryBuffer::new(&mut space);
        let passed: Vec<_> = passed.iter().map(|descriptor| descriptor.as_fd()).collect();
        if !passed.is_empty() {
            ancillary.push(SendAncillaryMessage::ScmRights(&passed));
        }
        sendmsg(&self.socket, &[IoSlice::new(request)], &mut ancillary, SendFlags::NOSIGNAL)?;
        Ok(())
    }

    /// The next message, and the descriptor that came with it.
    fn hear(&self) -> io::Result<(Message, Option<OwnedFd>)> {
        if !self.can_hear(PATIENCE)? {
            return Err(io::ErrorKind::TimedOut.into());
        }
        let mut bytes = [0; LONGEST];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut ancillary = RecvAncillaryBuffer::new(&mut space);
        let mut parts = [IoSliceMut::new(&mut bytes)];
        let length = recvmsg(&self.socket, &mut parts, &mut ancillary, RecvFlags::CMSG_CLOEXEC)?.bytes;
        if length == 0 {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let passed = ancillary.drain().find_map(|message| match message {
            RecvAncillaryMessage::ScmRights(mut descriptors) => descriptors.next(),
            _ => None,
        });
        let text = String::from_utf8_lossy(&bytes[..length]);
        let message = Message::read(&text).ok_or_else(|| io::Error::other(format!("it said {text:?}")))?;
        Ok((message, passed))
    }

    fn can_hear(&self, timeout: Duration) -> io::Result<bool> {
        let timeout = Timespec::try_from(timeout).ok();
        match poll(&mut [PollFd::new(&self.socket, PollFlags::IN)], timeout.as_ref()) {
            Ok(count) => Ok(count > 0),
            Err(rustix::io::Errno::INTR) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Keeps what a message says of another copy.
    fn note(&mut self, message: Message) {
        if let Message::Ended(pid, status) = message {
            self.ended.insert(pid, ExitStatus::from_raw(status));
        }
    }

    fn wait_until_ready(&mut self, guest: &mut Guest<'_>) -> Result<(), Error> {
        loop {
            if self.can_hear(LOOK_INTERVAL).map_err(Error::qemu)? {
                return match self.hear() {
                    Ok((Message::Ready, _)) => Ok(()),
                    Ok((other, _)) => {
                        Err(Error::qemu(format!("it said {other:?} before it was ready to be copied")))
                    }
                    Err(error) => Err(why_ended(guest).unwrap_or_else(|| gone(error))),
                };
            }
            if let Some(status) = guest.look(Duration::ZERO)? {
                guest.check_status(status)?;
                return Err(guest.no_answer());
            }
        }
    }
}

/// Why the guest of a server ended, if it has.
fn why_ended(guest: &mut Guest<'_>) -> Option<Error> {
    match guest.wait_for_end(Duration::from_secs(1))? {
        Ok(status) => Some(guest.check_status(status).err().unwrap_or_else(|| guest.no_answer())),
        Err(error) => Some(error),
    }
}

impl Message {
    fn read(text: &str) -> Option<Message> {
        let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
        Some(match word {
            "ready" => Message::Ready,
            "started" => Message::Started(rest.parse().ok()?),
            "ended" => {
                let (pid, status) = rest.split_once(' ')?;
                Message::Ended(pid.parse().ok()?, status.parse().ok()?)
            }
            "failed" => Message::Failed(rest.into()),
            _ => return None,
        })
    }
}

/// A copy of a server's machine. It ends when this is dropped.
pub(super) struct MachineCopy {
    server: Arc<ForkServer>,
    pid: i32,
    /// Readable when it has ended.
    end: OwnedFd,
    status: Option<ExitStatus>,
    /// Counts as used while the copy runs.
    cpu: Option<PinnedCpu>,
}

impl MachineCopy {
    /// Waits for the copy's end, no longer than `timeout`.
    ///
    /// # Errors
    /// When its server has ended.
    pub(super) fn wait(&mut self, timeout: Duration) -> io::Result<Option<ExitStatus>> {
        if self.status.is_none() && self.has_ended(timeout) {
            self.status = Some(self.server.status(self.pid)?);
        }
        Ok(self.status)
    }

    /// The same, whose CPU no longer counts as used: it only waits.
    pub(super) fn unpinned(mut self) -> MachineCopy {
        self.cpu = None;
        self
    }

    fn has_ended(&self, timeout: Duration) -> bool {
        let timeout = Timespec::try_from(timeout).ok();
        // An interruption by a signal only ends the wait.
        matches!(poll(&mut [PollFd::new(&self.end, PollFlags::IN)], timeout.as_ref()), Ok(1..))
    }
}

impl Drop for MachineCopy {
    fn drop(&mut self) {
        if self.status.is_none() {
            // Fails only if it has ended.
            let _ = pidfd_send_signal(&self.end, Signal::KILL);
            let _ = self.wait(PATIENCE);
        }
    }
}

/// A server that no longer talks.
fn gone(error: io::Error) -> Error {
    Error::qemu(format!("the machine that is copied for each cell has ended: {error}"))
}

/// The plugin of a server.
fn serving(plugin: ServingPlugin<'_>, socket: i32, files: &Files) -> Arguments {
    let escape = |path: &Path| path.to_string_lossy().replace(',', ",,");
    let before = format!(
        "file={},symbols={},serve={socket},answer={},console=",
        escape(plugin.file),
        escape(plugin.symbols),
        escape(&files.answer)
    );
    Arguments::default().option_with_path("-plugin", &before, &files.console)
}

/// A connection: our end and the server's.
fn pair() -> Result<(OwnedFd, OwnedFd), Error> {
    socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None).map_err(Error::qemu)
}

/// What a server is asked for, as its plugin reads it.
fn request(
    files: &Files,
    is_attached: bool,
    errors: &Path,
    cpu: Option<&PinnedCpu>,
    attribute: Option<Attribute<'_>>,
) -> Vec<u8> {
    let mut fields: Vec<(&str, String)> = Vec::new();
    let text = |path: &Path| path.to_string_lossy().into_owned();
    let inputs = files.inputs().into_iter().filter(|(name, _)| !is_attached || *name == CELL_FILE);
    fields.extend(inputs.map(|(name, path)| (name, text(path))));
    fields.push(("answer", text(&files.answer)));
    fields.push(("console", text(&files.console)));
    fields.push(("errors", errors.to_string_lossy().into_owned()));
    if let Some(cpu) = cpu {
        fields.push(("cpu", cpu.number().to_string()));
    }
    if let Some(Attribute { windows, skip, keep }) = attribute {
        fields.push(("windows", windows.to_string_lossy().into_owned()));
        fields.push(("skip", skip.to_string()));
        fields.push(("keep", keep.to_string()));
    }
    fields.iter().flat_map(|(name, value)| format!("{name}={value}\0").into_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_says_is_understood() {
        assert_eq!(Message::read("ready"), Some(Message::Ready));
        assert_eq!(Message::read("started 7"), Some(Message::Started(7)));
        assert_eq!(Message::read("ended 7 256"), Some(Message::Ended(7, 256)));
        assert_eq!(Message::read("failed no memory"), Some(Message::Failed("no memory".into())));
        for wrong in ["", "started", "ended 7", "hello"] {
            assert_eq!(Message::read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_request_has_all_files_of_a_copy() {
        let files = Files::in_folder(Path::new("/a"));
        let attribute = Attribute { windows: Path::new("/w"), skip: 1, keep: 2 };
        let text = String::from_utf8(request(&files, false, Path::new("/e"), None, Some(attribute))).unwrap();
        let expected = "opt/org.hookbench/order=/a/order\0opt/org.hookbench/cell=/a/cell\0opt/org.hookbench/monitor=/a/of-monitor\0\
                        opt/org.hookbench/workload=/a/of-workload\0answer=/a/answer\0console=/a/console\0errors=/e\0\
                        windows=/w\0skip=1\0keep=2\0";
        assert_eq!(text, expected);
    }
}
