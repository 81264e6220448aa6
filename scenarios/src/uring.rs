//! A small io_uring for ways: one request at a time, by the caller's system call or by the kernel's polling thread.
//! Opcodes and layouts are those of the kernel's `io_uring.h`.

use std::io;
use std::os::fd::RawFd;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::sys::{check_long, error_of};

/// `IORING_OP_OPENAT`: `fd` is a folder, `address` a path, `flags` those of `open`, `length` the mode.
pub(crate) const OPENAT: u8 = 18;
/// `IORING_OP_OPENAT2`: likewise; `offset` is the address of an `open_how`, `length` its size.
pub(crate) const OPENAT2: u8 = 28;
/// `IORING_OP_READ`.
pub(crate) const READ: u8 = 22;
/// `IORING_OP_WRITE`.
pub(crate) const WRITE: u8 = 23;
/// `IORING_OP_SENDMSG`: `address` is a `msghdr`, `length` 1, `flags` those of `sendmsg`.
pub(crate) const SENDMSG: u8 = 9;
/// `IORING_OP_CONNECT`: `address` is a socket address, `offset` its size.
pub(crate) const CONNECT: u8 = 16;
/// `IORING_OP_FALLOCATE`: `address` is the number of bytes, `length` the mode.
pub(crate) const FALLOCATE: u8 = 17;
/// `IORING_OP_SEND`.
pub(crate) const SEND: u8 = 26;
/// `IORING_OP_RENAMEAT`: `fd` and `address` are the old folder and path, `length` and `offset` the new ones.
pub(crate) const RENAMEAT: u8 = 35;
/// `IORING_OP_UNLINKAT`: `fd` is a folder, `address` a path.
pub(crate) const UNLINKAT: u8 = 36;

const SETUP_SQPOLL: u32 = 1 << 1;
const ENTER_GETEVENTS: u32 = 1 << 0;
const ENTER_SQ_WAKEUP: u32 = 1 << 1;
const SQ_NEED_WAKEUP: u32 = 1 << 0;
const OFFSET_OF_SQES: i64 = 0x1000_0000;
/// How long the polling thread stays awake, in milliseconds.
const IDLE: u32 = 1_000;

/// Who takes requests from the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Poller {
    /// The caller, by `io_uring_enter`.
    Caller,
    /// A thread of the kernel (`IORING_SETUP_SQPOLL`), which needs no system call while it is awake.
    Thread,
}

/// A request, as `struct io_uring_sqe`. What a field means depends on `opcode`.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Request {
    pub(crate) opcode: u8,
    pub(crate) options: u8,
    pub(crate) priority: u16,
    pub(crate) fd: RawFd,
    /// `off`, or a second address.
    pub(crate) offset: u64,
    pub(crate) address: u64,
    pub(crate) length: u32,
    /// `open_flags`, `msg_flags`, `rename_flags`, `unlink_flags`…
    pub(crate) flags: u32,
    pub(crate) data: u64,
    pub(crate) rest: [u64; 3],
}

#[repr(C)]
#[derive(Default)]
struct Offsets {
    head: u32,
    tail: u32,
    mask: u32,
    entries: u32,
    /// `flags` of the submission queue, `overflow` of the completion queue.
    flags: u32,
    /// `dropped` of the submission queue, `cqes` of the completion queue.
    fifth: u32,
    /// `array` of the submission queue.
    sixth: u32,
    reserved: u32,
    user: u64,
}

#[repr(C)]
#[derive(Default)]
struct Params {
    sq_entries: u32,
    cq_entries: u32,
    flags: u32,
    sq_thread_cpu: u32,
    sq_thread_idle: u32,
    features: u32,
    wq_fd: u32,
    reserved: [u32; 3],
    sq: Offsets,
    cq: Offsets,
}

#[repr(C)]
#[derive(Clone, Copy)]
struct Completion {
    data: u64,
    result: i32,
    flags: u32,
}

