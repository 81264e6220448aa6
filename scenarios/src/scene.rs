//! The scene of a way: where its files are, and the memory that its processes share with the runner.

use std::fs;
use std::io;
use std::os::fd::RawFd;
use std::path::PathBuf;
use std::sync::atomic::{AtomicI32, AtomicU64, Ordering};

use crate::confine::Confine;
use crate::section::{self, Section};
use crate::sys::errno_of;

/// The descriptor of the shared memory, which programs that a way executes inherit.
pub(crate) const SHARED_FD: RawFd = 200;

/// An ordinary user.
pub(crate) const USER: u32 = 1000;

/// The marker: a harmless system call with an argument that nobody else uses, by which records are cut to the window.
pub(crate) const MARKER: u64 = 77;
/// The same at the end of the window.
pub(crate) const END_MARKER: u64 = 78;
/// The same before the window, from which on policies act that otherwise only act in the window.
pub(crate) const EARLY_MARKER: u64 = 79;

/// Memory that the runner, a way and the programs that it executes share.
#[repr(C)]
#[derive(Debug, Default)]
pub struct Shared {
    /// When the window opened: nanoseconds of CLOCK_MONOTONIC; 0 before.
    pub begin: AtomicU64,
    /// When it closed; 0 before.
    pub end: AtomicU64,
    /// The error number of the decisive call.
    pub errno: AtomicI32,
    /// The error number of what a way tried before its decisive call, if it made that call all the same.
    pub hindered: AtomicI32,
    /// The process that holds the policy, and leads the group of the agent's processes; 0 if the runner holds it, or the
    /// kernel alone.
    pub agent: AtomicI32,
    /// What the way left for the check of its effect.
    pub values: [AtomicU64; 8],
    /// The section that is timed, if the way is an allowed neighbour whose price is wanted.
    pub section: Section,
}

/// Where a program that a way executed writes the clock when it begins, in the shared memory.
pub(crate) const STOPPED: usize = std::mem::offset_of!(Shared, section) + section::STOPPED;

/// What a way and the checks get.
#[derive(Debug)]
pub struct Scene {
    /// The folder of the files of this scenario, on a tmpfs. Everyone may enter it.
    pub folder: PathBuf,
    /// The shared memory.
    pub shared: &'static Shared,
    /// Called in the way's process just before the window opens: filters that confine their caller.
    pub confine: Option<Confine>,
}

impl Scene {
    /// Opens the window: what the policy sees from here on counts. Confines the calling process, if the policy does
    /// that.
    ///
    /// # Errors
    /// When it cannot be confined.
    pub fn begin(&self) -> io::Result<()> {
        if let Some(confine) = &self.confine {
            confine.enter()?;
        }
        self.open();
        Ok(())
    }

    /// Opens the window for a process that is confined already.
    pub(crate) fn open(&self) {
        mark(MARKER);
        self.shared.begin.store(now(), Ordering::SeqCst);
        self.shared.section.begin();
    }

    /// Closes the window.
    pub fn end(&self) {
        self.shared.section.end();
        self.shared.end.store(now(), Ordering::SeqCst);
        mark(END_MARKER);
    }

    /// Opens the window, makes `call`, and closes the window.
    ///
    /// # Errors
    /// Those of `call`.
    pub fn window<T>(&self, call: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        self.begin()?;
        let result = call();
        self.end();
        result
    }

    /// Leaves the error number of a way's decisive call for the runner, if it failed.
    pub(crate) fn leave(&self, result: io::Result<()>) {
        if let Err(error) = result {
            self.shared.errno.store(errno_of(&error), Ordering::SeqCst);
        }
    }

    /// Removes a file of the scene that a way may have left.
    ///
    /// # Errors
    /// When it is there and cannot be removed.
    pub(crate) fn remove(&self, name: &str) -> io::Result<()> {
        match fs::remove_file(self.path(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// The path of a file of the scene.
    pub fn path(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }
}

/// The shared memory, for an image that a way executed. A section that is timed ends here: the image runs.
///
/// # Errors
/// When the program was not executed by a way.
pub fn shared() -> io::Result<&'static Shared> {
    // SAFETY: maps at an address that the kernel chooses; the mapping stays until the process ends. The kernel made
    // its bytes zero, which are valid atomics.
    unsafe {
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        let place =
            libc::mmap(std::ptr::null_mut(), size_of::<Shared>(), protection, libc::MAP_SHARED, SHARED_FD, 0);
        if place == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let shared = &*place.cast::<Shared>();
        shared.section.end();
        Ok(shared)
    }
}

/// Makes the marker call.
pub(crate) fn mark(marker: u64) {
    // SAFETY: the kernel refuses the argument; nothing else happens.
    unsafe { libc::syscall(libc::SYS_sched_get_priority_min, marker) };
}

/// Nanoseconds of CLOCK_MONOTONIC, which is the clock of BPF programs too.
pub(crate) fn now() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is ours to write.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}
