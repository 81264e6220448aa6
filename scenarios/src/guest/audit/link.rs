//! What policies ask the audit subsystem for: rules, its records, and how many were lost.

use std::io;
use std::os::fd::RawFd;

use anyhow::{Context, Result, bail};
use hookbench_probes::kernel_text::status_in;

use crate::audit_link::{ADD_RULE, AuditLink, DELETE_RULE, SET};

/// Requests: `AUDIT_GET` and `AUDIT_USER`.
const GET: u16 = 1000;
pub(super) const USER: u16 = 1005;

/// `AUDIT_NLGRP_READLOG`: all records, for those that are not the daemon.
const ALL_RECORDS: u32 = 1;

/// How many bytes of records may wait in a socket.
const QUEUE: libc::c_int = 16 << 20;
/// How many records may wait in the kernel.
const BACKLOG: u32 = 8192;

/// An open socket.
pub(in crate::guest) struct Link(AuditLink);

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
        let link = AuditLink::open(groups).context("failed to open the audit socket")?;
        link.make_room(QUEUE).context("failed to enlarge the audit socket")?;
        Ok(Link(link))
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
        self.request(ADD_RULE, rule)
    }

    /// Deletes a rule.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub(in crate::guest) fn delete(&self, rule: &[u8]) -> Result<()> {
        Ok(self.request(DELETE_RULE, rule)??)
    }

    /// How many records were lost since the boot.
    ///
    /// # Errors
    /// When the kernel does not answer as it should.
    pub(in crate::guest) fn lost(&self) -> Result<u32> {
        // The kernel answers from another thread, so an acknowledgement would come before or after the answer.
        self.0.send(GET, libc::NLM_F_REQUEST, &[]).context("failed to send to the audit subsystem")?;
        loop {
            let (kind, answer) = self.next()?;
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
        let made = self.request(USER, format!("{text}\0").as_bytes())?;
        made.context("the kernel refused to make an audit record")
    }

    /// Waits for the next message: its type and its text.
    ///
    /// # Errors
    /// When none comes, or the socket has lost one.
    pub(in crate::guest) fn receive(&self) -> Result<(u16, String)> {
        let (kind, bytes) = self.next()?;
        Ok((kind, text_of(&bytes)))
    }

    /// As [`Link::receive`], but does not wait.
    ///
    /// # Errors
    /// When the socket has lost a message.
    pub(in crate::guest) fn receive_now(&self) -> Result<Option<(u16, String)>> {
        Ok(self.0.next(0)?.map(|(kind, bytes)| (kind, text_of(&bytes))))
    }

    /// Its descriptor.
    pub(in crate::guest) fn descriptor(&self) -> RawFd {
        self.0.descriptor()
    }

    /// As [`Link::receive`], but waits for ever.
    ///
    /// # Errors
    /// When the socket has lost a message.
    pub(in crate::guest) fn wait(&self) -> Result<(u16, String)> {
        let (kind, bytes) = self.0.next(-1)?.context("the kernel sent no audit record")?;
        Ok((kind, text_of(&bytes)))
    }

    fn set(&self, mask: u32, field: usize, value: u32) -> Result<()> {
        let mut fields = [0u32; 10];
        (fields[0], fields[field]) = (mask, value);
        let payload: Vec<u8> = fields.iter().flat_map(|field| field.to_ne_bytes()).collect();
        Ok(self.request(SET, &payload)??)
    }

    fn request(&self, kind: u16, payload: &[u8]) -> Result<io::Result<()>> {
        self.0.request(kind, payload).context("failed to ask the audit subsystem")
    }

    fn next(&self) -> Result<(u16, Vec<u8>)> {
        self.0.receive().context("failed to receive from the audit subsystem")
    }
}

fn text_of(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim_end_matches('\0').into()
}
