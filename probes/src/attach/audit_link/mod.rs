//! The netlink socket of the audit subsystem: status, rules and records, as far as
//! monitors need them (linux/audit.h, linux/netlink.h). `kernel_text` reads the answers.

use std::fs;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};

mod rule;

use super::ledger::record::intend;
use crate::kernel_text::{AuditStatus, error_in, serial_in, status_in};
use crate::undo::{RulePid, Undo};

/// `AUDIT_GET`: ask for the status.
const GET: u16 = 1000;
/// `AUDIT_SET`: change it.
const SET: u16 = 1001;
/// `AUDIT_USER`: a record that user space makes.
pub(super) const USER_RECORD: u16 = 1005;
/// `AUDIT_TRUSTED_APP`: another one.
pub(super) const TRUSTED_APP_RECORD: u16 = 1121;
/// `AUDIT_ADD_RULE`.
const ADD_RULE: u16 = 1011;
/// `AUDIT_DEL_RULE`.
const DEL_RULE: u16 = 1012;
/// `AUDIT_SYSCALL`: the first record of a system call's event.
pub const SYSCALL_RECORD: u16 = 1300;

/// `AUDIT_LIST_RULES`.
const LIST_RULES: u16 = 1013;

/// `AUDIT_SECCOMP`: a system call that a seccomp filter logged.
pub const SECCOMP_RECORD: u16 = 1326;

/// The limit that Debian's audit.rules set. With the kernel's default of 64, a real-time
/// worker blocks every dozen events.
pub const BACKLOG_LIMIT: u32 = 8192;

/// The longest netlink message: `MAX_AUDIT_MESSAGE_LENGTH` and its header.
const LONGEST: usize = 8970 + HEADER;
const HEADER: usize = 16;

/// A field of `struct audit_status` that can be set, with its mask.
#[derive(Debug, Clone, Copy)]
pub enum Setting {
    /// On (1) or off (0).
    Enabled(u32),
    /// What the kernel does when it loses a record: nothing (0), a message (1) or a panic (2).
    Failure(u32),
    /// Who receives the records: this process, by its pid.
    Receiver(u32),
    /// How many records may be made each second; 0 for any number.
    RateLimit(u32),
    /// How many records may wait before the tasks that make them must wait.
    BacklogLimit(u32),
}

/// An open socket.
pub struct AuditLink(OwnedFd);

/// Why a socket could not be opened.
#[derive(Debug)]
pub enum OpenError {
    /// The kernel was booted with `audit=0`.
    Off,
    /// Anything else.
    Failed(io::Error),
}

impl AuditLink {
    /// Opens a socket for requests.
    ///
    /// # Errors
    /// [`OpenError::Off`] on a kernel whose audit subsystem is off.
    pub fn open() -> Result<Self, OpenError> {
        Self::with_groups(0)
    }

