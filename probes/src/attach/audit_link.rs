//! The netlink socket of the audit subsystem: status, rules and records, as
//! far as the monitors need them (linux/audit.h, linux/netlink.h). What comes
//! out of it is read in `said`.

use std::fs;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};

use super::ledger::{self, Undo};
use crate::said::{Status, error_in, serial_in, status_in};
pub use crate::undo::Pid;

/// `AUDIT_GET`: ask for the status.
const GET: u16 = 1000;
/// `AUDIT_SET`: change it.
const SET: u16 = 1001;
/// `AUDIT_USER`: a record of user space's own.
const USER: u16 = 1005;
/// `AUDIT_ADD_RULE`.
const ADD_RULE: u16 = 1011;
/// `AUDIT_DEL_RULE`.
const DEL_RULE: u16 = 1012;
/// `AUDIT_SYSCALL`: the first record of a system call's event.
pub const SYSCALL_RECORD: u16 = 1300;

/// `AUDIT_LIST_RULES`.
const LIST_RULES: u16 = 1013;

/// `AUDIT_SECCOMP`: what a seccomp filter has logged.
pub const SECCOMP_RECORD: u16 = 1326;

/// What Debian's own audit.rules set; with the kernel's 64 a real-time worker is
/// blocked every dozen events.
pub const BACKLOG_LIMIT: u32 = 8192;

/// A message of netlink is never longer here: `MAX_AUDIT_MESSAGE_LENGTH` and its header.
const LONGEST: usize = 8970 + HEADER;
const HEADER: usize = 16;

/// A field of `struct audit_status` that can be set, with its mask.
#[derive(Debug, Clone, Copy)]
pub enum Setting {
    /// On (1) or off (0).
    Enabled(u32),
    /// Who receives the records: this process, by its pid.
    Receiver(u32),
    /// How many records may wait before those who make them have to.
    BacklogLimit(u32),
}

/// An open socket.
pub struct AuditLink(OwnedFd);

/// Why no socket: audit is off for good, or something else.
#[derive(Debug)]
pub enum Closed {
    /// The kernel was booted with `audit=0`.
    Off,
    /// Anything else.
    Error(io::Error),
}

impl AuditLink {
    /// Opens a socket for requests.
    ///
    /// # Errors
    /// [`Closed::Off`] on a kernel whose audit subsystem is off.
    pub fn open() -> Result<Self, Closed> {
        Self::with_groups(0)
    }

    /// Opens a socket that also hears what everybody may hear (`AUDIT_NLGRP_READLOG`).
    ///
    /// # Errors
    /// As [`AuditLink::open`].
    pub fn listening() -> Result<Self, Closed> {
        Self::with_groups(1)
    }

    fn with_groups(groups: u32) -> Result<Self, Closed> {
        // SAFETY: plain system calls; the descriptor is owned at once, and the
        // address is a valid sockaddr_nl.
        unsafe {
            let socket =
                libc::socket(libc::AF_NETLINK, libc::SOCK_RAW | libc::SOCK_CLOEXEC, libc::NETLINK_AUDIT);
            if socket < 0 {
                let error = io::Error::last_os_error();
                let off = error.raw_os_error() == Some(libc::EPROTONOSUPPORT);
                return Err(if off { Closed::Off } else { Closed::Error(error) });
            }
            let socket = OwnedFd::from_raw_fd(socket);
            let mut address: libc::sockaddr_nl = std::mem::zeroed();
            address.nl_family = libc::AF_NETLINK as u16;
            address.nl_groups = groups;
            let size = size_of_val(&address) as u32;
            if libc::bind(socket.as_raw_fd(), (&raw const address).cast(), size) != 0 {
                return Err(Closed::Error(io::Error::last_os_error()));
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
            Err(io::Error::last_os_error()).context("failed to ask the audit subsystem")
        } else {
            Ok(())
        }
    }

    /// Waits for the next message: its type and what it carries. `None` when
    /// none comes within `patience`; without one it waits for ever.
    ///
    /// # Errors
    /// When the socket fails, as it does when its queue has overflowed.
    pub fn receive(&self, patience: Option<Duration>) -> Result<Option<(u16, Vec<u8>)>> {
        let mut wanted = libc::pollfd { fd: self.0.as_raw_fd(), events: libc::POLLIN, revents: 0 };
        let limit = patience.map_or(-1, |patience| patience.as_millis() as i32);
        let mut buffer = vec![0; LONGEST];
        // SAFETY: `wanted` and `buffer` are valid for the calls.
        let size = unsafe {
            if libc::poll(&mut wanted, 1, limit) == 0 {
                return Ok(None);
            }
            libc::recv(self.0.as_raw_fd(), buffer.as_mut_ptr().cast(), buffer.len(), 0)
        };
        if size < 0 {
            return Err(io::Error::last_os_error()).context("failed to hear the audit subsystem");
        }
        buffer.truncate(size as usize);
        let kind = buffer.get(4..6).and_then(|bytes| bytes.try_into().ok()).map(u16::from_ne_bytes);
        let kind =
            kind.ok_or_else(|| anyhow!("the audit subsystem sent {size} bytes, which is no message"))?;
        Ok(Some((kind, buffer.split_off(HEADER.min(buffer.len())))))
    }

    /// Sends a request and waits until it is acknowledged.
    fn ask(&self, kind: u16, payload: &[u8]) -> Result<()> {
        self.send(kind, payload)?;
        loop {
            match self.receive(Some(PATIENCE))? {
                Some((kind, answer)) if kind == libc::NLMSG_ERROR as u16 => return acknowledged(&answer),
                Some(_) => {}
                None => bail!("the audit subsystem did not answer within {PATIENCE:?}"),
            }
        }
    }

    /// The status.
    ///
    /// # Errors
    /// When the kernel does not answer as it should.
    pub fn status(&self) -> Result<Status> {
        self.send(GET, &[])?;
        loop {
            match self.receive(Some(PATIENCE))? {
                Some((GET, answer)) => return status_in(&answer).context("the audit status is too short"),
                Some((kind, answer)) if kind == libc::NLMSG_ERROR as u16 => acknowledged(&answer)?,
                Some(_) => {}
                None => bail!("the audit subsystem did not say its status within {PATIENCE:?}"),
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
                Some((kind, answer)) if kind == libc::NLMSG_ERROR as u16 => acknowledged(&answer)?,
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
            Setting::Receiver(value) => (4, 3, value),
            Setting::BacklogLimit(value) => (16, 5, value),
        };
        let mut fields = [0u32; 10];
        (fields[0], fields[at]) = (mask, value);
        let payload: Vec<u8> = fields.iter().flat_map(|field| field.to_ne_bytes()).collect();
        self.ask(SET, &payload).with_context(|| format!("failed to set the audit status {setting:?}"))
    }

    /// Adds an exit rule that records the system calls with these numbers, made by
    /// whom `pid` says.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn add_rule(&self, syscalls: &[u32], pid: Pid) -> Result<()> {
        ledger::intend(|| Undo::AuditRule { syscalls: syscalls.to_vec(), pid })?;
        self.ask(ADD_RULE, &rule(syscalls, pid)).context("failed to add an audit rule")
    }

    /// Takes the rule away that [`AuditLink::add_rule`] added.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn delete_rule(&self, syscalls: &[u32], pid: Pid) -> Result<()> {
        self.ask(DEL_RULE, &rule(syscalls, pid)).context("failed to delete an audit rule")
    }

