//! Brings up the CPUs that the kernel was told to leave alone at its start, and
//! keeps the agent and all that it starts on the first one.
//!
//! Under an exact clock QEMU 7.2 runs one CPU until the next timer is due, and
//! then gives the next one no time, for none is left. A kernel that waits for its
//! second CPU in a loop would wait for ever. So they come up from here, where a
//! process beside the waiting one executes `pause`, which ends a CPU's turn early.

use std::arch::asm;
use std::ffi::c_int;
use std::fs;
use std::io;

use anyhow::{Context, Result, ensure};

use crate::idle::{Spinner, nops};

/// On the kernel's command line, where there are others to bring up.
const HELD_BACK: &str = "maxcpus=1";
/// In it, a folder for each CPU.
const FOLDER: &str = "/sys/devices/system/cpu";

/// So many rounds of idleness between two turns of the others: each time QEMU goes
/// through all CPUs, and most of them have nothing to do.
const ALONE: u32 = 16;

/// Whether the kernel with this command line has started with one CPU of several.
pub(crate) fn held_back(cmdline: &str) -> bool {
    cmdline.split_ascii_whitespace().any(|word| word == HELD_BACK)
}

/// Brings up all CPUs. Returns how many there are, all of them online, and what
/// spins from now on instead of `spinner`.
///
/// # Errors
/// When one of them does not come up.
pub(crate) fn bring_up(spinner: Spinner) -> Result<(u16, Spinner)> {
    stay().context("failed to stay on the first CPU")?;
    spinner.end().context("failed to end what kept the CPU busy")?;
    let yielder = yielder().context("failed to start what lets other CPUs run")?;
    // SAFETY: counts CPUs.
    let present = unsafe { libc::sysconf(libc::_SC_NPROCESSORS_CONF) };
    for cpu in 1..present {
        let file = format!("{FOLDER}/cpu{cpu}/online");
        fs::write(&file, "1").with_context(|| format!("failed to bring up a CPU by {file}"))?;
    }
    // SAFETY: counts CPUs.
    let online = unsafe { libc::sysconf(libc::_SC_NPROCESSORS_ONLN) };
    ensure!(online == present, "{online} of the guest's {present} CPUs came up");
    end(yielder).context("failed to end what let other CPUs run")?;
    let spinner = Spinner::in_turns().context("failed to keep the CPU busy")?;
    Ok((u16::try_from(online).context("failed to count CPUs")?, spinner))
}

/// Keeps this process, and those that it starts, on the first CPU.
fn stay() -> io::Result<()> {
    // SAFETY: a set of bits, for which zero is valid; both calls get it whole.
    let result = unsafe {
        let mut first: libc::cpu_set_t = std::mem::zeroed();
        libc::CPU_SET(0, &mut first);
        libc::sched_setaffinity(0, size_of_val(&first), &first)
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Starts a process that shares its CPU's time with the agent and gives away its
/// own. Returns its id.
fn yielder() -> io::Result<libc::pid_t> {
    // SAFETY: the agent has one thread; the child only spins.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        0 => loop {
            for _ in 0..ALONE {
                nops();
            }
            give_way();
        },
        pid => Ok(pid),
    }
}

/// Ends this CPU's turn: QEMU goes on with the next one.
#[inline(always)]
pub(crate) fn give_way() {
    // SAFETY: does nothing else. As assembly, for a hint might be left out.
    unsafe { asm!("pause", options(nomem, nostack, preserves_flags)) };
}

/// Ends a process that was started here.
pub(crate) fn end(pid: libc::pid_t) -> io::Result<()> {
    let mut status: c_int = 0;
    // SAFETY: a child of this process; `status` is ours to write.
    let ended = unsafe { libc::kill(pid, libc::SIGKILL) == 0 && libc::waitpid(pid, &mut status, 0) == pid };
    if ended { Ok(()) } else { Err(io::Error::last_os_error()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_kernel_that_was_told_to_has_held_cpus_back() {
        assert!(held_back("quiet maxcpus=1 lsm=bpf"));
        assert!(!held_back("quiet lsm=bpf"));
        assert!(!held_back("quiet maxcpus=16"));
    }

    #[test]
    fn who_gives_way_ends_when_told() {
        end(yielder().unwrap()).unwrap();
    }
}
