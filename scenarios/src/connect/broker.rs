//! A process of root that connects for others. Ways inherit a socket to it, and ask by single bytes.

use std::fs::File;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::os::fd::{AsRawFd, FromRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::sync::atomic::Ordering;

use super::{HELLO, PORT};
use crate::descriptor::send;
use crate::process::{Owner, spawn};
use crate::scene::{Scene, Shared};
use crate::sys::{check, check_long};

/// The way's end of the socket.
pub(super) const SOCKET: RawFd = 203;

/// Asks for a socket that is connected to the listener.
const PASS: u8 = b'p';
/// Asks for a call to [`CALLED`], whose answer the broker reads.
const CALL: u8 = b'c';

/// The port that it calls.
pub(super) const CALLED: u16 = 7_001;

/// How long to wait for the broker, in milliseconds.
const PATIENCE: i32 = 1_000;

/// Starts it.
pub(super) fn start(scene: &Scene) -> io::Result<()> {
    let (ours, theirs) = UnixStream::pair()?;
    let shared = scene.shared;
    let serve = |mut socket: UnixStream| {
        let mut order = [0];
        while socket.read_exact(&mut order).is_ok() {
            // A way that was stopped is no reason to end.
            let _ = serve(&mut socket, order[0], shared);
        }
    };
    spawn(Owner::Root, || Ok(theirs), serve)?;
    // SAFETY: the number is used for nothing else.
    check(unsafe { libc::dup2(ours.as_raw_fd(), SOCKET) }).map(drop)
}

fn serve(socket: &mut UnixStream, order: u8, shared: &Shared) -> io::Result<()> {
    if order == PASS {
        return send(socket.as_raw_fd(), TcpStream::connect((Ipv4Addr::LOCALHOST, PORT))?.as_raw_fd());
    }
    let mut bytes = [0; HELLO.len()];
    TcpStream::connect((Ipv4Addr::LOCALHOST, CALLED))?.read_exact(&mut bytes)?;
    shared.values[0].store(u64::from(bytes == *HELLO), Ordering::SeqCst);
    socket.write_all(b".")
}

/// Forgets what it sent to a way that was stopped.
pub(super) fn drain() {
    let mut bytes = [0u8; 8];
    // SAFETY: `bytes` is ours to write.
    while unsafe { libc::recv(SOCKET, bytes.as_mut_ptr().cast(), bytes.len(), libc::MSG_DONTWAIT) } > 0 {}
}

/// Asks for a connected socket, and waits until it is there to be received.
pub(super) fn ask_for_socket() -> io::Result<()> {
    ask(PASS)?;
    wait_for(SOCKET)
}

/// Asks for a call.
pub(super) fn ask_for_call() -> io::Result<()> {
    ask(CALL)
}

/// Waits until the broker has read the answer to its call.
pub(super) fn wait_until_read() -> io::Result<()> {
    wait_for(SOCKET)?;
    // SAFETY: each way has a descriptor of its own at this number, which is closed here and at its end.
    unsafe { File::from_raw_fd(SOCKET) }.read_exact(&mut [0])
}

/// Waits until there is something to read, or a connection to accept.
pub(super) fn wait_for(fd: RawFd) -> io::Result<()> {
    let mut polled = libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
    // SAFETY: the structure is ours.
    check(unsafe { libc::poll(&mut polled, 1, PATIENCE) }).map(drop)
}

/// Asks by `write`, which is no call of the scenario.
fn ask(order: u8) -> io::Result<()> {
    // SAFETY: the byte outlives the call.
    check_long(unsafe { libc::write(SOCKET, (&raw const order).cast(), 1) } as i64).map(drop)
}
