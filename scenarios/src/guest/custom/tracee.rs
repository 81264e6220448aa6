//! A process that stands still: its registers, its memory, and system calls in its name (ptrace).

use std::ffi::{c_int, c_long, c_uint};
use std::fs::{File, OpenOptions};
use std::io;
use std::mem::offset_of;
use std::os::unix::fs::FileExt;

use crate::confine::Caller;
use crate::sys::{check, check_long};

/// The bytes of the instruction `syscall`.
const SYSCALL: [u8; 2] = [0x0f, 0x05];
/// The code segment of 64-bit programs. A 32-bit program makes calls of 64-bit ones in it.
const CODE64: u64 = 0x33;
/// How far below the top of the stack the bytes for a confinement are. The kernel made the stack longer than that.
const BELOW: u64 = 64 << 10;
/// The most addresses at which the CPU can be told to stop.
pub(super) const MOST_STOPS: usize = 4;

/// How a process stands still.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// It gets this signal.
    Signal(c_int),
    /// It has ended, with this status.
    Ended(c_int),
}

/// Has the parent trace this process from its next exec on.
///
/// # Errors
/// When the kernel refuses.
pub(super) fn trace_me() -> io::Result<()> {
    request(libc::PTRACE_TRACEME, 0, 0, 0).map(drop)
}

/// A process that this one traces.
pub(super) struct Tracee {
    process: libc::pid_t,
    user: u32,
    memory: File,
    /// Where the next bytes for a confinement go.
    free: u64,
}

impl Tracee {
    /// The process `process` of `user`, which stands still.
    ///
    /// # Errors
    /// When its memory cannot be opened.
    pub(super) fn new(process: libc::pid_t, user: u32) -> io::Result<Tracee> {
        let memory = OpenOptions::new().read(true).write(true).open(format!("/proc/{process}/mem"))?;
        let mut tracee = Tracee { process, user, memory, free: 0 };
        tracee.free = (tracee.registers()?.rsp - BELOW) & !0xf;
        // It ends with this process.
        request(libc::PTRACE_SETOPTIONS, process, 0, libc::PTRACE_O_EXITKILL as u64)?;
        Ok(tracee)
    }

    /// Where it is.
    ///
    /// # Errors
    /// When the kernel does not say.
    pub(super) fn instruction(&self) -> io::Result<u64> {
        Ok(self.registers()?.rip)
    }

    /// Whether it is a 32-bit program.
    ///
    /// # Errors
    /// When the kernel does not say.
    pub(super) fn is_32_bit(&self) -> io::Result<bool> {
        Ok(self.registers()?.cs != CODE64)
    }

    /// Has the CPU stop it before it executes the instruction at one of these addresses; nowhere without any.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub(super) fn stop_at(&self, addresses: &[u64]) -> io::Result<()> {
        let register = |number: usize| (offset_of!(libc::user, u_debugreg) + 8 * number) as u64;
        request(libc::PTRACE_POKEUSER, self.process, register(7), 0)?;
        let mut enabled = 0;
        for (number, address) in addresses.iter().take(MOST_STOPS).enumerate() {
            request(libc::PTRACE_POKEUSER, self.process, register(number), *address)?;
            enabled |= 1 << (2 * number);
        }
        request(libc::PTRACE_POKEUSER, self.process, register(7), enabled).map(drop)
    }

    /// Lets it run, with this signal if it is not 0, until it stands still again.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub(super) fn go_on(&self, signal: c_int) -> io::Result<Stop> {
        request(libc::PTRACE_CONT, self.process, 0, signal as u64)?;
        wait(self.process)
    }

    /// Lets it run for good.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub(super) fn leave(self) -> io::Result<()> {
        request(libc::PTRACE_DETACH, self.process, 0, 0).map(drop)
    }

    fn registers(&self) -> io::Result<libc::user_regs_struct> {
        // SAFETY: a structure of numbers, which the kernel fills in.
        unsafe {
            let mut registers: libc::user_regs_struct = std::mem::zeroed();
            let none = std::ptr::null_mut::<u8>();
            check_long(libc::ptrace(libc::PTRACE_GETREGS, self.process, none, &raw mut registers))?;
            Ok(registers)
        }
    }

    fn set_registers(&self, registers: &libc::user_regs_struct) -> io::Result<()> {
        request(libc::PTRACE_SETREGS, self.process, 0, std::ptr::from_ref(registers) as u64).map(drop)
    }
}

impl Caller for Tracee {
    fn user(&self) -> u32 {
        self.user
    }

    fn place(&mut self, bytes: &[u8]) -> io::Result<u64> {
        let address = self.free;
        self.memory.write_all_at(bytes, address)?;
        self.free += (bytes.len() as u64).next_multiple_of(16);
        Ok(address)
    }

    fn call(&mut self, number: c_long, arguments: [u64; 5]) -> io::Result<u64> {
        let before = self.registers()?;
        let mut bytes = [0; SYSCALL.len()];
        self.memory.read_exact_at(&mut bytes, before.rip)?;
        self.memory.write_all_at(&SYSCALL, before.rip)?;
        let [rdi, rsi, rdx, r10, r8] = arguments;
        let (rax, orig_rax) = (number as u64, u64::MAX);
        let registers =
            libc::user_regs_struct { rax, orig_rax, rdi, rsi, rdx, r10, r8, cs: CODE64, ..before };
        self.set_registers(&registers)?;
        request(libc::PTRACE_SINGLESTEP, self.process, 0, 0)?;
        let stop = wait(self.process)?;
        if stop != Stop::Signal(libc::SIGTRAP) {
            return Err(io::Error::other(format!("a call in the name of the way ended with {stop:?}")));
        }
        let result = self.registers()?.rax as i64;
        self.memory.write_all_at(&bytes, before.rip)?;
        self.set_registers(&libc::user_regs_struct { orig_rax: u64::MAX, ..before })?;
        match result {
            error @ -4095..=-1 => Err(io::Error::from_raw_os_error(-error as i32)),
            value => Ok(value as u64),
        }
    }
}

/// Waits until `process`, which is traced, stands still.
///
/// # Errors
/// When it is no child of this process.
pub(super) fn wait(process: libc::pid_t) -> io::Result<Stop> {
    let mut status = 0;
    // SAFETY: `status` is ours to write.
    check(unsafe { libc::waitpid(process, &mut status, libc::__WALL) })?;
    Ok(if libc::WIFSTOPPED(status) { Stop::Signal(libc::WSTOPSIG(status)) } else { Stop::Ended(status) })
}

fn request(request: c_uint, process: libc::pid_t, address: u64, data: u64) -> io::Result<c_long> {
    // SAFETY: each request gets the numbers or the structure that the kernel expects of it.
    check_long(unsafe { libc::ptrace(request, process, address, data) })
}
