//! Requests to the audit subsystem by netlink, as far as tampering needs them (linux/audit.h, linux/netlink.h).

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use crate::sys::{check, check_long};

/// `AUDIT_SET`.
const SET: u16 = 1001;
/// `AUDIT_ADD_RULE` and `AUDIT_DEL_RULE`.
pub(super) const ADD_RULE: u16 = 1011;
pub(super) const DELETE_RULE: u16 = 1012;

/// `AUDIT_STATUS_ENABLED`: which field of `struct audit_status` to set.
const ENABLED: u32 = 1;

/// Bytes of a netlink header.
const HEADER: usize = 16;

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

/// Sends a request and reads the kernel's answer.
fn request(kind: u16, payload: &[u8]) -> io::Result<()> {
    // SAFETY: a plain system call; the descriptor is owned at once.
    let socket = unsafe {
        let kinds = libc::SOCK_RAW | libc::SOCK_CLOEXEC;
        OwnedFd::from_raw_fd(check(libc::socket(libc::AF_NETLINK, kinds, libc::NETLINK_AUDIT))?)
    };
    let length = (HEADER + payload.len()) as u32;
    let flags = (libc::NLM_F_REQUEST | libc::NLM_F_ACK) as u16;
    let mut message = length.to_ne_bytes().to_vec();
    message.extend(kind.to_ne_bytes());
    message.extend(flags.to_ne_bytes());
    message.extend([1, 0, 0, 0, 0, 0, 0, 0]);
    message.extend(payload);
    let mut answer = [0_u8; 1024];
    // SAFETY: both buffers are valid for their lengths.
    unsafe {
        check_long(libc::send(socket.as_raw_fd(), message.as_ptr().cast(), message.len(), 0) as i64)?;
        check_long(libc::recv(socket.as_raw_fd(), answer.as_mut_ptr().cast(), answer.len(), 0) as i64)?;
    }
    // struct nlmsgerr follows the header: the negative error number, 0 for none.
    let error = i32::from_ne_bytes([answer[16], answer[17], answer[18], answer[19]]);
    if error == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(-error)) }
}
