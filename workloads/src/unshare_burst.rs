//! `unshare-burst`: a fresh child creates a user namespace. Only its one system call is timed, as Cloudflare timed
//! sys_unshare.

use std::io;
use std::ptr;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use hookbench_model::param::{ParamInfo, Values};
use hookbench_model::{DenyScope, Enforcement, Params, Refusal};

use crate::child::TIMED_OTHERWISE;
use crate::shared::Shared;
use crate::stopwatch::timed_syscall;
use crate::{Denial, Effect, Info, Operation, Operations, Stopwatch, Timed, Way, WayFacts, Workload};

/// See the module.
pub(crate) struct UnshareBurst;

static INFO: Info = Info {
    name: "unshare-burst",
    behaviour: "userns",
    params: &[ParamInfo {
        name: "as",
        values: Values::Words(&["root", "user"]),
        usual: &["root"],
        about: "whether the child has CAP_SYS_ADMIN",
    }],
    samples: 100,
    warmup: 20,
    about: "a fresh child calls unshare(CLONE_NEWUSER); only the call is timed",
};

/// The user of `as=user`: any user without capabilities.
const USER: libc::uid_t = 1000;

impl Workload for UnshareBurst {
    fn info(&self) -> &Info {
        &INFO
    }

    fn ways(&self) -> &[&dyn Way] {
        &[&Unshare]
    }

    fn denial(&self, params: &Params, enforcement: Enforcement) -> Option<Denial> {
        let everyone = Enforcement::Denies(DenyScope::Everyone);
        let passes =
            !as_user(params) && enforcement != everyone && !matches!(enforcement, Enforcement::Expects(_));
        if passes { None } else { Denial::of_every_operation(enforcement) }
    }

    fn timed_otherwise(&self, denial: Denial) -> Option<&'static str> {
        denial.kills().then_some(TIMED_OTHERWISE)
    }
}

fn as_user(params: &Params) -> bool {
    params.get("as") == Some("user")
}

struct Unshare;

impl Way for Unshare {
    fn facts(&self) -> WayFacts {
        WayFacts { calls: &[libc::SYS_unshare as u32], in_children: true, ..WayFacts::new("unshare") }
    }

    fn prepare(&self, params: &Params, enforcement: Enforcement) -> io::Result<Box<dyn Operation>> {
        // SAFETY: zero is valid for atomics.
        let (slip, as_user) = (unsafe { Shared::map() }?, as_user(params));
        let doomed = UnshareBurst.denial(params, enforcement).is_some_and(Denial::kills);
        // SAFETY: asks for a number.
        let user = if as_user { USER } else { unsafe { libc::geteuid() } };
        Ok(Box::new(Unsharing { slip, as_user, doomed, user, moved: 0 }))
    }

    fn effect(&self, _: &Params, operations: Operations) -> Effect {
        Effect::Namespaces(operations.passed)
    }
}

/// What the child writes down for its parent, in memory that they share.
#[repr(C)]
struct Note {
    /// When the call began, if it may be the child's last; see [`Stopwatch::started_at`].
    started: AtomicU64,
    elapsed: AtomicU64,
    /// 0, the error number of the call, or −1 if it was never made.
    errno: AtomicI64,
    /// The child's user ID after the call.
    user: AtomicU64,
}

struct Unsharing {
    slip: Shared<Note>,
    as_user: bool,
    /// A monitor kills the child for its call.
    doomed: bool,
    /// The user that the child runs as.
    user: libc::uid_t,
    /// How many children were put into a new namespace. Nothing maps its users, so the kernel shows the child
    /// another user ID in it, the overflow ID.
    moved: u64,
}

impl Operation for Unsharing {
    fn run_once(&mut self) -> io::Result<Timed> {
        let note = &*self.slip;
        note.errno.store(-1, Ordering::SeqCst);
        // SAFETY: the child only makes system calls and leaves by _exit.
        let pid = match unsafe { libc::fork() } {
            -1 => return Err(io::Error::last_os_error()),
            0 => child(note, self.as_user, self.doomed),
            pid => pid,
        };
        let mut status = 0;
        // SAFETY: `status` is ours to write.
        if unsafe { libc::waitpid(pid, &mut status, 0) } < 0 {
            return Err(io::Error::last_os_error());
        }
        if self.doomed && libc::WIFSIGNALED(status) {
            let elapsed = Stopwatch::from_start(note.started.load(Ordering::SeqCst)).elapsed();
            return Ok(Timed { elapsed, refused: Some(Refusal::Signal(libc::WTERMSIG(status))) });
        }
        self.moved += u64::from(note.user.load(Ordering::SeqCst) != u64::from(self.user));
        let refused = match note.errno.load(Ordering::SeqCst) {
            0 => None,
            -1 => return Err(io::Error::other(format!("the child that unshares ended early: {status:#x}"))),
            errno => Some(Refusal::Errno(errno as i32)),
        };
        Ok(Timed { elapsed: note.elapsed.load(Ordering::SeqCst), refused })
    }

    fn effect(&mut self) -> io::Result<Effect> {
        Ok(Effect::Namespaces(self.moved))
    }
}

fn child(note: &Note, as_user: bool, doomed: bool) -> ! {
    // SAFETY: plain system calls of a process that has nothing to lose; none of the timed ones uses memory.
    unsafe {
        if as_user
            && (libc::setgroups(0, ptr::null()) != 0
                || libc::setresgid(USER, USER, USER) != 0
                || libc::setresuid(USER, USER, USER) != 0)
        {
            libc::_exit(1);
        }
        // A child of fork has no code mapped in. The first call brings in the pages that the second, the timed
        // one, runs on.
        timed_syscall(libc::SYS_getppid, 0);
        if doomed {
            note.started.store(Stopwatch::start().started_at(), Ordering::SeqCst);
        }
        let (elapsed, result) = timed_syscall(libc::SYS_unshare, libc::CLONE_NEWUSER.into());
        note.elapsed.store(elapsed, Ordering::SeqCst);
        note.errno.store(-result, Ordering::SeqCst);
        let (_, user) = timed_syscall(libc::SYS_geteuid, 0);
        note.user.store(user as u64, Ordering::SeqCst);
        libc::_exit(0)
    }
}
