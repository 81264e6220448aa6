//! Misbehaviour on request, for tests of those who have to bear it.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};
use hookbench_results::protocol::Fault;

use crate::ports;

/// Does what `fault` says. Returns only for a fault that is part of the cell.
pub(crate) fn commit(fault: Fault) -> Result<()> {
    match fault {
        Fault::Panic => fs::write("/proc/sysrq-trigger", "c").context("failed to crash the kernel")?,
        // Busy, as a real hang is: a guest that sleeps would warp its clock.
        Fault::Hang => loop {
            std::hint::spin_loop();
        },
        Fault::Garbage => {
            ports::say(b"\xff\xfe{\"measured\": 3}\n\0\0not a message\n");
            ports::end();
        }
        Fault::Flood => loop {
            ports::say(&[b'x'; 4096]);
        },
        Fault::Vanish => ports::end(),
        Fault::Deaf | Fault::Nap => return Ok(()),
    }
    std::thread::sleep(Duration::from_secs(3600));
    Ok(())
}