    /// Makes a record of our own and returns its event's serial number. Serial
    /// numbers count events: the difference of two says how many came between.
    ///
    /// # Errors
    /// When the record does not come back.
    pub fn serial(&self, mark: &str) -> Result<u64> {
        let listening = Self::listening().map_err(|error| anyhow!("failed to listen to audit: {error:?}"))?;
        self.ask(USER, format!("op=hookbench {mark}\0").as_bytes())?;
        while let Some((_, record)) = listening.receive(Some(PATIENCE))? {
            let text = String::from_utf8_lossy(&record);
            if let (true, Some(serial)) = (text.contains(mark), serial_in(&text)) {
                return Ok(serial);
            }
        }
        bail!("our own audit record did not come back within {PATIENCE:?}")
    }
}

/// The kernel thread that sends the records.
///
/// # Errors
/// When there is none.
pub fn kauditd() -> Result<libc::pid_t> {
    for entry in fs::read_dir("/proc")?.flatten() {
        if fs::read_to_string(entry.path().join("comm")).is_ok_and(|comm| comm.trim_end() == "kauditd") {
            return Ok(entry.file_name().to_string_lossy().parse()?);
        }
    }
    bail!("no kernel thread is called kauditd")
}

/// How long the kernel may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

fn acknowledged(answer: &[u8]) -> Result<()> {
    match error_in(answer) {
        Some(0) => Ok(()),
        Some(error) => Err(io::Error::from_raw_os_error(error)).context("the audit subsystem refused"),
        None => bail!("the audit subsystem's acknowledgement is too short"),
    }
}

/// `struct audit_rule_data`: filter exit, action always, for 64-bit system
/// calls with a bit set in the mask, under the key of ours.
fn rule(syscalls: &[u32], pid: Pid) -> Vec<u8> {
    const EXIT: u32 = 4;
    const ALWAYS: u32 = 2;
    const EQUAL: u32 = 0x4000_0000;
    const NOT_EQUAL: u32 = 0x3000_0000;
    const ARCH: (u32, u32) = (11, 0xc000_003e);
    const PID: u32 = 0;
    const FILTER_KEY: u32 = 210;
    const KEY: &[u8] = b"hookbench";
    let mut mask = [0u32; 64];
    for &syscall in syscalls {
        if let Some(word) = mask.get_mut(syscall as usize / 32) {
            *word |= 1 << (syscall % 32);
        }
    }
    // Name, value and operator.
    let mut fields = vec![(ARCH.0, ARCH.1, EQUAL), (FILTER_KEY, KEY.len() as u32, EQUAL)];
    match pid {
        Pid::Any => {}
        Pid::Is(pid) => fields.push((PID, pid, EQUAL)),
        Pid::IsNot(pid) => fields.push((PID, pid, NOT_EQUAL)),
    }
    let column = |of: fn(&(u32, u32, u32)) -> u32| {
        let mut column = [0u32; 64];
        column.iter_mut().zip(fields.iter().map(of)).for_each(|(place, value)| *place = value);
        column
    };
    let mut words = vec![EXIT, ALWAYS, fields.len() as u32];
    words.extend(mask);
    words.extend(column(|field| field.0));
    words.extend(column(|field| field.1));
    words.extend(column(|field| field.2));
    words.push(KEY.len() as u32);
    let mut bytes: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
    bytes.extend_from_slice(KEY);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_has_the_layout_of_the_kernel() {
        let rule = rule(&[59, 322], Pid::Any);
        assert_eq!(rule.len(), 1040 + 9);
        let word = |at: usize| u32::from_ne_bytes(rule[4 * at..4 * at + 4].try_into().unwrap());
        assert_eq!((word(0), word(1), word(2)), (4, 2, 2));
        assert_eq!((word(3 + 59 / 32), word(3 + 322 / 32)), (1 << (59 % 32), 1 << (322 % 32)));
        assert_eq!((word(67), word(131), word(195), word(259)), (11, 0xc000_003e, 0x4000_0000, 9));
    }
}
