//! Confining a process: what a policy does that a process puts on itself. The same calls can be made in the name of a
//! process that stands still, so a program that the user supplies is confined where its own code begins.

use std::ffi::c_long;
use std::fmt;
use std::io;

use crate::sys::check_long;

/// Confines a process for as long as it lives.
pub enum Confine {
    /// Only the process itself can do it.
    Itself(Box<dyn Fn() -> io::Result<()> + Send + Sync>),
    /// System calls do it, whoever has the process make them.
    Calls(Box<ByCalls>),
}

/// Confines a process by system calls.
pub type ByCalls = dyn Fn(&mut dyn Caller) -> io::Result<()> + Send + Sync;

/// Who makes the calls of a confinement: this process, or one that is made to.
pub trait Caller {
    /// Its user.
    fn user(&self) -> u32;

    /// Puts `bytes` where the process can read them until it is confined. Returns their address.
    ///
    /// # Errors
    /// When its memory cannot be written.
    fn place(&mut self, bytes: &[u8]) -> io::Result<u64>;

    /// Makes a system call.
    ///
    /// # Errors
    /// What the kernel answered.
    fn call(&mut self, number: c_long, arguments: [u64; 5]) -> io::Result<u64>;
}

impl Confine {
    /// Confines the calling process.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn enter(&self) -> io::Result<()> {
        match self {
            Confine::Itself(confine) => confine(),
            Confine::Calls(confine) => confine(&mut Here::default()),
        }
    }
}

impl fmt::Debug for Confine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Confine::Itself(_) => "Itself",
            Confine::Calls(_) => "Calls",
        })
    }
}

/// This process.
#[derive(Default)]
struct Here {
    placed: Vec<Box<[u8]>>,
}

impl Caller for Here {
    fn user(&self) -> u32 {
        // SAFETY: asks for a number.
        unsafe { libc::geteuid() }
    }

    fn place(&mut self, bytes: &[u8]) -> io::Result<u64> {
        let bytes: Box<[u8]> = bytes.into();
        let address = bytes.as_ptr() as u64;
        // The bytes stay where they are when the box moves.
        self.placed.push(bytes);
        Ok(address)
    }

    fn call(&mut self, number: c_long, arguments: [u64; 5]) -> io::Result<u64> {
        let [first, second, third, fourth, fifth] = arguments;
        // SAFETY: the kernel checks addresses; a policy's calls only read what was placed.
        check_long(unsafe { libc::syscall(number, first, second, third, fourth, fifth) })
            .map(|value| value as u64)
    }
}

/// Keeps the process, and what it executes, from getting privileges: the kernel wants that before it is confined.
///
/// # Errors
/// When the kernel refuses.
#[cfg(feature = "guest")]
pub(crate) fn without_new_privileges(caller: &mut dyn Caller) -> io::Result<()> {
    caller.call(libc::SYS_prctl, [libc::PR_SET_NO_NEW_PRIVS as u64, 1, 0, 0, 0]).map(drop)
}
