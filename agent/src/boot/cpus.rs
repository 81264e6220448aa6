//! Brings up the CPUs that the kernel left alone at its start, and keeps the agent and all that it starts on
//! the first one. Under an exact clock QEMU 7.2 runs one CPU until the next timer is due, and the next CPU gets
//! no time, because none is left. A kernel that waits for its second CPU in a loop would wait for ever. The
//! agent brings the CPUs up instead, while another process on the first CPU executes `pause`, which ends a
//! CPU's turn early.

use std::fs;
use std::io;

use anyhow::{Context, Result, ensure};
use hookbench_model::channel::CPUS_HELD_BACK;

use crate::arch;
use crate::boot::idle::Spinner;
use crate::process;

/// In it, a folder for each CPU.
const FOLDER: &str = "/sys/devices/system/cpu";

/// Rounds of idleness between two turns of the other CPUs: each time QEMU goes through all CPUs, and most of
/// them have nothing to do.
const ALONE: u32 = 16;

/// Whether the kernel with this command line started with one CPU of several.
pub(crate) fn are_held_back(cmdline: &str) -> bool {
    cmdline.split_ascii_whitespace().any(|word| word == CPUS_HELD_BACK)
}

/// Brings up all CPUs. Returns how many there are, all of them online, and what spins from now on instead of
/// `spinner`.
///
/// # Errors
/// When one of them does not come up.
pub(crate) fn bring_up(spinner: Spinner) -> Result<(u16, Spinner)> {
    process::stay_on(0).context("failed to stay on the first CPU")?;
    spinner.end().context("failed to end the task that kept the CPU busy")?;
    let yielder = start_yielder().context("failed to start the task that lets other CPUs run")?;
    // SAFETY: counts CPUs.
    let present = unsafe { libc::sysconf(libc::_SC_NPROCESSORS_CONF) };
    for cpu in 1..present {
        let file = format!("{FOLDER}/cpu{cpu}/online");
        fs::write(&file, "1").with_context(|| format!("failed to bring up a CPU by {file}"))?;
    }
    // SAFETY: counts CPUs.
    let online = unsafe { libc::sysconf(libc::_SC_NPROCESSORS_ONLN) };
    ensure!(online == present, "{online} of the guest's {present} CPUs came up");
    process::end(yielder).context("failed to end the task that let other CPUs run")?;
    let spinner = Spinner::start_in_turns().context("failed to keep the CPU busy")?;
    Ok((u16::try_from(online).context("failed to count CPUs")?, spinner))
}

/// Starts a process that shares its CPU's time with the agent and gives its own time away. Returns its id.
fn start_yielder() -> io::Result<libc::pid_t> {
    // SAFETY: the agent has one thread; the child only spins.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        0 => loop {
            for _ in 0..ALONE {
                arch::nops();
            }
            arch::give_way();
        },
        pid => Ok(pid),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_word_itself_holds_cpus_back() {
        assert!(are_held_back("quiet maxcpus=1 lsm=bpf"));
        assert!(!are_held_back("quiet lsm=bpf"));
        assert!(!are_held_back("quiet maxcpus=16"));
    }

    #[test]
    fn the_yielder_can_be_ended() {
        process::end(start_yielder().unwrap()).unwrap();
    }
}
