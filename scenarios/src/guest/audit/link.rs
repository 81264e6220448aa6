//! The netlink socket of the audit subsystem (linux/audit.h, linux/netlink.h).

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

use anyhow::{Context, Result, bail, ensure};
use hookbench_probes::kernel_text::{error_in, status_in};

/// Requests: `AUDIT_GET`, `AUDIT_SET`, `AUDIT_USER`, `AUDIT_ADD_RULE` and `AUDIT_DEL_RULE`.
const GET: u16 = 1000;
const SET: u16 = 1001;
pub(super) const USER: u16 = 1005;
const ADD_RULE: u16 = 1011;
const DELETE_RULE: u16 = 1012;

/// Flags of a request that the kernel acknowledges.
const REQUEST: libc::c_int = libc::NLM_F_REQUEST | libc::NLM_F_ACK;

/// `AUDIT_NLGRP_READLOG`: all records, for those that are not the daemon.
const ALL_RECORDS: u32 = 1;

/// The longest netlink message: `MAX_AUDIT_MESSAGE_LENGTH` and its header.
const LONGEST: usize = 8970 + HEADER;
const HEADER: usize = 16;

/// How many bytes of records may wait in a socket.
const QUEUE: libc::c_int = 16 << 20;
/// How many records may wait in the kernel.
const BACKLOG: u32 = 8192;

/// How long the kernel may take to answer, in milliseconds.
const PATIENCE: i32 = 5_000;

/// An open socket.
pub(in crate::guest) struct Link(OwnedFd);

