//! `mount-umount`: one operation mounts a tmpfs on an empty folder and unmounts it again, both in one timed section:
//! mount and umount2.
//!
//! Where mounts are shared with other mount namespaces, as under systemd, the worker moves to one of its own first, so
//! that nobody else sees the mounts. In a guest they are not shared.

use std::ffi::CString;
use std::fs;
use std::io;
use std::ptr;

use hookbench_model::policy::Policy;
use hookbench_model::{Enforcement, Params};

use crate::arch::syscall_6;
use crate::folder::{Folder, c_path};
use crate::{Denial, Effect, Info, Operation, Operations, Stopwatch, Timed, Way, WayFacts, Workload};

/// See the module.
pub(crate) struct MountUmount;

static INFO: Info = Info {
    name: "mount-umount",
    behaviour: "mount",
    params: &[],
    samples: 50,
    warmup: 10,
    about: "mount a tmpfs and unmount it",
};

/// The system calls of one operation.
const CALLS: u64 = 2;

impl Workload for MountUmount {
    fn info(&self) -> &Info {
        &INFO
    }

    fn ways(&self) -> &[&dyn Way] {
        &[&Tmpfs]
    }

    fn denial(&self, _: &Params, enforcement: Enforcement) -> Option<Denial> {
        Denial::by(Policy::AfterCalls, 1, enforcement)
    }

    fn unable(&self, params: &Params, enforcement: Enforcement) -> Option<&'static str> {
        Denial::ends_worker(self.denial(params, enforcement))
    }
}

struct Tmpfs;

impl Way for Tmpfs {
    fn facts(&self) -> WayFacts {
        let calls = &[libc::SYS_mount as u32, libc::SYS_umount2 as u32];
        WayFacts { calls, ..WayFacts::new("tmpfs") }
    }

    fn prepare(&self, _: &Params, _: Enforcement) -> io::Result<Box<dyn Operation>> {
        keep_mounts_private()?;
        let mut folder = Folder::make()?;
        let place = c_path(&folder.folder("m")?)?;
        Ok(Box::new(Mounting { place, right: 0, _folder: folder }))
    }

    fn effect(&self, _: &Params, operations: Operations) -> Effect {
        Effect::Returned(CALLS * operations.passed)
    }
}

/// Moves this process to a mount namespace of its own, if others share the mounts of this one.
fn keep_mounts_private() -> io::Result<()> {
    // `ID PARENT DEVICE ROOT PLACE OPTIONS FIELDS… - …`, and one of the fields is `shared:GROUP`.
    let mounts = fs::read_to_string("/proc/self/mountinfo")?;
    if !mounts.lines().any(|line| line.split(' ').any(|field| field.starts_with("shared:"))) {
        return Ok(());
    }
    let flags = libc::MS_REC | libc::MS_PRIVATE;
    // SAFETY: all strings end in NUL and outlive the calls.
    let moved = unsafe {
        libc::unshare(libc::CLONE_NEWNS) == 0
            && libc::mount(ptr::null(), c"/".as_ptr(), ptr::null(), flags, ptr::null()) == 0
    };
    if moved { Ok(()) } else { Err(io::Error::last_os_error()) }
}

struct Mounting {
    place: CString,
    /// How many system calls returned what they have to. umount2 fails where nothing is mounted.
    right: u64,
    _folder: Folder,
}

impl Operation for Mounting {
    fn run_once(&mut self) -> io::Result<Timed> {
        let (kind, place) = (c"tmpfs".as_ptr() as i64, self.place.as_ptr() as i64);
        let stopwatch = Stopwatch::start();
        // SAFETY: all strings end in NUL and outlive the calls.
        let (mounted, unmounted) = unsafe {
            match syscall_6(libc::SYS_mount, [kind, place, kind, 0, 0, 0]) {
                0 => (0, syscall_6(libc::SYS_umount2, [place, 0, 0, 0, 0, 0])),
                error => (error, error),
            }
        };
        let elapsed = stopwatch.elapsed();
        if mounted == 0 && unmounted == 0 {
            self.right += CALLS;
        }
        Ok(Timed::of(elapsed, unmounted))
    }

    fn effect(&mut self) -> io::Result<Effect> {
        Ok(Effect::Returned(self.right))
    }
}
