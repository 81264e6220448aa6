//! The listener of the runner: a TCP listener with fast open, and a UDP socket at the same port.

use std::fs;
use std::io::{self, Read};
use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::os::fd::AsRawFd;
use std::sync::OnceLock;
use std::time::Duration;

use super::{HELLO, PORT};
use crate::sys::check;

/// How long to wait for bytes of a connection that is there. Nothing on `lo` takes that long.
const PATIENCE: Duration = Duration::from_millis(50);

/// The longest queue of connections by fast open.
const QUEUE: i32 = 16;

static SOCKETS: OnceLock<(TcpListener, UdpSocket)> = OnceLock::new();

/// Brings `lo` up and listens.
pub(super) fn start() -> io::Result<()> {
    bring_up(b"lo")?;
    // Clients and servers may use it.
    fs::write("/proc/sys/net/ipv4/tcp_fastopen", "3")?;
    let tcp = TcpListener::bind((Ipv4Addr::LOCALHOST, PORT))?;
    tcp.set_nonblocking(true)?;
    let (queue, size) = (QUEUE, size_of_val(&QUEUE) as u32);
    let queue = (&raw const queue).cast();
    // SAFETY: the kernel reads `queue`.
    check(unsafe { libc::setsockopt(tcp.as_raw_fd(), libc::IPPROTO_TCP, libc::TCP_FASTOPEN, queue, size) })?;
    let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, PORT))?;
    udp.set_nonblocking(true)?;
    let _ = SOCKETS.set((tcp, udp));
    Ok(())
}

fn bring_up(name: &[u8]) -> io::Result<()> {
    let socket = super::socket(libc::AF_INET, libc::SOCK_DGRAM, 0)?;
    // SAFETY: a structure of numbers, for which zero is valid.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    for (to, from) in request.ifr_name.iter_mut().zip(name) {
        *to = *from as libc::c_char;
    }
    request.ifr_ifru.ifru_flags = (libc::IFF_UP | libc::IFF_RUNNING) as i16;
    // SAFETY: the kernel reads the request; the descriptor is ours.
    unsafe {
        check(libc::ioctl(socket, libc::SIOCSIFFLAGS as _, &raw const request))?;
        check(libc::close(socket))?;
    }
    Ok(())
}

/// Forgets what has come so far.
pub(super) fn drain() -> io::Result<()> {
    while next()?.is_some() {}
    Ok(())
}

/// Whether someone said hello since.
pub(super) fn heard() -> io::Result<bool> {
    let mut heard = false;
    while let Some(bytes) = next()? {
        heard |= bytes == HELLO;
    }
    Ok(heard)
}

/// What the next connection or packet brought; `None` if nothing comes.
fn next() -> io::Result<Option<Vec<u8>>> {
    let (tcp, udp) = SOCKETS.get().ok_or(io::ErrorKind::NotConnected)?;
    if let Some((mut connection, _)) = unless_idle(tcp.accept())? {
        connection.set_nonblocking(false)?;
        connection.set_read_timeout(Some(PATIENCE))?;
        let mut bytes = vec![0; HELLO.len()];
        // A connection that brings nothing, or is reset, said nothing.
        let length = connection.read(&mut bytes).unwrap_or(0);
        bytes.truncate(length);
        return Ok(Some(bytes));
    }
    let mut bytes = vec![0; HELLO.len()];
    Ok(unless_idle(udp.recv(&mut bytes))?.map(|length| bytes[..length].to_vec()))
}

fn unless_idle<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
        Err(error) => Err(error),
    }
}
