//! Reaction: a chain is in force, an ordinary user's program gives the signal, and it or another process tries the
//! operation until it is refused. Everything runs on one CPU: a daemon runs when the caller is off it.

use std::ffi::c_int;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::{FOLDER, shared};
use crate::child;
use crate::exchange::Answer;
use crate::react::{CALLERS, Caller, Chain, ReactOrder, Reacted, Reaction};
use crate::sys::check;

mod caller;
mod chain;
mod daemon;
mod notes;
mod operation;
mod program;
mod supervisor;

use caller::{Part, start_other, start_signaller};
use notes::{Note, Notes};

pub(super) use caller::{SIGNALLER, signal};

/// How often each caller tries.
const TRIES: u32 = 5;
/// What each try waits longer than the one before: the ticks of the kernel's clock come at other instants.
const PHASE: Duration = Duration::from_micros(777);
/// How long a daemon may take to read a record after the last operation, and how long hookbench sleeps meanwhile.
const PATIENCE: u32 = 20;
const REST: Duration = Duration::from_millis(1);

/// Times the chain.
///
/// # Errors
/// When the chain cannot be put in force though it should, or the operation is refused before the signal.
pub fn react(order: &ReactOrder) -> Result<Answer<Reacted>> {
    fs::create_dir_all(FOLDER).context("failed to make the folder of the scene")?;
    fs::set_permissions(FOLDER, fs::Permissions::from_mode(0o777))?;
    let secret = format!("{FOLDER}/secret");
    fs::write(&secret, "secret").context("failed to write the secret")?;
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o644))?;
    let notes = Notes::new(shared::make()?);
    caller::block_wake().context("failed to block a signal")?;
    let attached = match chain::attach(order.chain, notes, &secret, FOLDER)? {
        Ok(attached) => attached,
        Err(why) => return Ok(Answer::Unsupported(why)),
    };
    let stage = Stage { chain: order.chain, notes, secret };
    let mut tries = Vec::new();
    for caller in CALLERS {
        for number in 0..TRIES {
            notes.clear();
            attached.reset()?;
            std::thread::sleep(REST + PHASE * number);
            tries.push(stage.one(caller).with_context(|| format!("failed with the caller {caller}"))?);
        }
    }
    Ok(Answer::Tried(Reacted { tries }))
}

/// What all tries share.
struct Stage {
    chain: Chain,
    notes: Notes,
    secret: String,
}

impl Stage {
    /// One try.
    fn one(&self, caller: Caller) -> Result<Reaction> {
        let (notes, operation) = (self.notes, self.chain.operation());
        let other = match caller {
            Caller::Other => Some(start_other(notes, operation, &self.secret)?),
            Caller::Busy | Caller::Rested | Caller::Resting => None,
        };
        // It is ready to be woken.
        std::thread::sleep(REST);
        let part = Part {
            caller,
            operation,
            secret: &self.secret,
            file: &format!("{FOLDER}/program"),
            is_supervised: self.chain == Chain::SeccompNotify,
            other: other.as_ref().map(|other| other.0),
        };
        let signaller = start_signaller(&part)?;
        let ended = self.wait_for(signaller.0, part.other)?;
        self.wait_for_daemon();
        self.reaction(caller, ended)
    }

    /// Waits until the tries have ended. Returns the status of the signaller if it made them.
    fn wait_for(&self, signaller: libc::pid_t, other: Option<libc::pid_t>) -> Result<Option<c_int>> {
        loop {
            let mut status = 0;
            // SAFETY: `status` is ours to write.
            let ended = check(unsafe { libc::waitpid(-1, &mut status, 0) })?;
            match other {
                None if ended == signaller => return Ok(Some(status)),
                Some(other) if ended == other => {
                    child::result(status).context("the other process failed")?;
                    return Ok(None);
                }
                // It was killed while it slept, or in the call that is the signal, and then has woken nobody.
                Some(other) if ended == signaller && was_killed(status) => {
                    if self.notes.get(Note::Returned) == 0 {
                        caller::wake(other)?;
                    }
                }
                _ => bail!("a process ended too early, with status {status:#x}"),
            }
        }
    }

    /// What the notes say.
    fn reaction(&self, caller: Caller, ended: Option<c_int>) -> Result<Reaction> {
        let noted = |note| Some(self.notes.get(note)).filter(|&at| at != 0);
        let was_killed = ended.is_some_and(was_killed);
        if let Some(status) = ended.filter(|&status| status != 0 && !was_killed) {
            bail!("the caller ended with status {status:#x}");
        }
        let begin = noted(Note::Begin).context("the caller has not given the signal")?;
        let since = |note| noted(note).map(|at| at.saturating_sub(begin));
        Ok(Reaction {
            caller,
            returned: since(Note::Returned),
            read: since(Note::Read),
            refused: since(if was_killed { Note::Acted } else { Note::Refused }),
            passed: self.notes.get(Note::Passed),
        })
    }

    /// Waits until the daemon has read the record and acted, if there is a daemon.
    fn wait_for_daemon(&self) {
        for _ in 0..PATIENCE {
            if self.notes.get(Note::Acted) != 0 || has_no_daemon(self.chain) {
                return;
            }
            std::thread::sleep(REST);
        }
    }
}

/// Whether nobody acts after the signal.
fn has_no_daemon(chain: Chain) -> bool {
    matches!(chain, Chain::BpfMap | Chain::BpfKill | Chain::SeccompNotify)
}

fn was_killed(status: c_int) -> bool {
    libc::WIFSIGNALED(status) && libc::WTERMSIG(status) == libc::SIGKILL
}
