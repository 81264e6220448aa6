// SPDX-License-Identifier: GPL-2.0-or-later
//! Processes and descriptors of a QEMU that copies itself.

use std::ffi::c_int;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::path::Path;
use std::thread;
use std::time::Duration;

/// A copy that runs.
#[derive(Debug)]
pub(crate) struct Copy {
    pub(crate) pid: libc::pid_t,
    /// Readable when it has ended.
    pub(crate) end: OwnedFd,
}

/// Which side of a fork this is.
#[derive(Debug)]
pub(crate) enum Side {
    Parent(Copy),
    Child,
}

/// Forks this process, with all of its memory. The child ends with its parent.
///
/// # Errors
/// When the kernel refuses.
pub(crate) fn fork() -> io::Result<Side> {
    // SAFETY: takes no pointers.
    let parent = unsafe { libc::getpid() };
    // SAFETY: the child continues on this thread alone; the caller holds QEMU's lock, and glibc's own locks survive.
    match check(unsafe { libc::fork() })? {
        0 => {
            // SAFETY: takes no pointers.
            unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
            // SAFETY: as above. The parent may have ended before.
            if unsafe { libc::getppid() } != parent {
                leave(1);
            }
            Ok(Side::Child)
        }
        pid => {
            // SAFETY: takes no pointers; the descriptor is new.
            let end = unsafe {
                let descriptor = check(libc::syscall(libc::SYS_pidfd_open, pid, 0) as c_int);
                OwnedFd::from_raw_fd(descriptor?)
            };
            Ok(Side::Parent(Copy { pid, end }))
        }
    }
}

/// Ends this process at once.
pub(crate) fn leave(code: c_int) -> ! {
    // SAFETY: does not return.
    unsafe { libc::_exit(code) }
}

/// Starts a thread that ends this process as a reset ends QEMU, when `is_over` says so. It looks once an `interval`.
///
/// # Errors
/// When the kernel gives no thread.
pub(crate) fn end_when(interval: Duration, is_over: impl Fn() -> bool + Send + 'static) -> io::Result<()> {
    let look = move || {
        while !is_over() {
            thread::sleep(interval);
        }
        leave(0)
    };
    thread::Builder::new().name("hookbench".into()).spawn(look).map(drop)
}

/// The wait status of a copy that has ended.
///
/// # Errors
/// When it has not.
pub(crate) fn status(copy: &Copy) -> io::Result<c_int> {
    let mut status = 0;
    // SAFETY: `status` is ours to write.
    check(unsafe { libc::waitpid(copy.pid, &mut status, 0) })?;
    Ok(status)
}

/// Waits until the socket or a copy's end is readable. Returns whether the socket is, and the indexes of the copies.
///
/// # Errors
/// When the kernel refuses.
pub(crate) fn wait(socket: &OwnedFd, copies: &[Copy]) -> io::Result<(bool, Vec<usize>)> {
    let entry = |fd| libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
    let mut all: Vec<_> = std::iter::once(socket.as_raw_fd())
        .chain(copies.iter().map(|copy| copy.end.as_raw_fd()))
        .map(entry)
        .collect();
    // SAFETY: the entries are ours to write.
    while unsafe { libc::poll(all.as_mut_ptr(), all.len() as libc::nfds_t, -1) } < 0 {
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
    let ready: Vec<bool> = all.iter().map(|entry| entry.revents != 0).collect();
    Ok((ready[0], (0..copies.len()).filter(|index| ready[index + 1]).collect()))
}

/// Room for one descriptor that goes with a message, aligned as the kernel reads and writes it.
#[repr(C, align(8))]
struct Room([u8; 64]);

/// Calls `with` with a message of this part, with room for a descriptor.
fn with_message<T>(part: &mut libc::iovec, with: impl FnOnce(&mut libc::msghdr) -> T) -> T {
    let mut room = Room([0; 64]);
    // SAFETY: plain data, for which zero is valid.
    let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
    message.msg_iov = part;
    message.msg_iovlen = 1;
    message.msg_control = room.0.as_mut_ptr().cast();
    message.msg_controllen = room.0.len();
    with(&mut message)
}

/// The length of the next packet of the socket, and the descriptor that came with it; `None` if nobody holds the other
/// end.
///
/// # Errors
/// When the kernel refuses.
pub(crate) fn receive(socket: &OwnedFd, buffer: &mut [u8]) -> io::Result<Option<(usize, Option<OwnedFd>)>> {
    let mut part = libc::iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: buffer.len() };
    with_message(&mut part, |message| {
        // SAFETY: all that the message points to is ours to write, and outlives the call.
        let read = unsafe { libc::recvmsg(socket.as_raw_fd(), message, libc::MSG_CMSG_CLOEXEC) };
        match usize::try_from(read) {
            Ok(0) => Ok(None),
            Ok(read) => Ok(Some((read, passed(message)))),
            Err(_) => Err(io::Error::last_os_error()),
        }
    })
}

