//! The memory that the processes of a race share: the path, the instants, and what a supervisor recorded.

use std::io;
use std::ptr;
use std::sync::atomic::{AtomicI32, AtomicU8, AtomicU32, AtomicU64, Ordering};

use crate::race::{DIFFERENCE, EVIL};

/// Bytes of a record.
const RECORD: usize = 64;

/// Shared by the victim, the attacker, a supervisor and the runner. The kernel makes its bytes zero.
#[repr(C, align(4096))]
pub(super) struct Board {
    /// The number of the try, a futex for which the attacker waits.
    pub(super) go: AtomicU32,
    /// When the attacker writes: nanoseconds of CLOCK_MONOTONIC.
    pub(super) at: AtomicU64,
    /// When the victim called and when the attacker wrote, in ticks of the CPU's time stamp counter, which are
    /// instructions here; 0 before.
    pub(super) called: AtomicU64,
    pub(super) wrote: AtomicU64,
    /// The process that a supervisor watches, and its listener plus one; a futex, 0 before.
    pub(super) victim: AtomicI32,
    pub(super) listener: AtomicU32,
    /// How many paths the supervisor recorded, and the last of them.
    pub(super) records: AtomicU64,
    record: [AtomicU8; RECORD],
    /// On a page of its own.
    path: Path,
}

#[repr(C, align(4096))]
struct Path([AtomicU8; 4096]);

/// Maps a board.
///
/// # Errors
/// When the kernel refuses.
pub(super) fn make() -> io::Result<&'static Board> {
    let (protection, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED | libc::MAP_ANONYMOUS);
    // SAFETY: maps at an address that the kernel chooses; the mapping stays until the process ends. Zero bytes are
    // valid atomics.
    unsafe {
        let place = libc::mmap(ptr::null_mut(), size_of::<Board>(), protection, flags, -1, 0);
        if place == libc::MAP_FAILED { Err(io::Error::last_os_error()) } else { Ok(&*place.cast::<Board>()) }
    }
}

impl Board {
    /// The address of the path, which calls get.
    pub(super) fn path(&self) -> *const libc::c_char {
        self.path.0.as_ptr().cast()
    }

    /// Makes `path` the path.
    pub(super) fn set_path(&self, path: &str) {
        store(&self.path.0, path.as_bytes());
    }

    /// Makes it that of the evil file, as the attacker does: by the bytes that differ.
    pub(super) fn rewrite(&self) {
        let differing = DIFFERENCE..DIFFERENCE + 4;
        for (place, byte) in self.path.0[differing.clone()].iter().zip(&EVIL.as_bytes()[differing]) {
            place.store(*byte, Ordering::SeqCst);
        }
    }

    /// Keeps a supervisor's record.
    pub(super) fn set_record(&self, record: &[u8]) {
        store(&self.record, &record[..record.len().min(RECORD - 1)]);
        self.records.fetch_add(1, Ordering::SeqCst);
    }

    /// The supervisor's last record.
    pub(super) fn record(&self) -> String {
        let bytes: Vec<u8> = self.record.iter().map(|byte| byte.load(Ordering::SeqCst)).collect();
        String::from_utf8_lossy(bytes.split(|&byte| byte == 0).next().unwrap_or_default()).into_owned()
    }

    /// Has the pages of the board in the memory of the calling process.
    pub(super) fn touch(&self) {
        self.called.store(0, Ordering::SeqCst);
        self.path.0[0].load(Ordering::SeqCst);
    }
}

fn store(places: &[AtomicU8], bytes: &[u8]) {
    for (place, byte) in places.iter().zip(bytes.iter().chain(&[0])) {
        place.store(*byte, Ordering::SeqCst);
    }
}

/// Wakes who waits for `futex`.
pub(super) fn wake(futex: &AtomicU32) {
    // SAFETY: wakes the sleepers on a futex in a mapping that stays.
    unsafe { libc::syscall(libc::SYS_futex, futex.as_ptr(), libc::FUTEX_WAKE, i32::MAX) };
}

/// Sleeps while `futex` has this value.
pub(super) fn wait_while(futex: &AtomicU32, value: u32) {
    while futex.load(Ordering::SeqCst) == value {
        let forever = ptr::null::<libc::timespec>();
        // SAFETY: the futex is in a mapping that stays.
        unsafe { libc::syscall(libc::SYS_futex, futex.as_ptr(), libc::FUTEX_WAIT, value, forever) };
    }
}
