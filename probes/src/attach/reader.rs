//! A reader: a process of its own that takes events out of a buffer and counts
//! them in memory it shares with the agent. A process, not a thread: it has its
//! own priority, and its memory does not become the worker's.

use std::ffi::c_int;
use std::io;
use std::ptr;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::Readers;

/// Counters by behaviour; more than there are behaviours.
const SLOTS: usize = 8;

/// How long a reader may take to get ready.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a reader has counted, in memory shared with the agent.
#[repr(C)]
pub struct Counts {
    ready: AtomicU32,
    seen: [AtomicU64; SLOTS],
    lost: AtomicU64,
    wrong: AtomicU64,
}

/// A `T` of zeroes in memory that this process shares with those it starts.
///
/// # Safety
/// All zeroes have to be a `T`, whose fields can only be used as atomics.
///
/// # Errors
/// When there is no memory.
pub(super) unsafe fn shared<T>() -> io::Result<&'static T> {
    // SAFETY: an anonymous shared mapping, zeroed, aligned to a page and as long as
    // a `T`. It is never unmapped: a guest ends with its cell.
    unsafe {
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        let flags = libc::MAP_SHARED | libc::MAP_ANONYMOUS;
        let page = libc::mmap(ptr::null_mut(), size_of::<T>(), protection, flags, -1, 0);
        if page == libc::MAP_FAILED { Err(io::Error::last_os_error()) } else { Ok(&*page.cast()) }
    }
}

impl Counts {
    /// Says that from now on nothing is missed.
    pub fn ready(&self) {
        self.ready.store(1, Ordering::SeqCst);
    }

    /// Counts an event of the behaviour at `index`.
    pub fn event(&self, index: usize) {
        match self.seen.get(index) {
            Some(counter) => counter.fetch_add(1, Ordering::SeqCst),
            None => self.wrong.fetch_add(1, Ordering::SeqCst),
        };
    }

    /// Counts events that the buffer says are lost.
    pub fn lose(&self, events: u64) {
        self.lost.fetch_add(events, Ordering::SeqCst);
    }

    /// Counts an event that is not what it has to be.
    pub fn wrong(&self) {
        self.wrong.fetch_add(1, Ordering::SeqCst);
    }
}

/// A running reader; dropping it ends the process.
pub struct Reader {
    pid: libc::pid_t,
    counts: &'static Counts,
}

impl Reader {
    /// Starts a process that runs `read`, which has to call [`Counts::ready`]
    /// and then to read for ever.
    ///
    /// # Errors
    /// When it cannot be started, ends, or does not get ready.
    pub fn start(readers: Readers, read: impl FnOnce(&Counts) -> Result<()>) -> Result<Reader> {
        // SAFETY: its fields are all atomics for which zero is valid.
        let counts: &Counts = unsafe { shared() }.context("failed to map a reader's counters")?;
        // SAFETY: the agent has one thread; the child runs `read` and leaves by _exit.
        let pid = match unsafe { libc::fork() } {
            -1 => return Err(io::Error::last_os_error()).context("failed to start a reader"),
            0 => child(readers, counts, read),
            pid => pid,
        };
        let reader = Reader { pid, counts };
        reader.wait_until_ready()?;
        Ok(reader)
    }

    fn wait_until_ready(&self) -> Result<()> {
        let begin = Instant::now();
        while self.counts.ready.load(Ordering::SeqCst) == 0 {
            self.check()?;
            if begin.elapsed() > PATIENCE {
                bail!("a reader was not ready within {PATIENCE:?}");
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }

    /// Fails when the process has ended.
    fn check(&self) -> Result<()> {
        let mut status: c_int = 0;
        // SAFETY: `status` is ours to write.
        match unsafe { libc::waitpid(self.pid, &mut status, libc::WNOHANG) } {
            0 => Ok(()),
            _ => bail!("the reader ended by itself (wait status {status:#x}); its error is on the console"),
        }
    }

    /// How many events of the behaviour at `index` it has read, and how many
    /// its buffer lost.
    ///
    /// # Errors
    /// When it has ended, or read something that is not what it has to be.
    pub fn counted(&self, index: usize) -> Result<(u64, u64)> {
        self.check()?;
        match self.counts.wrong.load(Ordering::SeqCst) {
            0 => {}
            wrong => bail!("{wrong} records did not carry what they had to"),
        }
        let seen = self.counts.seen.get(index).map_or(0, |counter| counter.load(Ordering::SeqCst));
        Ok((seen, self.counts.lost.load(Ordering::SeqCst)))
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        // SAFETY: `pid` is our child and has not been waited for, or is gone.
        unsafe {
            libc::kill(self.pid, libc::SIGKILL);
            libc::waitpid(self.pid, ptr::null_mut(), 0);
        }
    }
}

fn child(readers: Readers, counts: &Counts, read: impl FnOnce(&Counts) -> Result<()>) -> ! {
    // SAFETY: asks the kernel to end this process with its parent.
    unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
    let result = readers.place(0).context("failed to set the reader's priority").and_then(|()| read(counts));
    if let Err(error) = result {
        eprintln!("hookbench: reader: {error:#}");
    }
    // SAFETY: leaves without running the agent's destructors.
    unsafe { libc::_exit(1) }
}
