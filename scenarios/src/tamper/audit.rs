//! Requests to the audit subsystem, as far as tampering needs them (linux/audit.h).

use std::io;

use crate::audit_link::{ADD_RULE, AuditLink, SET};

/// `AUDIT_STATUS_ENABLED`: which field of `struct audit_status` to set.
const ENABLED: u32 = 1;

/// Switches audit on (1) or off (0).
///
/// # Errors
/// When the kernel refuses, or has no audit.
pub(super) fn set_enabled(enabled: u32) -> io::Result<()> {
    // struct audit_status: mask, enabled, failure, pid, …
    let mut status = [0_u8; 40];
    status[..4].copy_from_slice(&ENABLED.to_ne_bytes());
    status[4..8].copy_from_slice(&enabled.to_ne_bytes());
    request(SET, &status)
}

/// Adds or deletes the rule `never,exit` before all others: it matches every system call.
///
/// # Errors
/// When the kernel refuses, or has no audit.
pub(super) fn never_rule(request_kind: u16) -> io::Result<()> {
    /// `AUDIT_FILTER_EXIT`.
    const AT_EXIT: u32 = 0x04;
    /// `AUDIT_FILTER_PREPEND`, which the kernel does not keep in the rule.
    const FIRST: u32 = 0x10;
    // struct audit_rule_data: flags, action (0 for never), field_count, mask[64], fields[64], values[64],
    // fieldflags[64], buflen.
    let mut words = vec![0_u32; 3 + 64 * 4 + 1];
    words[0] = if request_kind == ADD_RULE { AT_EXIT | FIRST } else { AT_EXIT };
    words[3..3 + 64].fill(u32::MAX);
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
    request(request_kind, &bytes)
}

/// Sends a request and returns what the kernel answers.
fn request(kind: u16, payload: &[u8]) -> io::Result<()> {
    AuditLink::open(0)?.request(kind, payload)?
}
