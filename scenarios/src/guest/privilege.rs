//! Who may attach a policy: an ordinary user with one set of capabilities after the other tries.

use anyhow::{Context, Result};

use super::policies::{self, Attach};
use super::prepare;
use crate::child;
use crate::exchange::{Answer, PolicyOrder, PrivilegeTry};
use crate::policy::{Action, PolicyName};
use crate::scenario::Scenario;
use crate::scene::USER;
use crate::sys::{become_uid, become_user, check, check_long};

/// Capabilities by their numbers in linux/capability.h.
const AUDIT_CONTROL: u64 = 1 << 30;
const MAC_ADMIN: u64 = 1 << 33;
const NET_ADMIN: u64 = 1 << 12;
const SYS_ADMIN: u64 = 1 << 21;
const PERFMON: u64 = 1 << 38;
const BPF: u64 = 1 << 39;

/// The sets to try, with their names.
const SETS: &[(&str, u64)] = &[
    ("none", 0),
    ("CAP_BPF", BPF),
    ("CAP_PERFMON", PERFMON),
    ("CAP_BPF+CAP_PERFMON", BPF | PERFMON),
    ("CAP_SYS_ADMIN", SYS_ADMIN),
    ("CAP_AUDIT_CONTROL", AUDIT_CONTROL),
    ("CAP_AUDIT_CONTROL+CAP_NET_ADMIN", AUDIT_CONTROL | NET_ADMIN),
    ("CAP_MAC_ADMIN", MAC_ADMIN),
    ("root", u64::MAX),
];

/// Tries to attach the policy with each set.
///
/// # Errors
/// When a process cannot be made, or the scenario cannot be set up.
pub fn privilege(order: &PolicyOrder) -> Result<Answer<Vec<PrivilegeTry>>> {
    let scenario = crate::find("userns").context("there is no scenario userns")?;
    let policy = super::policy(&order.policy)?;
    let scene = super::scene()?;
    prepare(scenario, &scene)?;
    lift_memory_limit()?;
    let mut tries = Vec::new();
    for (name, set) in SETS {
        let status = child::run(|| {
            let code = attach_with(*set, policy, scenario).unwrap_or(REFUSED);
            // SAFETY: leaves without running what the parent has to run.
            unsafe { libc::_exit(code) };
        })?;
        let code = if libc::WIFEXITED(status) { libc::WEXITSTATUS(status) } else { REFUSED };
        if code == UNSUPPORTED {
            return Ok(Answer::Unsupported(format!("this kernel cannot have {policy}")));
        }
        tries.push(PrivilegeTry { capabilities: (*name).into(), attached: code == ATTACHED });
    }
    Ok(Answer::Tried(tries))
}

const ATTACHED: i32 = 0;
const REFUSED: i32 = 1;
const UNSUPPORTED: i32 = 2;

/// Attaches the policy with these capabilities. One that refuses has to refuse an ordinary user's call.
fn attach_with(set: u64, policy: PolicyName, scenario: &'static Scenario) -> Result<i32> {
    if set != u64::MAX {
        become_user_with(set)?;
    }
    let mut scene = super::scene()?;
    let attached = match policies::attach(policy, scenario, &mut scene)? {
        Attach::Attached(attached) => attached,
        Attach::Unsupported(_) => return Ok(UNSUPPORTED),
    };
    if policy.policy.action == Action::Watch {
        return Ok(ATTACHED);
    }
    let status = child::run(|| {
        if set == u64::MAX {
            become_user()?;
        }
        // SAFETY: changes nothing but this process's credentials.
        scene.window(|| check(unsafe { libc::unshare(libc::CLONE_NEWUSER) })).map(drop)
    })?;
    drop(attached);
    Ok(if status == 0 { REFUSED } else { ATTACHED })
}

/// Makes this process that of an ordinary user with these capabilities.
fn become_user_with(set: u64) -> Result<()> {
    // SAFETY: changes this process alone; the structures are those of linux/capability.h, version 3.
    unsafe {
        check(libc::prctl(libc::PR_SET_KEEPCAPS, 1, 0, 0, 0))?;
        become_uid(USER)?;
        let header: [u32; 2] = [0x2008_0522, 0];
        let (low, high) = (set as u32, (set >> 32) as u32);
        let data: [u32; 6] = [low, low, 0, high, high, 0];
        check_long(libc::syscall(libc::SYS_capset, header.as_ptr(), data.as_ptr()))?;
        check(libc::prctl(libc::PR_SET_DUMPABLE, 1, 0, 0, 0))?;
    }
    Ok(())
}

/// Lets this process and its children lock memory, which BPF maps needed before 5.11.
fn lift_memory_limit() -> Result<()> {
    let limit = libc::rlimit { rlim_cur: libc::RLIM_INFINITY, rlim_max: libc::RLIM_INFINITY };
    // SAFETY: `limit` is valid for the call.
    check(unsafe { libc::setrlimit(libc::RLIMIT_MEMLOCK, &limit) })?;
    Ok(())
}
