//! The chains: which programs and which daemon each has.

use std::fs;

use anyhow::{Context, Result};
use libbpf_rs::MapHandle;

use super::daemon::{self, Act, Audit, Fanotify, Ring};
use super::notes::Notes;
use super::operation::Operation;
use super::program::{Programs, set_closed};
use super::supervisor;
use crate::guest::kept::Kept;
use crate::policy::Action;
use crate::react::Chain;

/// The setting of the chain with a sysctl.
const SETTING: &str = "/proc/sys/user/max_user_namespaces";

/// A chain that is in force until it is dropped.
#[derive(Default)]
pub(super) struct Attached {
    /// The map of the denying program.
    closed: Option<MapHandle>,
    /// The file of a setting, and what was in it.
    setting: Option<(&'static str, String)>,
    programs: Option<Programs>,
    _daemon: Option<Kept>,
}

impl Attached {
    /// Undoes the mitigation.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub(super) fn reset(&self) -> Result<()> {
        if let Some(closed) = &self.closed {
            set_closed(closed, false)?;
        }
        if let Some((file, before)) = &self.setting {
            fs::write(file, before).with_context(|| format!("failed to write {file}"))?;
        }
        Ok(())
    }
}

impl Chain {
    /// The operation that it refuses.
    pub(super) fn operation(self) -> Operation {
        if self == Chain::AuditSysctl { Operation::Namespace } else { Operation::Open }
    }
}

/// Puts `chain` in force; the error of the inner result says why this kernel cannot have it.
///
/// # Errors
/// When the kernel should have it and refuses.
pub(super) fn attach(
    chain: Chain,
    notes: Notes,
    secret: &str,
    folder: &str,
) -> Result<Result<Attached, String>> {
    let programs = |names: &[&str], action| Programs::attach(names, action, secret);
    Ok(Ok(match chain {
        Chain::BpfMap => closing(programs(&["signal_unlink", "deny_open"], Action::Deny)?)?,
        Chain::BpfKill => {
            Attached { programs: Some(programs(&["signal_unlink"], Action::Kill)?), ..Attached::default() }
        }
        Chain::BpfRingbuf => {
            let mut attached = closing(programs(&["signal_unlink", "deny_open"], Action::Watch)?)?;
            attached.read_ring(notes)?;
            attached
        }
        Chain::TracepointKill => {
            let programs = Some(programs(&["signal_entry"], Action::Watch)?);
            let mut attached = Attached { programs, ..Attached::default() };
            attached.read_ring(notes)?;
            attached
        }
        Chain::FanotifyKill => {
            let listener = match Fanotify::open(folder) {
                Ok(listener) => listener,
                Err(error) => {
                    let why = format!("fanotify does not tell which process deletes a file there: {error}");
                    return Ok(Err(why));
                }
            };
            with(daemon::start(notes, Act::Kill, || Ok(listener))?)
        }
        Chain::SeccompNotify => with(supervisor::start(notes)?),
        Chain::AuditBpf => {
            let mut attached = closing(programs(&["deny_open"], Action::Watch)?)?;
            let act = Act::Close(attached.closed_map()?);
            attached._daemon = Some(daemon::start(notes, act, Audit::open)?);
            attached
        }
        Chain::AuditKill => with(daemon::start(notes, Act::Kill, Audit::open)?),
        Chain::AuditSysctl => {
            let before = fs::read_to_string(SETTING).with_context(|| format!("failed to read {SETTING}"))?;
            let daemon = daemon::start(notes, Act::Write(SETTING, "0"), Audit::open)?;
            Attached { setting: Some((SETTING, before)), ..with(daemon) }
        }
    }))
}

/// A chain that is a daemon.
fn with(daemon: Kept) -> Attached {
    Attached { _daemon: Some(daemon), ..Attached::default() }
}

/// A chain whose mitigation is the denying program.
fn closing(programs: Programs) -> Result<Attached> {
    Ok(Attached { closed: Some(programs.map("closed")?), programs: Some(programs), ..Attached::default() })
}

impl Attached {
    /// A second handle of the map of the denying program, for a daemon.
    fn closed_map(&self) -> Result<MapHandle> {
        self.programs.as_ref().context("the chain has no BPF programs")?.map("closed")
    }

    /// Starts the daemon that reads the ring buffer: it closes the secret if there is a program that denies, or kills.
    fn read_ring(&mut self, notes: Notes) -> Result<()> {
        let programs = self.programs.as_ref().context("the chain has no BPF programs")?;
        let records = programs.map("records")?;
        let act = if self.closed.is_some() { Act::Close(programs.map("closed")?) } else { Act::Kill };
        self._daemon = Some(daemon::start(notes, act, || Ring::open(&records))?);
        Ok(())
    }
}
