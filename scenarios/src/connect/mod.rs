//! A connection that an ordinary user makes: to a listener of the runner on 127.0.0.1.

use std::io;
use std::os::fd::RawFd;
use std::sync::atomic::Ordering;

use crate::scenario::{Call, Scenario, Way};
use crate::scene::{Scene, Shared};
use crate::sys::{check, check_long};

mod answer;
mod broker;
#[expect(clippy::module_inception, reason = "the way has the name of its scenario")]
mod connect;
mod fast_open_connect;
mod fast_open_sendmmsg;
mod fast_open_sendmsg;
mod fast_open_sendto;
mod int80_connect;
mod int80_pipe;
mod int80_socketcall;
mod listener;
mod mptcp;
mod mptcp_fast_open;
mod passed;
mod udp;
mod unix;
mod uring_connect;
mod uring_fast_open;
mod uring_sqpoll;
mod v4_mapped;

/// The listener's port.
const PORT: u16 = 7_000;
/// What it has to read.
const HELLO: &[u8; 5] = b"HELLO";

/// See the module.
pub(crate) static SCENARIO: Scenario = Scenario {
    ways: WAYS,
    textbook: &[Call::native("connect", libc::SYS_connect)],
    complete: COMPLETE,
    spares_root: true,
    set_up,
    reset,
    ..Scenario::named(
        "connect",
        "an ordinary user sends something to a port of 127.0.0.1",
        "the listener at that port read HELLO",
        |_, _| listener::heard(),
    )
};

const COMPLETE: &[Call] = &[
    Call::native("connect", libc::SYS_connect),
    Call::native("sendto", libc::SYS_sendto),
    Call::native("sendmsg", libc::SYS_sendmsg),
    Call::native("sendmmsg", libc::SYS_sendmmsg),
    Call::compat("socketcall", 102),
    Call::compat("sendmmsg", 345),
    Call::compat("connect", 362),
    Call::compat("sendto", 369),
    Call::compat("sendmsg", 370),
    Call::uring("sendmsg", 9),
    Call::uring("connect", 16),
    Call::uring("send", 26),
    Call::uring("send_zc", 47),
    Call::uring("sendmsg_zc", 48),
];

const WAYS: &[&Way] = &[
    &connect::WAY,
    &fast_open_sendto::WAY,
    &fast_open_sendmsg::WAY,
    &fast_open_sendmmsg::WAY,
    &fast_open_connect::WAY,
    &uring_connect::WAY,
    &uring_sqpoll::WAY,
    &uring_fast_open::WAY,
    &int80_connect::WAY,
    &int80_socketcall::WAY,
    &passed::WAY,
    &mptcp::WAY,
    &mptcp_fast_open::WAY,
    &v4_mapped::WAY,
    &udp::WAY,
    &unix::WAY,
    &answer::WAY,
    &int80_pipe::WAY,
];

/// Why ways of TCP fast open are not rehearsed.
const KEEPS_A_COOKIE: Option<&str> =
    Some("the kernel keeps the cookie of a connection, with which the next one begins otherwise");

fn set_up(scene: &Scene) -> io::Result<()> {
    listener::start()?;
    broker::start(scene)
}

fn reset(_: &Scene) -> io::Result<()> {
    broker::drain();
    listener::drain()
}

/// Whether an allowed neighbour came through: it says so itself.
fn worked(_: &Scene, shared: &Shared) -> io::Result<bool> {
    Ok(shared.values[0].load(Ordering::SeqCst) == 1)
}

/// A socket. `protocol` 0 is TCP or UDP.
fn socket(family: i32, kind: i32, protocol: i32) -> io::Result<RawFd> {
    // SAFETY: no memory is involved.
    check(unsafe { libc::socket(family, kind, protocol) })
}

/// A TCP socket.
fn tcp() -> io::Result<RawFd> {
    socket(libc::AF_INET, libc::SOCK_STREAM, 0)
}

/// A socket of Multipath TCP.
fn multipath() -> io::Result<RawFd> {
    socket(libc::AF_INET, libc::SOCK_STREAM, libc::IPPROTO_MPTCP)
}

/// The listener's address.
fn address() -> libc::sockaddr_in {
    libc::sockaddr_in {
        sin_family: libc::AF_INET as libc::sa_family_t,
        sin_port: PORT.to_be(),
        sin_addr: libc::in_addr { s_addr: u32::from_be_bytes([127, 0, 0, 1]).to_be() },
        sin_zero: [0; 8],
    }
}

/// Connects to the listener, by `connect`.
fn connect_to_listener(fd: RawFd) -> io::Result<()> {
    let address = address();
    // SAFETY: the address outlives the call.
    check(unsafe { libc::connect(fd, (&raw const address).cast(), size_of_val(&address) as u32) }).map(drop)
}

/// Opens the window, connects by `connect`, closes the window, and says hello.
fn hello_after(scene: &Scene, fd: RawFd, connect: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
    scene.window(connect)?;
    say_hello(fd)
}

/// Writes to a connected socket, by `write`.
fn say_hello(fd: RawFd) -> io::Result<()> {
    // SAFETY: the bytes outlive the call.
    check_long(unsafe { libc::write(fd, HELLO.as_ptr().cast(), HELLO.len()) } as i64).map(drop)
}

/// Connects and says hello by one message with an address, sent by `send`.
fn fast_open(scene: &Scene, send: impl FnOnce(&libc::msghdr) -> i64) -> io::Result<()> {
    let mut address = address();
    let mut part = libc::iovec { iov_base: HELLO.as_ptr().cast_mut().cast(), iov_len: HELLO.len() };
    // SAFETY: a structure of numbers and pointers, for which zero is valid.
    let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
    message.msg_name = (&raw mut address).cast();
    message.msg_namelen = size_of_val(&address) as u32;
    message.msg_iov = &raw mut part;
    message.msg_iovlen = 1;
    scene.window(|| check_long(send(&message))).map(drop)
}
