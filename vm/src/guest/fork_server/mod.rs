//! Fork servers: a QEMU that has booted, waits where the agent is ready for a cell, and copies itself for each cell
//! with the help of hookbench's plugin (`vm/plugin/src/serve`). A copy has all that the server translated, and its
//! memory until it writes to it.

mod copy;
mod talk;

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::Path;
use std::process::ExitStatus;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hookbench_model::channel::CELL_FILE;
use tempfile::TempDir;

pub(super) use copy::MachineCopy;
use talk::{Message, Talk, gone, pair};

use super::ending::Error;
use super::options::GuestOptions;
use super::orders::Orders;
use super::pinning::PinnedCpu;
use super::running::{Guest, Launch, Life, MonitorUse};
use crate::machine::arguments::Arguments;
use crate::machine::devices::{Files, OnStop};
use crate::machine::{Boot, Plugin};

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

impl ForkServer {
    /// Boots the machine of `options` until its agent is ready for an order. `plugin` is the file of the plugin that
    /// serves.
    ///
    /// # Errors
    /// When the guest ends before that, or this QEMU cannot copy itself.
    pub fn start(boot: &Boot<'_>, options: &GuestOptions<'_>, plugin: &Path) -> Result<ForkServer, Error> {
        let (ours, theirs) = pair()?;
        let launch = |files: &Files| Launch {
            arguments: boot.arguments().append(serving(plugin, theirs.as_raw_fd(), files)),
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
        let mut talk = Talk::new(socket);
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
        self.talk().has_ended()
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
        attribute: Option<Plugin<'_>>,
        serves: Option<OwnedFd>,
    ) -> Result<MachineCopy, Error> {
        let cpu = PinnedCpu::choose();
        let request = request(files, self.is_attached, errors, cpu.as_ref(), attribute);
        let mut talk = self.talk();
        talk.say(&request, serves.as_ref()).map_err(gone)?;
        loop {
            match talk.hear().map_err(gone)? {
                (Message::Started(pid), Some(end)) => {
                    return Ok(MachineCopy::new(self, pid, end, cpu));
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
            if let Some(status) = talk.take_status(pid) {
                return Ok(status);
            }
            let (message, _) = talk.hear()?;
            talk.note(message);
        }
    }

    fn talk(&self) -> MutexGuard<'_, Talk> {
        // A thread that panicked left whole messages behind.
        self.talk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The plugin of a server.
fn serving(plugin: &Path, socket: i32, files: &Files) -> Arguments {
    let escape = |path: &Path| path.to_string_lossy().replace(',', ",,");
    let before = format!("file={},serve={socket},answer={},console=", escape(plugin), escape(&files.answer));
    Arguments::default().option_with_path("-plugin", &before, &files.console)
}

/// What a server is asked for, as its plugin reads it.
fn request(
    files: &Files,
    is_attached: bool,
    errors: &Path,
    cpu: Option<&PinnedCpu>,
    attribute: Option<Plugin<'_>>,
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
    if let Some(Plugin { symbols, windows, skip, keep, .. }) = attribute {
        fields.push(("symbols", text(symbols)));
        fields.push(("windows", text(windows)));
        fields.push(("skip", skip.to_string()));
        fields.push(("keep", keep.to_string()));
    }
    fields.iter().flat_map(|(name, value)| format!("{name}={value}\0").into_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_has_all_files_of_a_copy() {
        let files = Files::in_folder(Path::new("/a"));
        let [file, symbols, windows] = ["/p.so", "/s", "/w"].map(Path::new);
        let plugin = Plugin { file, symbols, windows, skip: 1, keep: 2 };
        let text = String::from_utf8(request(&files, false, Path::new("/e"), None, Some(plugin))).unwrap();
        let expected = "opt/org.hookbench/order=/a/order\0opt/org.hookbench/cell=/a/cell\0opt/org.hookbench/monitor=/a/of-monitor\0\
                        opt/org.hookbench/workload=/a/of-workload\0answer=/a/answer\0console=/a/console\0errors=/e\0\
                        symbols=/s\0windows=/w\0skip=1\0keep=2\0";
        assert_eq!(text, expected);
    }
}