/// The descriptor that came with a message.
fn passed(message: &libc::msghdr) -> Option<OwnedFd> {
    // SAFETY: the kernel filled the message's room; a header that it names lies within.
    unsafe {
        let header = libc::CMSG_FIRSTHDR(message);
        if header.is_null()
            || ((*header).cmsg_level, (*header).cmsg_type) != (libc::SOL_SOCKET, libc::SCM_RIGHTS)
        {
            return None;
        }
        let descriptor = libc::CMSG_DATA(header).cast::<RawFd>().read_unaligned();
        Some(OwnedFd::from_raw_fd(descriptor))
    }
}

/// Sends a packet. Who asked may be gone.
pub(crate) fn send(socket: &OwnedFd, text: &str) {
    // SAFETY: reads the text.
    unsafe { libc::send(socket.as_raw_fd(), text.as_ptr().cast(), text.len(), libc::MSG_NOSIGNAL) };
}

/// Sends a packet, and the descriptor with it.
pub(crate) fn pass(socket: &OwnedFd, text: &str, descriptor: &OwnedFd) {
    let mut part = libc::iovec { iov_base: text.as_ptr().cast_mut().cast(), iov_len: text.len() };
    with_message(&mut part, |message| {
        // SAFETY: the message's room has place for one descriptor; the kernel reads the text and the room.
        unsafe {
            let header = libc::CMSG_FIRSTHDR(message);
            (*header).cmsg_level = libc::SOL_SOCKET;
            (*header).cmsg_type = libc::SCM_RIGHTS;
            (*header).cmsg_len = libc::CMSG_LEN(size_of::<RawFd>() as u32) as usize;
            libc::CMSG_DATA(header).cast::<RawFd>().write_unaligned(descriptor.as_raw_fd());
            message.msg_controllen = libc::CMSG_SPACE(size_of::<RawFd>() as u32) as usize;
            libc::sendmsg(socket.as_raw_fd(), message, libc::MSG_NOSIGNAL);
        }
    });
}

/// Has this thread run on one CPU of the host.
///
/// # Errors
/// When there is no such CPU, or the kernel refuses.
pub(crate) fn pin(cpu: usize) -> io::Result<()> {
    if cpu >= libc::CPU_SETSIZE as usize {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    // SAFETY: the set is ours, and the CPU is in its range; an empty set is all zeros.
    check(unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        libc::CPU_SET(cpu, &mut set);
        libc::sched_setaffinity(0, size_of_val(&set), &set)
    })
    .map(drop)
}

/// Marks all memory as inherited by children. QEMU excludes the guest's memory and its translations.
///
/// # Errors
/// When the kernel does not show the mappings.
pub(crate) fn inherit_memory() -> io::Result<()> {
    for line in fs::read_to_string("/proc/self/maps")?.lines() {
        let range = line.split_once(' ').map_or(line, |(range, _)| range);
        let number = |text: &str| usize::from_str_radix(text, 16).map_err(io::Error::other);
        let (begin, end) = range.split_once('-').ok_or_else(|| io::Error::other("no range"))?;
        let (begin, end) = (number(begin)?, number(end)?);
        // SAFETY: changes only what fork does. It fails on the kernel's own mappings, which children get anyway.
        unsafe { libc::madvise(begin as *mut _, end - begin, libc::MADV_DOFORK) };
    }
    Ok(())
}

/// Puts the new file `to` in the place of each descriptor of `from`.
///
/// # Errors
/// When it cannot be made.
pub(crate) fn redirect(from: &Path, to: &Path) -> io::Result<()> {
    let file = File::create(to)?;
    for entry in fs::read_dir("/proc/self/fd")? {
        let entry = entry?;
        let Ok(descriptor) = entry.file_name().to_string_lossy().parse::<RawFd>() else { continue };
        if fs::read_link(entry.path()).is_ok_and(|target| target == from) {
            replace(descriptor, &file)?;
        }
    }
    Ok(())
}

/// Puts the new file `to` in the place of standard error.
///
/// # Errors
/// When it cannot be made.
pub(crate) fn redirect_errors(to: &Path) -> io::Result<()> {
    replace(libc::STDERR_FILENO, &OpenOptions::new().create(true).append(true).open(to)?)
}

fn replace(descriptor: RawFd, file: &File) -> io::Result<()> {
    // SAFETY: the number stays the same file's for its owner; what it refers to changes.
    check(unsafe { libc::dup2(file.as_raw_fd(), descriptor) }).map(drop)
}

fn check(result: c_int) -> io::Result<c_int> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}
