//! What `connect` connects to: a socket of the worker, and its address.

use std::fs::File;
use std::io;
use std::mem::{MaybeUninit, offset_of};
use std::os::fd::{AsRawFd, FromRawFd};
use std::os::unix::ffi::OsStrExt;

use super::loopback;
use crate::folder::Folder;

/// The port, unless another process has it: the cost of a connection depends on the numbers in it. lmbench uses
/// this one.
const PORT: u16 = 31_236;

/// The most connections that nobody has accepted yet.
const BACKLOG: i32 = 8;

/// See the module.
pub(super) struct Peer {
    socket: File,
    address: Box<Address>,
    /// What connect has to return.
    owed: i64,
    _folder: Option<Folder>,
}

enum Address {
    Inet(libc::sockaddr_in),
    Unix(libc::sockaddr_un, usize),
}

impl Address {
    fn domain(&self) -> i32 {
        match self {
            Address::Inet(_) => libc::AF_INET,
            Address::Unix(..) => libc::AF_UNIX,
        }
    }

    fn pointer(&self) -> *const libc::sockaddr {
        match self {
            Address::Inet(address) => (&raw const *address).cast(),
            Address::Unix(address, _) => (&raw const *address).cast(),
        }
    }

    fn length(&self) -> usize {
        match self {
            Address::Inet(_) => size_of::<libc::sockaddr_in>(),
            Address::Unix(_, length) => *length,
        }
    }

    /// 127.0.0.1 with this port.
    fn port(port: u16) -> Address {
        // SAFETY: all that is zero is valid.
        let mut address: libc::sockaddr_in = unsafe { MaybeUninit::zeroed().assume_init() };
        address.sin_family = libc::AF_INET as libc::sa_family_t;
        address.sin_port = port.to_be();
        address.sin_addr.s_addr = u32::to_be(libc::INADDR_LOOPBACK);
        Address::Inet(address)
    }

    /// The socket at this path.
    fn path(path: &[u8]) -> io::Result<Address> {
        // SAFETY: all that is zero is valid.
        let mut address: libc::sockaddr_un = unsafe { MaybeUninit::zeroed().assume_init() };
        address.sun_family = libc::AF_UNIX as libc::sa_family_t;
        if path.len() >= address.sun_path.len() {
            return Err(io::Error::other("the path of a socket is too long"));
        }
        for (place, byte) in address.sun_path.iter_mut().zip(path) {
            *place = *byte as libc::c_char;
        }
        Ok(Address::Unix(address, offset_of!(libc::sockaddr_un, sun_path) + path.len() + 1))
    }
}

fn checked(result: i32) -> io::Result<i32> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

/// A new socket that has `address`.
fn bound(address: &Address) -> io::Result<File> {
    // SAFETY: the kernel makes a descriptor that nothing else owns, and reads an address of this length.
    unsafe {
        let socket = checked(libc::socket(address.domain(), libc::SOCK_STREAM | libc::SOCK_CLOEXEC, 0))?;
        let socket = File::from_raw_fd(socket);
        let length = address.length() as libc::socklen_t;
        checked(libc::bind(socket.as_raw_fd(), address.pointer(), length))?;
        Ok(socket)
    }
}

/// A socket that has a port of 127.0.0.1, and that address.
fn bound_to_port() -> io::Result<(File, Address)> {
    loopback::bring_up()?;
    let (address, any) = (Address::port(PORT), Address::port(0));
    match bound(&address) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
        socket => return Ok((socket?, address)),
    }
    let socket = bound(&any)?;
    // SAFETY: all that is zero is valid; the kernel writes no more than an address of this length.
    let address = unsafe {
        let mut address: libc::sockaddr_in = MaybeUninit::zeroed().assume_init();
        let mut length = size_of_val(&address) as libc::socklen_t;
        checked(libc::getsockname(socket.as_raw_fd(), (&raw mut address).cast(), &mut length))?;
        Address::Inet(address)
    };
    Ok((socket, address))
}

impl Peer {
    /// One that listens at a TCP port.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub(super) fn at_port() -> io::Result<Peer> {
        let (socket, address) = bound_to_port()?;
        Peer { socket, address: Box::new(address), owed: 0, _folder: None }.listening()
    }

    /// A TCP port at which nobody listens. No other process can have it.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub(super) fn absent() -> io::Result<Peer> {
        let (socket, address) = bound_to_port()?;
        let owed = -i64::from(libc::ECONNREFUSED);
        Ok(Peer { socket, address: Box::new(address), owed, _folder: None })
    }

    /// One that listens at the path of a Unix socket.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub(super) fn at_path() -> io::Result<Peer> {
        let mut folder = Folder::make()?;
        let address = Address::path(folder.claim("s").as_os_str().as_bytes())?;
        let socket = bound(&address)?;
        Peer { socket, address: Box::new(address), owed: 0, _folder: Some(folder) }.listening()
    }

    fn listening(self) -> io::Result<Peer> {
        // SAFETY: asks the kernel for connections.
        checked(unsafe { libc::listen(self.socket.as_raw_fd(), BACKLOG) })?;
        Ok(self)
    }

    /// The domain of its address.
    pub(super) fn domain(&self) -> i64 {
        self.address.domain().into()
    }

    /// Its address, for the kernel to read.
    pub(super) fn address(&self) -> i64 {
        self.address.pointer() as i64
    }

    /// The length of its address.
    pub(super) fn length(&self) -> i64 {
        self.address.length() as i64
    }

    /// What connect has to return.
    pub(super) fn owed(&self) -> i64 {
        self.owed
    }

    /// Accepts the next connection, and resets it: the kernel then forgets it.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub(super) fn accept_and_reset(&self) -> io::Result<()> {
        let at_once = libc::linger { l_onoff: 1, l_linger: 0 };
        // SAFETY: the kernel makes a descriptor that nothing else owns, and reads a `linger`.
        unsafe {
            let accepted =
                checked(libc::accept(self.socket.as_raw_fd(), std::ptr::null_mut(), std::ptr::null_mut()))?;
            let accepted = File::from_raw_fd(accepted);
            let length = size_of_val(&at_once) as libc::socklen_t;
            let place = (&raw const at_once).cast();
            checked(libc::setsockopt(
                accepted.as_raw_fd(),
                libc::SOL_SOCKET,
                libc::SO_LINGER,
                place,
                length,
            ))?;
        }
        Ok(())
    }
}