    /// Opens a socket for a caller that cannot work without audit.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn open_or_fail() -> Result<Self> {
        Self::open().map_err(|error| anyhow!("failed to open the audit socket: {error:?}"))
    }

    /// Opens a socket that also receives all records (`AUDIT_NLGRP_READLOG`).
    fn open_listener() -> Result<Self> {
        Self::with_groups(1).map_err(|error| anyhow!("failed to listen to audit: {error:?}"))
    }

    fn with_groups(groups: u32) -> Result<Self, OpenError> {
        // SAFETY: plain system calls; the descriptor is owned at once, and the
        // address is a valid sockaddr_nl.
        unsafe {
            let socket =
                libc::socket(libc::AF_NETLINK, libc::SOCK_RAW | libc::SOCK_CLOEXEC, libc::NETLINK_AUDIT);
            if socket < 0 {
                let error = io::Error::last_os_error();
                let off = error.raw_os_error() == Some(libc::EPROTONOSUPPORT);
                return Err(if off { OpenError::Off } else { OpenError::Failed(error) });
            }
            let socket = OwnedFd::from_raw_fd(socket);
            let mut address: libc::sockaddr_nl = std::mem::zeroed();
            address.nl_family = libc::AF_NETLINK as u16;
            address.nl_groups = groups;
            let size = size_of_val(&address) as u32;
            if libc::bind(socket.as_raw_fd(), (&raw const address).cast(), size) != 0 {
                return Err(OpenError::Failed(io::Error::last_os_error()));
            }
            Ok(Self(socket))
        }
    }

    fn send(&self, kind: u16, payload: &[u8]) -> Result<()> {
        let length = HEADER + payload.len();
        let mut message = Vec::with_capacity(length);
        message.extend_from_slice(&(length as u32).to_ne_bytes());
        message.extend_from_slice(&kind.to_ne_bytes());
        message.extend_from_slice(&((libc::NLM_F_REQUEST | libc::NLM_F_ACK) as u16).to_ne_bytes());
        message.extend_from_slice(&[0; 8]);
        message.extend_from_slice(payload);
        // SAFETY: the buffer is valid for its length.
        let sent = unsafe { libc::send(self.0.as_raw_fd(), message.as_ptr().cast(), message.len(), 0) };
        if sent < 0 {
            Err(io::Error::last_os_error()).context("failed to send a request to the audit subsystem")
        } else {
            Ok(())
        }
    }

    /// Waits for the next message and returns its type and payload; `None` when none comes
    /// within `patience`. Without a patience it waits for ever.
    ///
    /// # Errors
    /// When the socket fails, as it does when its queue has overflowed.
    pub fn receive(&self, patience: Option<Duration>) -> Result<Option<(u16, Vec<u8>)>> {
        let end = patience.map(|patience| Instant::now() + patience);
        let mut wanted = libc::pollfd { fd: self.0.as_raw_fd(), events: libc::POLLIN, revents: 0 };
        let mut buffer = vec![0; LONGEST];
        let size = loop {
            let rest = end.map(|end| end.saturating_duration_since(Instant::now()));
            // SAFETY: `wanted` and `buffer` are valid for the calls.
            unsafe {
                match libc::poll(&mut wanted, 1, rest.map_or(-1, |rest| rest.as_millis() as i32)) {
                    0 => return Ok(None),
                    // A signal, which is no message.
                    -1 if io::Error::last_os_error().kind() == io::ErrorKind::Interrupted => {}
                    _ => break libc::recv(self.0.as_raw_fd(), buffer.as_mut_ptr().cast(), buffer.len(), 0),
                }
            }
        };
        if size < 0 {
            return Err(io::Error::last_os_error()).context("failed to receive from the audit subsystem");
        }
        buffer.truncate(size as usize);
        let kind = buffer.get(4..6).and_then(|bytes| bytes.try_into().ok()).map(u16::from_ne_bytes);
        let kind =
            kind.ok_or_else(|| anyhow!("the audit subsystem sent {size} bytes, which are not a message"))?;
        Ok(Some((kind, buffer.split_off(HEADER.min(buffer.len())))))
    }

    /// Sends a request and waits until it is acknowledged.
    fn request(&self, kind: u16, payload: &[u8]) -> Result<()> {
        self.send(kind, payload)?;
        loop {
            match self.receive(Some(PATIENCE))? {
                Some((kind, answer)) if kind == libc::NLMSG_ERROR as u16 => {
                    return check_acknowledgement(&answer);
                }
                Some(_) => {}
                None => bail!("the audit subsystem did not answer within {PATIENCE:?}"),
            }
        }
    }

    /// The subsystem's status.
    ///
    /// # Errors
    /// When the kernel does not answer as it should.
    pub fn status(&self) -> Result<AuditStatus> {
        self.send(GET, &[])?;
        loop {
            match self.receive(Some(PATIENCE))? {
                Some((GET, answer)) => return status_in(&answer).context("the audit status is too short"),
                Some((kind, answer)) if kind == libc::NLMSG_ERROR as u16 => check_acknowledgement(&answer)?,
                Some(_) => {}
                None => bail!("the audit subsystem did not send its status within {PATIENCE:?}"),
            }
        }
    }

    /// How many rules there are.
    ///
    /// # Errors
    /// When the kernel does not answer as it should.
    pub fn rules(&self) -> Result<usize> {
        self.send(LIST_RULES, &[])?;
        let mut rules = 0;
        loop {
            match self.receive(Some(PATIENCE))? {
                Some((LIST_RULES, _)) => rules += 1,
                Some((kind, _)) if kind == libc::NLMSG_DONE as u16 => return Ok(rules),
                Some((kind, answer)) if kind == libc::NLMSG_ERROR as u16 => check_acknowledgement(&answer)?,
                Some(_) => {}
                None => bail!("the audit subsystem did not list its rules within {PATIENCE:?}"),
            }
        }
    }

    /// Changes the status.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn set(&self, setting: Setting) -> Result<()> {
        let (mask, at, value) = match setting {
            Setting::Enabled(value) => (1, 1, value),
            Setting::Failure(value) => (2, 2, value),
            Setting::RateLimit(value) => (8, 4, value),
            Setting::Receiver(value) => (4, 3, value),
            Setting::BacklogLimit(value) => (16, 5, value),
        };
        let mut fields = [0u32; 10];
        (fields[0], fields[at]) = (mask, value);
        let payload: Vec<u8> = fields.iter().flat_map(|field| field.to_ne_bytes()).collect();
        self.request(SET, &payload).with_context(|| format!("failed to set the audit status {setting:?}"))
    }

    /// Adds an exit rule that records the system calls with these numbers, made by the
    /// processes that `pid` names.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn add_rule(&self, syscalls: &[u32], pid: RulePid) -> Result<()> {
        intend(|| Undo::AuditRule { syscalls: syscalls.to_vec(), pid })?;
        self.request(ADD_RULE, &rule::encode(syscalls, pid)).context("failed to add an audit rule")
    }

    /// Removes the rule that [`AuditLink::add_rule`] added.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn delete_rule(&self, syscalls: &[u32], pid: RulePid) -> Result<()> {
        self.request(DEL_RULE, &rule::encode(syscalls, pid)).context("failed to delete an audit rule")
    }

    /// Makes a record and returns its event's serial number. Serial numbers count events:
    /// the difference of two is the number of events in between.
    ///
    /// # Errors
    /// When the record does not come back.
    pub fn serial(&self, mark: &str) -> Result<u64> {
        let serial = self.serial_of(USER_RECORD, mark)?;
        serial.with_context(|| {
            format!("hookbench's own audit record did not come back within {MARK_PATIENCE:?}")
        })
    }

    /// Makes a record of the type `kind` and returns its event's serial number; `None` if the
    /// record does not come back, as when a rule drops it.
    ///
    /// # Errors
    /// When the kernel refuses the record, or the socket fails.
    pub fn serial_of(&self, kind: u16, mark: &str) -> Result<Option<u64>> {
        // A rule's key may contain the mark alone.
        let mark = format!("op=hookbench {mark}");
        Self::serial_after(&mark, || self.request(kind, format!("{mark}\0").as_bytes()))
    }

    /// Sets what the kernel does when it loses a record to `failure`, and returns the serial number of the event that
    /// this is; `None` as for [`AuditLink::serial_of`].
    ///
    /// # Errors
    /// When the kernel refuses, or the socket fails.
    pub fn serial_of_setting(&self, failure: u32) -> Result<Option<u64>> {
        Self::serial_after("audit_failure=", || self.set(Setting::Failure(failure)))
    }

    /// The serial number of the first record with `text` after `make`.
    fn serial_after(text: &str, make: impl FnOnce() -> Result<()>) -> Result<Option<u64>> {
        let listener = Self::open_listener()?;
        make()?;
        while let Some((_, record)) = listener.receive(Some(MARK_PATIENCE))? {
            let record = String::from_utf8_lossy(&record);
            if let (true, Some(serial)) = (record.contains(text), serial_in(&record)) {
                return Ok(Some(serial));
            }
        }
        Ok(None)
    }
}

/// The process number of the kernel thread that sends the records.
///
/// # Errors
/// When there is none.
pub fn kauditd_pid() -> Result<libc::pid_t> {
    for entry in fs::read_dir("/proc")?.flatten() {
        if fs::read_to_string(entry.path().join("comm")).is_ok_and(|comm| comm.trim_end() == "kauditd") {
            return Ok(entry.file_name().to_string_lossy().parse()?);
        }
    }
    bail!("found no kernel thread called kauditd")
}

/// How long the kernel may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long it may take to send a record.
const MARK_PATIENCE: Duration = Duration::from_secs(2);

fn check_acknowledgement(answer: &[u8]) -> Result<()> {
    match error_in(answer) {
        Some(0) => Ok(()),
        Some(error) => Err(io::Error::from_raw_os_error(error)).context("the audit subsystem refused"),
        None => bail!("the audit subsystem's acknowledgement is too short"),
    }
}
