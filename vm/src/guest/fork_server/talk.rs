//! The conversation between hookbench and a fork server: a socket of packets, with descriptors beside some of them.

use std::collections::HashMap;
use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, SocketFlags, SocketType, recvmsg, sendmsg, socketpair,
};

use crate::guest::ending::Error;
use crate::guest::running::{Guest, LOOK_INTERVAL};

/// The longest message of a server.
const LONGEST: usize = 4096;
/// How long a server may take to answer; it does nothing else.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// The conversation with a server.
pub(super) struct Talk {
    socket: OwnedFd,
    /// The copies that have ended, and nobody has asked for yet.
    ended: HashMap<i32, ExitStatus>,
}

/// What a server says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Message {
    Ready,
    Started(i32),
    Ended(i32, i32),
    Failed(String),
}

impl Talk {
    /// The conversation on `socket`, at its beginning.
    pub(super) fn new(socket: OwnedFd) -> Talk {
        Talk { socket, ended: HashMap::new() }
    }

    /// Whether nobody is at the other end any more.
    pub(super) fn has_ended(&self) -> bool {
        let mut ends = [PollFd::new(&self.socket, PollFlags::empty())];
        poll(&mut ends, Some(&Timespec::default())).is_ok_and(|count| count > 0)
    }

    /// The status of the copy `pid`, if the server has said that it ended.
    pub(super) fn take_status(&mut self, pid: i32) -> Option<ExitStatus> {
        self.ended.remove(&pid)
    }

    /// Sends a request, and the descriptor with it.
    pub(super) fn say(&self, request: &[u8], passed: Option<&OwnedFd>) -> io::Result<()> {
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
    pub(super) fn hear(&self) -> io::Result<(Message, Option<OwnedFd>)> {
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
    pub(super) fn note(&mut self, message: Message) {
        if let Message::Ended(pid, status) = message {
            self.ended.insert(pid, ExitStatus::from_raw(status));
        }
    }

    pub(super) fn wait_until_ready(&mut self, guest: &mut Guest<'_>) -> Result<(), Error> {
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

/// A server that no longer talks.
pub(super) fn gone(error: io::Error) -> Error {
    Error::qemu(format!("the machine that is copied for each cell has ended: {error}"))
}

/// A connection: our end and the server's.
pub(super) fn pair() -> Result<(OwnedFd, OwnedFd), Error> {
    socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None).map_err(Error::qemu)
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
}