impl Link {
    /// Opens a socket for requests.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub(in crate::guest) fn open() -> Result<Link> {
        Link::with_groups(0)
    }

    /// Opens a socket that gets all records, in addition to the daemon.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub(in crate::guest) fn listen() -> Result<Link> {
        Link::with_groups(ALL_RECORDS)
    }

    fn with_groups(groups: u32) -> Result<Link> {
        // SAFETY: plain system calls; the descriptor is owned at once, the address is a valid sockaddr_nl, and the
        // option is a number.
        unsafe {
            let kind = libc::SOCK_RAW | libc::SOCK_CLOEXEC;
            let socket = libc::socket(libc::AF_NETLINK, kind, libc::NETLINK_AUDIT);
            ensure!(socket >= 0, "failed to open the audit socket: {}", io::Error::last_os_error());
            let socket = OwnedFd::from_raw_fd(socket);
            let mut address: libc::sockaddr_nl = std::mem::zeroed();
            address.nl_family = libc::AF_NETLINK as u16;
            address.nl_groups = groups;
            let size = size_of_val(&address) as u32;
            let bound = libc::bind(socket.as_raw_fd(), (&raw const address).cast(), size);
            ensure!(bound == 0, "failed to bind the audit socket: {}", io::Error::last_os_error());
            let (level, option) = (libc::SOL_SOCKET, libc::SO_RCVBUFFORCE);
            let (queue, size) = (QUEUE, size_of_val(&QUEUE) as u32);
            let set = libc::setsockopt(socket.as_raw_fd(), level, option, (&raw const queue).cast(), size);
            ensure!(set == 0, "failed to enlarge the audit socket: {}", io::Error::last_os_error());
            Ok(Link(socket))
        }
    }

    /// Makes this socket that of the daemon, which gets all records, and switches audit on.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub(in crate::guest) fn become_daemon(&self) -> Result<()> {
        self.set(16, 5, BACKLOG).context("failed to set the limit of records that wait")?;
        self.set(4, 3, std::process::id()).context("failed to become the audit daemon")?;
        self.set(1, 1, 1).context("failed to switch audit on")
    }

    /// Adds a rule.
    ///
    /// # Errors
    /// What the kernel answers.
    pub(in crate::guest) fn add(&self, rule: &[u8]) -> Result<Result<(), io::Error>> {
        self.send(ADD_RULE, REQUEST, rule)?;
        self.acknowledgement()
    }

    /// Deletes a rule.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub(in crate::guest) fn delete(&self, rule: &[u8]) -> Result<()> {
        self.send(DELETE_RULE, REQUEST, rule)?;
        Ok(self.acknowledgement()??)
    }

    /// How many records were lost since the boot.
    ///
    /// # Errors
    /// When the kernel does not answer as it should.
    pub(in crate::guest) fn lost(&self) -> Result<u32> {
        // The kernel answers from another thread, so an acknowledgement would come before or after the answer.
        self.send(GET, libc::NLM_F_REQUEST, &[])?;
        loop {
            let (kind, answer) = self.receive_or_fail()?;
            match kind {
                GET => return Ok(status_in(&answer).context("the audit status is too short")?.lost),
                _ if kind == libc::NLMSG_ERROR as u16 => bail!("the kernel refused to tell its audit status"),
                _ => {}
            }
        }
    }

    /// Makes a record with `text`, which comes after all records so far.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub(in crate::guest) fn mark(&self, text: &str) -> Result<()> {
        self.send(USER, REQUEST, format!("{text}\0").as_bytes())?;
        self.acknowledgement()?.context("the kernel refused to make an audit record")
    }

    /// Waits for the next message: its type and its text.
    ///
    /// # Errors
    /// When none comes, or the socket has lost one.
    pub(in crate::guest) fn receive(&self) -> Result<(u16, String)> {
        let (kind, bytes) = self.receive_or_fail()?;
        Ok((kind, text_of(&bytes)))
    }

    /// As [`Link::receive`], but does not wait.
    ///
    /// # Errors
    /// When the socket has lost a message.
    pub(in crate::guest) fn receive_now(&self) -> Result<Option<(u16, String)>> {
        Ok(self.next(0)?.map(|(kind, bytes)| (kind, text_of(&bytes))))
    }

    /// Its descriptor.
    pub(in crate::guest) fn descriptor(&self) -> RawFd {
        self.0.as_raw_fd()
    }

    /// As [`Link::receive`], but waits for ever.
    ///
    /// # Errors
    /// When the socket has lost a message.
    pub(in crate::guest) fn wait(&self) -> Result<(u16, String)> {
        let (kind, bytes) = self.next(-1)?.context("the kernel sent no audit record")?;
        Ok((kind, text_of(&bytes)))
    }

    fn set(&self, mask: u32, field: usize, value: u32) -> Result<()> {
        let mut fields = [0u32; 10];
        (fields[0], fields[field]) = (mask, value);
        let payload: Vec<u8> = fields.iter().flat_map(|field| field.to_ne_bytes()).collect();
        self.send(SET, REQUEST, &payload)?;
        Ok(self.acknowledgement()??)
    }

    fn send(&self, kind: u16, flags: libc::c_int, payload: &[u8]) -> Result<()> {
        let length = (HEADER + payload.len()) as u32;
        let mut message = length.to_ne_bytes().to_vec();
        message.extend_from_slice(&kind.to_ne_bytes());
        message.extend_from_slice(&(flags as u16).to_ne_bytes());
        message.extend_from_slice(&[0; 8]);
        message.extend_from_slice(payload);
        // SAFETY: the buffer is valid for its length.
        let sent = unsafe { libc::send(self.0.as_raw_fd(), message.as_ptr().cast(), message.len(), 0) };
        ensure!(sent >= 0, "failed to send to the audit subsystem: {}", io::Error::last_os_error());
        Ok(())
    }

    /// What the kernel answers to the last request.
    fn acknowledgement(&self) -> Result<Result<(), io::Error>> {
        loop {
            let (kind, answer) = self.receive_or_fail()?;
            if kind == libc::NLMSG_ERROR as u16 {
                return match error_in(&answer) {
                    Some(0) => Ok(Ok(())),
                    Some(error) => Ok(Err(io::Error::from_raw_os_error(error))),
                    None => bail!("the audit subsystem's acknowledgement is too short"),
                };
            }
        }
    }

    fn receive_or_fail(&self) -> Result<(u16, Vec<u8>)> {
        self.next(PATIENCE)?.with_context(|| format!("the audit subsystem sent nothing for {PATIENCE} ms"))
    }

    /// The next message within `patience` milliseconds.
    fn next(&self, patience: i32) -> Result<Option<(u16, Vec<u8>)>> {
        let mut wanted = libc::pollfd { fd: self.0.as_raw_fd(), events: libc::POLLIN, revents: 0 };
        let mut buffer = vec![0; LONGEST];
        // SAFETY: `wanted` and `buffer` are ours to write.
        let size = unsafe {
            if libc::poll(&mut wanted, 1, patience) == 0 {
                return Ok(None);
            }
            libc::recv(self.0.as_raw_fd(), buffer.as_mut_ptr().cast(), buffer.len(), 0)
        };
        ensure!(size >= 0, "failed to receive from the audit subsystem: {}", io::Error::last_os_error());
        buffer.truncate(size as usize);
        let kind = buffer.get(4..6).and_then(|bytes| bytes.try_into().ok()).map(u16::from_ne_bytes);
        let kind = kind.context("the audit subsystem sent something that is not a message")?;
        Ok(Some((kind, buffer.split_off(HEADER.min(buffer.len())))))
    }
}

fn text_of(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim_end_matches('\0').into()
}
