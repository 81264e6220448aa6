//! Requests to the audit subsystem, as far as tampering needs them (linux/audit.h).

use std::io;

pub(super) use crate::audit_link::{ADD_RULE, DELETE_RULE};
use crate::audit_link::{AuditLink, SET};

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
    let link = AuditLink::open(0)?;
    link.send(LIST_RULES, libc::NLM_F_REQUEST, &[])?;
    let mut rules = Vec::new();
    loop {
        let (kind, answer) = link.receive()?;
        match kind {
            LIST_RULES => rules.push(answer),
            DONE => return Ok(rules),
            _ => return Err(io::Error::other("audit does not list its rules")),
        }
    }
}

/// Sends a request and returns what the kernel answers.
///
/// # Errors
/// When the kernel refuses, or has no audit.
pub(super) fn request(kind: u16, payload: &[u8]) -> io::Result<()> {
    AuditLink::open(0)?.request(kind, payload)?
}
