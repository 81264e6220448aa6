//! How the agent answers: through the guest's debug console, or on the host through a descriptor. Cells and
//! payloads reach a guest through fw_cfg (`fw_cfg.rs`, `dma.rs`). What the messages mean is not known here.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

use hookbench_model::protocol::AgentMessage;
use hookbench_model::{Failure, FailureKind};

use crate::arch;

pub(crate) mod dma;
pub(crate) mod fw_cfg;
pub(crate) mod snapshot_point;

/// Where answers go, and how the agent ends.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Channel {
    /// The devices of a guest, which ends with its agent.
    Devices,
    /// A descriptor of a process on the host.
    Descriptor(BorrowedFd<'static>),
}

impl Channel {
    /// Writes all of `bytes`; safe in a signal handler.
    pub(crate) fn write(self, bytes: &[u8]) {
        match self {
            Channel::Devices => arch::with_devices(|| arch::write_console(bytes)),
            Channel::Descriptor(descriptor) => write_all(descriptor, bytes),
        }
    }

    /// Sends a message.
    pub(crate) fn send(self, message: &AgentMessage) {
        self.write(&line(message));
    }

    /// Ends the guest, or this process on the host; safe in a signal handler.
    pub(crate) fn end(self) -> ! {
        match self {
            Channel::Devices => arch::with_devices(|| arch::end_machine()),
            // SAFETY: leaves without running destructors.
            Channel::Descriptor(_) => unsafe { libc::_exit(0) },
        }
    }
}

fn write_all(descriptor: BorrowedFd<'_>, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        // SAFETY: the buffer is valid for its length.
        let written = unsafe { libc::write(descriptor.as_raw_fd(), bytes.as_ptr().cast(), bytes.len()) };
        match usize::try_from(written) {
            Ok(written) => bytes = &bytes[written.min(bytes.len())..],
            Err(_) if io::Error::last_os_error().kind() == io::ErrorKind::Interrupted => {}
            // hookbench no longer reads.
            Err(_) => return,
        }
    }
}

/// The message as it is sent: a line of JSON.
pub(crate) fn line(message: &AgentMessage) -> Vec<u8> {
    // A message is plain data: rendering it cannot fail.
    let mut line = serde_json::to_vec(message).unwrap_or_default();
    line.push(b'\n');
    line
}

/// The message that the agent failed with `error`.
pub(crate) fn failed(error: &anyhow::Error) -> AgentMessage {
    AgentMessage::Failed(Failure {
        kind: FailureKind::Agent,
        message: format!("{error:#}"),
        console: Vec::new(),
    })
}
