//! The netlink socket of the audit subsystem (linux/audit.h, linux/netlink.h): requests, their acknowledgements, and
//! messages. What the requests are is the business of those that make them: policies, and ways that tamper.

use std::io;
#[cfg(feature = "guest")]
use std::os::fd::RawFd;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use crate::sys::{check, check_long};

/// Requests: `AUDIT_SET`, `AUDIT_ADD_RULE` and `AUDIT_DEL_RULE`.
pub(crate) const SET: u16 = 1001;
pub(crate) const ADD_RULE: u16 = 1011;
pub(crate) const DELETE_RULE: u16 = 1012;

/// Bytes of a netlink header.
const HEADER: usize = 16;
/// The longest message: `MAX_AUDIT_MESSAGE_LENGTH` and its header.
const LONGEST: usize = 8970 + HEADER;
/// How long the kernel may take to answer, in milliseconds.
const PATIENCE: i32 = 5_000;

/// An open socket.
pub(crate) struct AuditLink(OwnedFd);

impl AuditLink {
    /// Opens a socket that gets the messages of these multicast groups, a bit each.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub(crate) fn open(groups: u32) -> io::Result<AuditLink> {
        // SAFETY: plain system calls; the descriptor is owned at once, and the address is a valid sockaddr_nl.
        unsafe {
            let kind = libc::SOCK_RAW | libc::SOCK_CLOEXEC;
            let socket = check(libc::socket(libc::AF_NETLINK, kind, libc::NETLINK_AUDIT))?;
            let socket = OwnedFd::from_raw_fd(socket);
            let mut address: libc::sockaddr_nl = std::mem::zeroed();
            address.nl_family = libc::AF_NETLINK as u16;
            address.nl_groups = groups;
            let size = size_of_val(&address) as u32;
            check(libc::bind(socket.as_raw_fd(), (&raw const address).cast(), size))?;
            Ok(AuditLink(socket))
        }
    }

    /// Makes room for so many bytes of messages that wait.
    ///
    /// # Errors
    /// When the kernel refuses.
    #[cfg(feature = "guest")]
    pub(crate) fn make_room(&self, bytes: libc::c_int) -> io::Result<()> {
        let (level, option, size) = (libc::SOL_SOCKET, libc::SO_RCVBUFFORCE, size_of_val(&bytes) as u32);
        // SAFETY: the option is a number.
        let set =
            unsafe { libc::setsockopt(self.0.as_raw_fd(), level, option, (&raw const bytes).cast(), size) };
        check(set).map(drop)
    }

    /// Its descriptor.
    #[cfg(feature = "guest")]
    pub(crate) fn descriptor(&self) -> RawFd {
        self.0.as_raw_fd()
    }

    /// Sends a request that the kernel acknowledges, and returns what it answers. The outer error is one of the socket.
    ///
    /// # Errors
    /// When the kernel does not answer.
    pub(crate) fn request(&self, kind: u16, payload: &[u8]) -> io::Result<io::Result<()>> {
        self.send(kind, libc::NLM_F_REQUEST | libc::NLM_F_ACK, payload)?;
        loop {
            let (kind, answer) = self.receive()?;
            if kind == libc::NLMSG_ERROR as u16 {
                // struct nlmsgerr: the negative error number, 0 for none.
                let error = answer.first_chunk().copied().map(i32::from_ne_bytes);
                return Ok(match error.ok_or_else(malformed)? {
                    0 => Ok(()),
                    error => Err(io::Error::from_raw_os_error(error.wrapping_neg())),
                });
            }
        }
    }

    /// Sends a request.
    ///
    /// # Errors
    /// When the kernel does not take it.
    pub(crate) fn send(&self, kind: u16, flags: libc::c_int, payload: &[u8]) -> io::Result<()> {
        let length = (HEADER + payload.len()) as u32;
        let mut message = length.to_ne_bytes().to_vec();
        message.extend_from_slice(&kind.to_ne_bytes());
        message.extend_from_slice(&(flags as u16).to_ne_bytes());
        message.extend_from_slice(&[0; 8]);
        message.extend_from_slice(payload);
        // SAFETY: the buffer is valid for its length.
        let sent = unsafe { libc::send(self.0.as_raw_fd(), message.as_ptr().cast(), message.len(), 0) };
        check_long(sent as i64).map(drop)
    }

    /// The next message: its type and its bytes.
    ///
    /// # Errors
    /// When none comes, or the socket has lost one.
    pub(crate) fn receive(&self) -> io::Result<(u16, Vec<u8>)> {
        let nothing = || io::Error::other(format!("the audit subsystem sent nothing for {PATIENCE} ms"));
        self.next(PATIENCE)?.ok_or_else(nothing)
    }

    /// The next message within `patience` milliseconds; -1 waits for ever.
    ///
    /// # Errors
    /// When the socket has lost one.
    pub(crate) fn next(&self, patience: i32) -> io::Result<Option<(u16, Vec<u8>)>> {
        let mut wanted = libc::pollfd { fd: self.0.as_raw_fd(), events: libc::POLLIN, revents: 0 };
        let mut buffer = vec![0; LONGEST];
        // SAFETY: `wanted` and `buffer` are ours to write.
        let size = unsafe {
            if libc::poll(&mut wanted, 1, patience) == 0 {
                return Ok(None);
            }
            check_long(libc::recv(self.0.as_raw_fd(), buffer.as_mut_ptr().cast(), buffer.len(), 0) as i64)?
        };
        buffer.truncate(size as usize);
        let kind = buffer.get(4..6).and_then(|bytes| bytes.try_into().ok()).map(u16::from_ne_bytes);
        let kind = kind.ok_or_else(malformed)?;
        Ok(Some((kind, buffer.split_off(HEADER.min(buffer.len())))))
    }
}

fn malformed() -> io::Error {
    io::Error::other("the audit subsystem sent something that is not a message")
}
