//! How fast a policy comes and goes: from the order to apply it until a forbidden call is refused, and back; whether
//! it reaches processes that run already; and what stays when the process that applied it is killed. The forbidden
//! call makes a user namespace, as an ordinary user.

use std::io::{self, PipeReader, PipeWriter, Read, Write};

use anyhow::{Context, Result, ensure};

use super::policies::{self, Attach};
use super::prepare;
use crate::child;
use crate::confine::Confine;
use crate::exchange::{Answer, Mitigated, PolicyOrder};
use crate::policy::PolicyName;
use crate::scenario::Scenario;
use crate::scene::{Scene, now};
use crate::sys::{become_user, check};

/// How often the forbidden call is tried before hookbench gives up waiting for the policy, or for its end.
const MOST_TRIES: u32 = 2_000;

/// Applies the policy, tries, and takes it away again.
///
/// # Errors
/// When the forbidden call is refused without the policy.
pub fn mitigate(order: &PolicyOrder) -> Result<Answer<Mitigated>> {
    let scenario = crate::find("userns").context("there is no scenario userns")?;
    let policy = super::policy(&order.policy)?;
    let mut scene = super::scene()?;
    prepare(scenario, &scene)?;
    let is_reloaded = policies::prepare(policy, scenario, &mut scene)?;
    ensure!(!is_refused(&scene)?, "a user namespace is refused without a policy");
    let resident = Resident::start(&scene)?;
    let (began, worked) = (now(), own_time());
    let attached = match policies::attach(policy, scenario, &mut scene)? {
        Attach::Attached(attached) => attached,
        Attach::Unsupported(why) => return Ok(Answer::Unsupported(why)),
    };
    let (applied, apply_work) = (now() - began, own_time() - worked);
    let refused = wait_until(true, &scene)?.map(|time| time - began);
    let reaches_running = resident.makes_the_call()?;
    // What confines its caller stays with that process: there is nothing to undo, unless its rules can be replaced.
    let confines = scene.confine.is_some() && !is_reloaded;
    let (began, worked) = (now(), own_time());
    drop(attached);
    let undo_work = own_time() - worked;
    let can_be_undone = refused.is_some() && !confines;
    let undone = if can_be_undone { wait_until(false, &scene)?.map(|time| time - began) } else { None };
    let survives_agent = if confines { true } else { survives_its_agent(policy, scenario, &scene)? };
    Ok(Answer::Tried(Mitigated {
        applied,
        apply_work,
        refused,
        reaches_running,
        undone,
        undo_work,
        survives_agent,
    }))
}

/// Whether an ordinary user's call is refused now.
fn is_refused(scene: &Scene) -> Result<bool> {
    let status = child::run(|| {
        become_user()?;
        // SAFETY: changes nothing but this process's credentials.
        scene.window(|| check(unsafe { libc::unshare(libc::CLONE_NEWUSER) })).map(drop)
    })?;
    Ok(status != 0)
}

/// Tries until the call is refused, or until it is not. Returns when that was; `None` if it never was.
fn wait_until(refused: bool, scene: &Scene) -> Result<Option<u64>> {
    for _ in 0..MOST_TRIES {
        if is_refused(scene)? == refused {
            return Ok(Some(now()));
        }
    }
    Ok(None)
}

/// Whether the call is still refused when the process that applied the policy has been killed.
fn survives_its_agent(policy: PolicyName, scenario: &'static Scenario, scene: &Scene) -> Result<bool> {
    let (mut reader, mut writer) = io::pipe()?;
    // SAFETY: this process has one thread, so the child may do anything.
    let agent = check(unsafe { libc::fork() })?;
    if agent == 0 {
        let mut scene = super::scene()?;
        let attached = policies::attach(policy, scenario, &mut scene);
        let told = writer.write_all(&[u8::from(matches!(attached, Ok(Attach::Attached(_))))]);
        // SAFETY: sleeps until it is killed.
        unsafe {
            if told.is_ok() {
                libc::pause();
            }
            libc::_exit(1)
        }
    }
    drop(writer);
    let mut told = [0];
    reader.read_exact(&mut told).context("the policy's process ended")?;
    // SAFETY: the child has not been waited for.
    check(unsafe { libc::kill(agent, libc::SIGKILL) })?;
    child::wait(agent)?;
    ensure!(told == [1], "the policy could not be applied a second time");
    // The kernel takes some of it away later.
    Ok(wait_until(false, scene)?.is_none())
}

/// A process that ran before the policy came.
struct Resident {
    pid: libc::pid_t,
    wakes: PipeWriter,
    says: PipeReader,
}

impl Resident {
    fn start(scene: &Scene) -> Result<Resident> {
        let ((mut woken, wakes), (says, mut tells)) = (io::pipe()?, io::pipe()?);
        // SAFETY: this process has one thread, so the child may do anything.
        let pid = check(unsafe { libc::fork() })?;
        if pid == 0 {
            drop((wakes, says));
            let confined = || scene.confine.as_ref().map_or(Ok(()), Confine::enter);
            let asked = become_user().and_then(|()| confined()).and_then(|()| woken.read_exact(&mut [0]));
            // SAFETY: changes nothing but this process's credentials.
            let made = asked.and_then(|()| check(unsafe { libc::unshare(libc::CLONE_NEWUSER) }));
            let _ = tells.write_all(&[u8::from(made.is_err())]);
            // SAFETY: leaves without running what the parent has to run.
            unsafe { libc::_exit(0) };
        }
        Ok(Resident { pid, wakes, says })
    }

    /// Has it make the call, and returns whether that was refused. A process that was killed by it was stopped too.
    fn makes_the_call(mut self) -> Result<bool> {
        self.wakes.write_all(&[1]).context("the process that ran before the policy has ended")?;
        let mut said = [0];
        let ended = self.says.read(&mut said)?;
        child::wait(self.pid)?;
        Ok(ended == 0 || said == [1])
    }
}

/// The CPU time of this process and of the children that it waited for, in nanoseconds.
fn own_time() -> u64 {
    [libc::RUSAGE_SELF, libc::RUSAGE_CHILDREN]
        .into_iter()
        .map(|who| {
            // SAFETY: a structure of numbers, for which zero is valid; the kernel writes it.
            let usage = unsafe {
                let mut usage: libc::rusage = std::mem::zeroed();
                libc::getrusage(who, &mut usage);
                usage
            };
            let nanoseconds =
                |time: libc::timeval| time.tv_sec as u64 * 1_000_000_000 + time.tv_usec as u64 * 1_000;
            nanoseconds(usage.ru_utime) + nanoseconds(usage.ru_stime)
        })
        .sum()
}