/// A ring. It stays until the process ends.
pub(crate) struct Ring {
    fd: i64,
    poller: Poller,
    sq: Offsets,
    cq: Offsets,
    queues: *mut u8,
    requests: *mut Request,
}

impl Ring {
    /// A new ring.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub(crate) fn new(poller: Poller) -> io::Result<Ring> {
        let mut params = Params { sq_thread_idle: IDLE, ..Params::default() };
        if poller == Poller::Thread {
            params.flags = SETUP_SQPOLL;
        }
        // SAFETY: the kernel fills `params` in.
        let fd = check_long(unsafe { libc::syscall(libc::SYS_io_uring_setup, 1, &raw mut params) })?;
        let Params { sq_entries, cq_entries, sq, cq, .. } = params;
        // Both queues are in one mapping since 5.4.
        let submissions = sq.sixth as usize + sq_entries as usize * size_of::<u32>();
        let completions = cq.fifth as usize + cq_entries as usize * size_of::<Completion>();
        let queues = map(fd, submissions.max(completions), 0)?;
        let requests = map(fd, sq_entries as usize * size_of::<Request>(), OFFSET_OF_SQES)?.cast();
        Ok(Ring { fd, poller, sq, cq, queues, requests })
    }

    /// Makes one request and waits until it is done. Returns its result.
    ///
    /// # Safety
    /// What the addresses of `request` point at must be what its opcode needs.
    ///
    /// # Errors
    /// When the kernel refuses it: errno.
    pub(crate) unsafe fn run(&self, request: Request) -> io::Result<i32> {
        let tail = self.at(self.sq.tail);
        let done = self.at(self.cq.head);
        // SAFETY: the ring has one entry, number 0, which is free as each request is waited for.
        unsafe { self.requests.write(request) };
        self.at(self.sq.sixth).store(0, Ordering::Relaxed);
        tail.store(tail.load(Ordering::Relaxed).wrapping_add(1), Ordering::SeqCst);
        if self.poller == Poller::Caller {
            self.enter(1, 1, ENTER_GETEVENTS)?;
        }
        let head = done.load(Ordering::Relaxed);
        while self.at(self.cq.tail).load(Ordering::Acquire) == head {
            if self.at(self.sq.flags).load(Ordering::SeqCst) & SQ_NEED_WAKEUP != 0 {
                self.enter(0, 0, ENTER_SQ_WAKEUP)?;
            }
            // SAFETY: no memory is involved.
            unsafe { libc::sched_yield() };
        }
        let index = head & self.at(self.cq.mask).load(Ordering::Relaxed);
        // SAFETY: the kernel has written this completion, and the index is within the queue.
        let completion = unsafe {
            self.queues.add(self.cq.fifth as usize).cast::<Completion>().add(index as usize).read_volatile()
        };
        done.store(head.wrapping_add(1), Ordering::Release);
        error_of(completion.result)
    }

    fn enter(&self, submit: u32, wait: u32, flags: u32) -> io::Result<()> {
        // SAFETY: no signal mask is given.
        let result = unsafe {
            libc::syscall(libc::SYS_io_uring_enter, self.fd, submit, wait, flags, null_mut::<u8>(), 0)
        };
        check_long(result).map(drop)
    }

    /// A word that is shared with the kernel.
    fn at(&self, offset: u32) -> &AtomicU32 {
        // SAFETY: the kernel named the offset, within the mapping and aligned; the mapping stays.
        unsafe { &*self.queues.add(offset as usize).cast::<AtomicU32>() }
    }
}

fn map(fd: i64, size: usize, offset: i64) -> io::Result<*mut u8> {
    // SAFETY: a new mapping at an address that the kernel chooses.
    let place = unsafe {
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        libc::mmap(null_mut(), size, protection, libc::MAP_SHARED | libc::MAP_POPULATE, fd as RawFd, offset)
    };
    if place == libc::MAP_FAILED { Err(io::Error::last_os_error()) } else { Ok(place.cast()) }
}
