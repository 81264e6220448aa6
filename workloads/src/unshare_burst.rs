//! `unshare-burst`: a fresh child creates a user namespace; only its one
//! system call is timed, as Cloudflare timed sys_unshare.

use std::io;
use std::ptr;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use hookbench_model::{DenyScope, Enforcement, Params, Refusal};

use crate::doomed::TIMED_OTHERWISE;
use crate::stopwatch::timed_syscall;
use crate::{Denial, Info, Operation, ParamInfo, Stopwatch, Timed, Values, Workload};

/// See the module.
pub(crate) struct UnshareBurst;

static INFO: Info = Info {
    name: "unshare-burst",
    behaviour: "userns",
    others: false,
    calls: &[272],
    in_children: true,
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

/// Whom `as=user` runs as: anybody without capabilities.
const USER: libc::uid_t = 1000;

impl Workload for UnshareBurst {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn prepare(&self, params: &Params, enforcement: Enforcement) -> io::Result<Box<dyn Operation>> {
        let doomed = self.denial(params, enforcement).is_some_and(Denial::kills);
        Ok(Box::new(Unshare { slip: Slip::map()?, as_user: params.get("as") == Some("user"), doomed }))
    }

    fn events(&self, operations: u64) -> u64 {
        operations
    }

    fn denial(&self, params: &Params, enforcement: Enforcement) -> Option<Denial> {
        let passes =
            params.get("as") != Some("user") && enforcement != Enforcement::Denies(DenyScope::Everyone);
        if passes { None } else { Denial::of_each(enforcement) }
    }

    fn timed_otherwise(&self, denial: Denial) -> Option<&'static str> {
        denial.kills().then_some(TIMED_OTHERWISE)
    }
}

/// What the child writes down for its parent, in memory they share.
#[repr(C)]
struct Note {
    /// When the call began, where it may be the child's last; see [`Stopwatch::begun`].
    begun: AtomicU64,
    elapsed: AtomicU64,
    /// 0, the error number of the call, or −1 when it was never made.
    errno: AtomicI64,
}

struct Slip(*mut Note);

impl Slip {
    fn map() -> io::Result<Self> {
        // SAFETY: an anonymous shared mapping where the kernel likes.
        let page = unsafe {
            let protection = libc::PROT_READ | libc::PROT_WRITE;
            let flags = libc::MAP_SHARED | libc::MAP_ANONYMOUS | libc::MAP_POPULATE;
            libc::mmap(ptr::null_mut(), size_of::<Note>(), protection, flags, -1, 0)
        };
        if page == libc::MAP_FAILED { Err(io::Error::last_os_error()) } else { Ok(Self(page.cast())) }
    }

    fn note(&self) -> &Note {
        // SAFETY: mapped, zeroed, aligned to a page, and only used as atomics.
        unsafe { &*self.0 }
    }
}

impl Drop for Slip {
    fn drop(&mut self) {
        // SAFETY: unmaps what `map` mapped.
        unsafe { libc::munmap(self.0.cast(), size_of::<Note>()) };
    }
}

struct Unshare {
    slip: Slip,
    as_user: bool,
    /// A monitor kills the child for its call.
    doomed: bool,
}

impl Operation for Unshare {
    fn run_once(&mut self) -> io::Result<Timed> {
        let note = self.slip.note();
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
            let elapsed = Stopwatch::of_begun(note.begun.load(Ordering::SeqCst)).elapsed();
            return Ok(Timed { elapsed, refused: Some(Refusal::Signal(libc::WTERMSIG(status))) });
        }
        let refused = match note.errno.load(Ordering::SeqCst) {
            0 => None,
            -1 => return Err(io::Error::other(format!("the child that unshares ended early: {status:#x}"))),
            errno => Some(Refusal::Errno(errno as i32)),
        };
        Ok(Timed { elapsed: note.elapsed.load(Ordering::SeqCst), refused })
    }
}

fn child(note: &Note, as_user: bool, doomed: bool) -> ! {
    // SAFETY: plain system calls of a process that has nothing to lose.
    unsafe {
        if as_user
            && (libc::setgroups(0, ptr::null()) != 0
                || libc::setresgid(USER, USER, USER) != 0
                || libc::setresuid(USER, USER, USER) != 0)
        {
            libc::_exit(1);
        }
        // A child of fork finds no code mapped in: the first call brings in the
        // pages that the second, the timed one, runs on.
        timed_syscall(libc::SYS_getppid, 0);
        if doomed {
            note.begun.store(Stopwatch::start().begun(), Ordering::SeqCst);
        }
        let (elapsed, result) = timed_syscall(libc::SYS_unshare, libc::CLONE_NEWUSER.into());
        note.elapsed.store(elapsed, Ordering::SeqCst);
        note.errno.store(-result, Ordering::SeqCst);
        libc::_exit(0)
    }
}
