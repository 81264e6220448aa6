//! How the agent and the harness talk: the cell comes through QEMU's fw_cfg,
//! answers leave through its debug console, and a write ends the machine. No
//! driver, no interrupt, nothing that a kernel could do differently.

use std::arch::asm;

use anyhow::{Result, bail};

use crate::host;

/// `-device isa-debugcon,iobase=0xe9`
const DEBUGCON: u16 = 0xe9;
/// `-device isa-debug-exit,iobase=0xf4`
const DEBUG_EXIT: u16 = 0xf4;
/// `-device pvpanic` with `-action panic=pause`: a write of 1 stops the machine.
const PVPANIC: u16 = 0x505;
/// fw_cfg's selector and data ports (QEMU, docs/specs/fw_cfg).
const FW_CFG_SELECTOR: u16 = 0x510;
const FW_CFG_DATA: u16 = 0x511;
/// The selector of fw_cfg's directory of files.
const FW_CFG_DIRECTORY: u16 = 0x19;
/// The file that holds the cell.
const CELL: &str = "opt/org.hookbench/cell";
/// The files that hold archives: what the cell's monitor brings, and its workload.
const MONITOR: &str = "opt/org.hookbench/monitor";
const WORKLOAD: &str = "opt/org.hookbench/workload";
/// More than any cell needs.
const LONGEST_CELL: usize = 64 * 1024;

/// Does `talk` with access to all I/O ports, and only that: a task with access,
/// and each of its children, pays some 50 instructions at every return to user
/// space for its I/O bitmap.
pub(crate) fn with_ports<T>(talk: impl FnOnce() -> T) -> T {
    // SAFETY: only the right to use ports changes. Without it, which only a
    // kernel in lockdown refuses to PID 1, `talk` ends this process by SIGSEGV
    // and so the machine: the harness reports a guest that panicked.
    unsafe { libc::iopl(3) };
    let said = talk();
    // SAFETY: as above.
    unsafe { libc::iopl(0) };
    said
}

/// Sends bytes to the harness.
pub(crate) fn say(bytes: &[u8]) {
    if let Some(descriptor) = host::answers() {
        return host::say(descriptor, bytes);
    }
    // SAFETY: reads `bytes` and writes a port that is open.
    with_ports(|| unsafe {
        asm!("rep outsb", inout("rsi") bytes.as_ptr() => _, inout("rcx") bytes.len() => _,
            in("dx") DEBUGCON, options(nostack, readonly));
    });
}

/// Stops the machine where one waits to make a snapshot of it; nothing happens
/// where there is no such device. Returns by how much the clock ran on meanwhile;
/// an interrupt that came in between is part of it.
pub(crate) fn stop() -> i64 {
    /// From one reading of the counter to the other, both fences aside.
    const BETWEEN: i64 = 8;
    let (before, after) = with_ports(|| {
        let (before, after): (u64, u64);
        // SAFETY: reads a counter and writes a port that is open.
        unsafe {
            asm!(
                "lfence", "rdtsc", "shl rdx, 32", "or rax, rdx", "mov {before}, rax",
                "mov eax, 1", "mov edx, {port}", "out dx, al", "lfence", "rdtsc",
                "shl rdx, 32", "or rax, rdx",
                before = out(reg) before, port = const PVPANIC,
                out("rax") after, out("rdx") _, options(nostack),
            );
        }
        (before, after)
    });
    (after - before) as i64 - BETWEEN
}

/// Ends the machine.
pub(crate) fn end() -> ! {
    if host::answers().is_some() {
        // SAFETY: leaves without running destructors, also from a signal handler.
        unsafe { libc::_exit(0) }
    }
    with_ports(|| {
        loop {
            // SAFETY: writes a port that is open.
            unsafe { asm!("out dx, eax", in("dx") DEBUG_EXIT, in("eax") 0, options(nostack)) };
        }
    })
}

/// What the harness hands over.
pub(crate) struct Handed {
    /// The bytes of the cell, without the blanks that pad it.
    pub(crate) cell: Vec<u8>,
    /// What the monitor brings, not read yet; empty for most.
    pub(crate) monitor: File,
    /// What the workload brings, likewise.
    pub(crate) workload: File,
}

/// Reads the cell, and finds what is brought with it.
pub(crate) fn handed() -> Result<Handed> {
    with_ports(|| {
        let (mut cell, mut monitor, mut workload) = (None, None, None);
        each_file(|name, file| match name {
            _ if name == CELL.as_bytes() => cell = Some(file),
            _ if name == MONITOR.as_bytes() => monitor = Some(file),
            _ if name == WORKLOAD.as_bytes() => workload = Some(file),
            _ => {}
        });
        let (Some(cell), Some(monitor), Some(workload)) = (cell, monitor, workload) else {
            bail!("fw_cfg lacks one of the files {CELL}, {MONITOR} and {WORKLOAD}");
        };
        let cell = cell.read(CELL, LONGEST_CELL)?.trim_ascii_end().to_vec();
        Ok(Handed { cell, monitor, workload })
    })
}

/// A file in fw_cfg.
#[derive(Clone, Copy)]
pub(crate) struct File {
    pub(crate) selector: u16,
    pub(crate) size: u32,
}

impl File {
    fn read(self, name: &str, longest: usize) -> Result<Vec<u8>> {
        let size = self.size as usize;
        if size > longest {
            bail!("{name} has {size} bytes, more than {longest}");
        }
        select(self.selector);
        let mut bytes = vec![0; size];
        fill(&mut bytes);
        Ok(bytes)
    }
}

/// Names and places of all files.
fn each_file(mut found: impl FnMut(&[u8], File)) {
    select(FW_CFG_DIRECTORY);
    let count = u32::from_be_bytes(read());
    for _ in 0..count {
        // struct FWCfgFile: size, selector, reserved, name; big endian.
        let size = u32::from_be_bytes(read());
        let selector = u16::from_be_bytes(read());
        let _reserved: [u8; 2] = read();
        let name: [u8; 56] = read();
        let end = name.iter().position(|&byte| byte == 0).unwrap_or(name.len());
        found(&name[..end], File { selector, size });
    }
}

fn select(selector: u16) {
    // SAFETY: uses a port that is open.
    unsafe { asm!("out dx, ax", in("dx") FW_CFG_SELECTOR, in("ax") selector, options(nostack)) };
}

fn read<const SIZE: usize>() -> [u8; SIZE] {
    let mut bytes = [0; SIZE];
    fill(&mut bytes);
    bytes
}

/// Reads as many bytes of what is selected as there is room for.
fn fill(bytes: &mut [u8]) {
    // SAFETY: writes `bytes` and uses a port that is open.
    unsafe {
        asm!("rep insb", inout("rdi") bytes.as_mut_ptr() => _, inout("rcx") bytes.len() => _,
            in("dx") FW_CFG_DATA, options(nostack));
    }
}
