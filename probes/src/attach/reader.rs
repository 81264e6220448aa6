//! A reader: a separate process that takes events out of a buffer and counts them in
//! memory it shares with the agent. It is a process and not a thread because it has
//! its own priority, and so that its memory does not become the worker's.

use std::ffi::c_int;
use std::io;
use std::ptr;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::attached::EventCounts;
use super::scheduling::ReaderPriority;

/// How long a reader may take until it is ready.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a reader has counted, in memory shared with the agent.
#[repr(C)]
pub struct SharedCounts {
    ready: AtomicU32,
    seen: AtomicU64,
    lost: AtomicU64,
    wrong: AtomicU64,
}

/// Maps a `T` of zeroes in memory that this process shares with those it starts.
///
/// # Safety
/// All zeroes must be a valid `T`, and all its fields must be atomics.
///
/// # Errors
/// When there is no memory.
pub(super) unsafe fn map_shared<T>() -> io::Result<&'static T> {
    // SAFETY: an anonymous shared mapping, zeroed, aligned to a page and as long as
    // a `T`. It is never unmapped: a guest ends with its cell.
    unsafe {
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        let flags = libc::MAP_SHARED | libc::MAP_ANONYMOUS;
        let page = libc::mmap(ptr::null_mut(), size_of::<T>(), protection, flags, -1, 0);
        if page == libc::MAP_FAILED { Err(io::Error::last_os_error()) } else { Ok(&*page.cast()) }
    }
}

impl SharedCounts {
    /// Says that from now on the reader misses nothing.
    pub fn ready(&self) {
        self.ready.store(1, Ordering::SeqCst);
    }

    /// Counts an event.
    pub fn event(&self) {
        self.seen.fetch_add(1, Ordering::SeqCst);
    }

    /// Counts events that the buffer reports as lost.
    pub fn add_lost(&self, events: u64) {
        self.lost.fetch_add(events, Ordering::SeqCst);
    }

    /// Counts an event that is not what it should be.
    pub fn wrong(&self) {
        self.wrong.fetch_add(1, Ordering::SeqCst);
    }
}

/// What a reader has counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReaderCount {
    /// Events that it has read.
    pub read: u64,
    /// Events that its buffer reported as lost.
    pub lost: u64,
}

impl From<ReaderCount> for EventCounts {
    fn from(ReaderCount { read, lost }: ReaderCount) -> Self {
        EventCounts { seen: read, lost }
    }
}

/// A running reader; dropping it ends the process.
pub struct Reader {
    pid: libc::pid_t,
    counts: &'static SharedCounts,
}

impl Reader {
    /// Starts a process that runs `read`, which must call [`SharedCounts::ready`] and then
    /// read for ever.
    ///
    /// # Errors
    /// When it does not start, ends, or does not become ready.
    pub fn start(priority: ReaderPriority, read: impl FnOnce(&SharedCounts) -> Result<()>) -> Result<Reader> {
        // SAFETY: its fields are all atomics for which zero is valid.
        let counts: &SharedCounts = unsafe { map_shared() }.context("failed to map a reader's counters")?;
        // SAFETY: the agent has one thread; the child runs `read` and leaves by _exit.
        let pid = match unsafe { libc::fork() } {
            -1 => return Err(io::Error::last_os_error()).context("failed to start a reader"),
            0 => run_child(priority, counts, read),
            pid => pid,
        };
        let reader = Reader { pid, counts };
        reader.wait_until_ready()?;
        Ok(reader)
    }

    /// Ends a wait of a reader that handles SIGUSR1, so that it looks into its buffer.
    pub(in crate::attach) fn nudge(&self) {
        // SAFETY: sends a signal to a child that has not been waited for.
        unsafe { libc::kill(self.pid, libc::SIGUSR1) };
    }

    fn wait_until_ready(&self) -> Result<()> {
        let begin = Instant::now();
        while self.counts.ready.load(Ordering::SeqCst) == 0 {
            self.check_alive()?;
            if begin.elapsed() > PATIENCE {
                bail!("a reader was not ready within {PATIENCE:?}");
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }

    /// Fails when the process has ended.
    fn check_alive(&self) -> Result<()> {
        let mut status: c_int = 0;
        // SAFETY: `status` is valid to write to.
        match unsafe { libc::waitpid(self.pid, &mut status, libc::WNOHANG) } {
            0 => Ok(()),
            _ => bail!("the reader ended by itself (wait status {status:#x}); its error is on the console"),
        }
    }

    /// How many events it has read, and how many its buffer lost.
    ///
    /// # Errors
    /// When it has ended, or read an event that is not what it should be.
    pub fn counted(&self) -> Result<ReaderCount> {
        self.check_alive()?;
        match self.counts.wrong.load(Ordering::SeqCst) {
            0 => {}
            wrong => bail!("{wrong} records did not carry what they should"),
        }
        let (seen, lost) = (&self.counts.seen, &self.counts.lost);
        Ok(ReaderCount { read: seen.load(Ordering::SeqCst), lost: lost.load(Ordering::SeqCst) })
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        // SAFETY: `pid` is a child that has not been waited for, or is gone.
        unsafe {
            libc::kill(self.pid, libc::SIGKILL);
            libc::waitpid(self.pid, ptr::null_mut(), 0);
        }
    }
}

fn run_child(
    priority: ReaderPriority,
    counts: &SharedCounts,
    read: impl FnOnce(&SharedCounts) -> Result<()>,
) -> ! {
    // SAFETY: asks the kernel to end this process with its parent.
    unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
    let result =
        priority.apply_to(0).context("failed to set the reader's priority").and_then(|()| read(counts));
    if let Err(error) = result {
        eprintln!("hookbench: reader: {error:#}");
    }
    // SAFETY: leaves without running the agent's destructors.
    unsafe { libc::_exit(1) }
}
