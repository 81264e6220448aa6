//! Requests to the audit subsystem by netlink, as far as tampering needs them (linux/audit.h, linux/netlink.h).

use std::ffi::c_int;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use crate::sys::{check, check_long};

/// `AUDIT_SET`.
const SET: u16 = 1001;
/// `AUDIT_ADD_RULE` and `AUDIT_DEL_RULE`.
pub(super) const ADD_RULE: u16 = 1011;
pub(super) const DELETE_RULE: u16 = 1012;

/// `AUDIT_LIST_RULES`, whose answer ends with `NLMSG_DONE`.
const LIST_RULES: u16 = 1013;
const DONE: u16 = 3;

/// A number in `struct audit_status`: the bit that says that it is to be set, and its place.
#[derive(Clone, Copy)]
pub(super) struct Setting(u32, usize);

/// Whether audit is on, which process is its daemon, how many records it makes in a second at most, how many may wait,
/// and how long a caller waits for a place, in ticks.
pub(super) const ENABLED: Setting = Setting(1, 1);
pub(super) const DAEMON: Setting = Setting(4, 3);
pub(super) const RATE_LIMIT: Setting = Setting(8, 4);
pub(super) const BACKLOG_LIMIT: Setting = Setting(16, 5);
pub(super) const WAIT_TIME: Setting = Setting(32, 9);

/// Bytes of a netlink header, and of the longest message: `MAX_AUDIT_MESSAGE_LENGTH` and its header.
const HEADER: usize = 16;
const LONGEST: usize = 8970 + HEADER;

/// Sets a number.
///
/// # Errors
/// When the kernel refuses, or has no audit.
pub(super) fn set(Setting(mask, place): Setting, value: u32) -> io::Result<()> {
    let mut status = [0; 10];
    (status[0], status[place]) = (mask, value);
    request(SET, &bytes(&status))
}

/// `AUDIT_FILTER_EXIT`, and `AUDIT_FILTER_PREPEND`, which the kernel does not keep in a rule.
const AT_EXIT: u32 = 0x04;
const FIRST: u32 = 0x10;
/// `AUDIT_FILTER_EXCLUDE`, `AUDIT_ALWAYS`, the field `AUDIT_MSGTYPE`, and the operator `=`.
const EXCLUDE: u32 = 0x05;
const ALWAYS: u32 = 2;
const MESSAGE_TYPE: u32 = 12;
const EQUAL: u32 = 0x4000_0000;
/// `AUDIT_SYSCALL`.
const SYSCALL: u32 = 1300;

/// Places of `struct audit_rule_data`, in words: flags, action, field_count, mask[64], fields[64], values[64],
/// fieldflags[64], buflen.
const MASK: usize = 3;
const FIELDS: usize = MASK + 64;
const VALUES: usize = FIELDS + 64;
const OPERATORS: usize = VALUES + 64;
const WORDS: usize = OPERATORS + 64 + 1;

/// Adds or deletes the rule `never,exit` before all others: it matches every system call.
///
/// # Errors
/// When the kernel refuses, or has no audit.
pub(super) fn never_rule(request_kind: u16) -> io::Result<()> {
    let mut words = [0; WORDS];
    words[0] = if request_kind == ADD_RULE { AT_EXIT | FIRST } else { AT_EXIT };
    words[MASK..FIELDS].fill(u32::MAX);
    request(request_kind, &bytes(&words))
}

/// Adds or deletes the rule `always,exclude` about records of system calls.
///
/// # Errors
/// When the kernel refuses, or has no audit.
pub(super) fn exclude_rule(request_kind: u16) -> io::Result<()> {
    let mut words = [0; WORDS];
    words[..MASK].copy_from_slice(&[EXCLUDE, ALWAYS, 1]);
    words[MASK..FIELDS].fill(u32::MAX);
    (words[FIELDS], words[VALUES], words[OPERATORS]) = (MESSAGE_TYPE, SYSCALL, EQUAL);
    request(request_kind, &bytes(&words))
}

fn bytes(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_ne_bytes()).collect()
}

/// All rules, as the kernel lists them.
///
/// # Errors
/// When the kernel refuses, or has no audit.
pub(super) fn rules() -> io::Result<Vec<Vec<u8>>> {
    let socket = send(LIST_RULES, libc::NLM_F_REQUEST, &[])?;
    let mut rules = Vec::new();
    loop {
        let (kind, answer) = receive(&socket)?;
        match kind {
            LIST_RULES => rules.push(answer),
            DONE => return Ok(rules),
            _ => result(&answer)?,
        }
    }
}

/// Sends a request and reads the kernel's answer.
///
/// # Errors
/// When the kernel refuses, or has no audit.
pub(super) fn request(kind: u16, payload: &[u8]) -> io::Result<()> {
    let socket = send(kind, libc::NLM_F_REQUEST | libc::NLM_F_ACK, payload)?;
    result(&receive(&socket)?.1)
}

/// What `struct nlmsgerr` says: the negative error number, 0 for none.
fn result(answer: &[u8]) -> io::Result<()> {
    match answer.first_chunk().copied().map(i32::from_ne_bytes) {
        Some(0) => Ok(()),
        Some(error) => Err(io::Error::from_raw_os_error(-error)),
        None => Err(io::Error::other("audit's answer is too short")),
    }
}

/// Sends a request by a new socket.
fn send(kind: u16, flags: c_int, payload: &[u8]) -> io::Result<OwnedFd> {
    // SAFETY: a plain system call; the descriptor is owned at once.
    let socket = unsafe {
        let kinds = libc::SOCK_RAW | libc::SOCK_CLOEXEC;
        OwnedFd::from_raw_fd(check(libc::socket(libc::AF_NETLINK, kinds, libc::NETLINK_AUDIT))?)
    };
    let length = (HEADER + payload.len()) as u32;
    let mut message = length.to_ne_bytes().to_vec();
    message.extend(kind.to_ne_bytes());
    message.extend((flags as u16).to_ne_bytes());
    message.extend([1, 0, 0, 0, 0, 0, 0, 0]);
    message.extend(payload);
    // SAFETY: the buffer is valid for its length.
    let sent = unsafe { libc::send(socket.as_raw_fd(), message.as_ptr().cast(), message.len(), 0) };
    check_long(sent as i64)?;
    Ok(socket)
}

/// The next message: its type, and what follows its header.
fn receive(socket: &OwnedFd) -> io::Result<(u16, Vec<u8>)> {
    let mut answer = vec![0; LONGEST];
    // SAFETY: the buffer is valid for its length.
    let size = unsafe { libc::recv(socket.as_raw_fd(), answer.as_mut_ptr().cast(), answer.len(), 0) };
    answer.truncate(check_long(size as i64)? as usize);
    let kind = u16::from_ne_bytes([answer[4], answer[5]]);
    Ok((kind, answer.split_off(HEADER)))
}
