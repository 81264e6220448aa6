//! The audit subsystem: a rule for the call, and the record of its path.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use anyhow::{Context, Result, bail};
use hookbench_probes::attach::audit_link::{AuditLink, BACKLOG_LIMIT, Setting};
use hookbench_probes::undo::RulePid;

use super::Watch;
use crate::race::RacedCall;
use crate::sys::check;

/// `AUDIT_PATH`, and `AUDIT_EOE`: the end of an event.
const PATH: u16 = 1302;
const END: u16 = 1320;
/// The longest record, with its header.
const LONGEST: usize = 9000;
const HEADER: usize = 16;
/// How long the end of an event may take, in milliseconds.
const PATIENCE: i32 = 50;

/// A rule, and a socket that gets all records.
pub(super) struct Audit {
    socket: OwnedFd,
}

/// Switches audit on, and adds a rule for `call`.
///
/// # Errors
/// When the kernel refuses.
pub(super) fn attach(call: RacedCall) -> Result<Audit> {
    let link = AuditLink::open_or_fail()?;
    link.set(Setting::BacklogLimit(BACKLOG_LIMIT))?;
    link.set(Setting::Enabled(1))?;
    let socket = listen().context("failed to listen to audit")?;
    link.add_rule(&[call.number() as u32], RulePid::Any)?;
    Ok(Audit { socket })
}

/// A socket of the group that reads the log.
fn listen() -> io::Result<OwnedFd> {
    // SAFETY: plain system calls; the descriptor is owned at once, and the address is a valid sockaddr_nl.
    unsafe {
        let kind = libc::SOCK_RAW | libc::SOCK_CLOEXEC;
        let socket = OwnedFd::from_raw_fd(check(libc::socket(libc::AF_NETLINK, kind, libc::NETLINK_AUDIT))?);
        let mut address: libc::sockaddr_nl = std::mem::zeroed();
        address.nl_family = libc::AF_NETLINK as u16;
        address.nl_groups = 1;
        let size = size_of_val(&address) as u32;
        check(libc::bind(socket.as_raw_fd(), (&raw const address).cast(), size))?;
        Ok(socket)
    }
}

impl Audit {
    /// The next record: its type and its text; `None` if none comes within `patience` milliseconds.
    fn next(&self, patience: i32) -> io::Result<Option<(u16, String)>> {
        let mut polled = libc::pollfd { fd: self.socket.as_raw_fd(), events: libc::POLLIN, revents: 0 };
        let mut buffer = [0u8; LONGEST];
        // SAFETY: `polled` and `buffer` are valid for the calls.
        let size = unsafe {
            if check(libc::poll(&mut polled, 1, patience))? == 0 {
                return Ok(None);
            }
            check(libc::recv(self.socket.as_raw_fd(), buffer.as_mut_ptr().cast(), LONGEST, 0) as i32)?
        };
        let kind = u16::from_ne_bytes([buffer[4], buffer[5]]);
        let text = buffer.get(HEADER..size as usize).unwrap_or_default();
        Ok(Some((kind, String::from_utf8_lossy(text).into_owned())))
    }
}

impl Watch for Audit {
    fn arm(&self) -> Result<()> {
        while self.next(0).context("failed to read audit's records")?.is_some() {}
        Ok(())
    }

    fn record(&self) -> Result<Option<String>> {
        let mut path = None;
        while let Some((kind, text)) = self.next(PATIENCE).context("failed to read audit's records")? {
            match kind {
                PATH if text.contains(" item=0 ") => path = Some(name_in(&text)?),
                END if path.is_some() => break,
                _ => {}
            }
        }
        Ok(path)
    }
}

/// The path in a record: a quoted one, as those of this race are.
fn name_in(text: &str) -> Result<String> {
    let Some((_, rest)) = text.split_once(" name=") else { bail!("audit's record has no name: {text}") };
    let quoted = rest.strip_prefix('"').and_then(|rest| rest.split('"').next());
    Ok(quoted.unwrap_or_default().to_owned())
}
