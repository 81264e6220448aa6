//! How the agent and the harness talk: the cell comes through QEMU's fw_cfg,
//! answers leave through its debug console, and a write ends the machine. No
//! driver, no interrupt, nothing that a kernel could do differently.

use std::arch::asm;
use std::io;

use anyhow::{Result, bail};

/// `-device isa-debugcon,iobase=0xe9`
const DEBUGCON: u16 = 0xe9;
/// `-device isa-debug-exit,iobase=0xf4`
const DEBUG_EXIT: u16 = 0xf4;
/// fw_cfg's selector and data ports (QEMU, docs/specs/fw_cfg).
const FW_CFG_SELECTOR: u16 = 0x510;
const FW_CFG_DATA: u16 = 0x511;
/// The selector of fw_cfg's directory of files.
const FW_CFG_DIRECTORY: u16 = 0x19;
/// The file that holds the cell.
const CELL: &[u8] = b"opt/org.hookbench/cell";
/// More than any cell needs.
const LONGEST: usize = 64 * 1024;

/// Allows this process all I/O ports.
pub(crate) fn allow() -> io::Result<()> {
    // SAFETY: only the right to use ports changes.
    if unsafe { libc::iopl(3) } == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Sends bytes to the harness.
pub(crate) fn say(bytes: &[u8]) {
    // SAFETY: reads `bytes` and writes a port that `allow` has opened; without
    // it the process ends by SIGSEGV, which the harness reports.
    unsafe {
        asm!("rep outsb", inout("rsi") bytes.as_ptr() => _, inout("rcx") bytes.len() => _,
            in("dx") DEBUGCON, options(nostack, readonly));
    }
}

/// Ends the machine.
pub(crate) fn end() -> ! {
    loop {
        // SAFETY: as in `say`.
        unsafe { asm!("out dx, eax", in("dx") DEBUG_EXIT, in("eax") 0, options(nostack)) };
    }
}

/// The bytes of the cell, without the blanks that pad it.
pub(crate) fn cell() -> Result<Vec<u8>> {
    select(FW_CFG_DIRECTORY);
    let count = u32::from_be_bytes(read());
    for _ in 0..count {
        // struct FWCfgFile: size, selector, reserved, name; big endian.
        let size = u32::from_be_bytes(read());
        let selector = u16::from_be_bytes(read());
        let _reserved: [u8; 2] = read();
        let name: [u8; 56] = read();
        if name.split(|&byte| byte == 0).next() != Some(CELL) {
            continue;
        }
        if size as usize > LONGEST {
            bail!("the cell has {size} bytes, more than {LONGEST}");
        }
        select(selector);
        let bytes: Vec<u8> = (0..size).map(|_| read::<1>()[0]).collect();
        return Ok(bytes.trim_ascii_end().to_vec());
    }
    bail!("fw_cfg has no file {}", String::from_utf8_lossy(CELL))
}

fn select(selector: u16) {
    // SAFETY: as in `say`.
    unsafe { asm!("out dx, ax", in("dx") FW_CFG_SELECTOR, in("ax") selector, options(nostack)) };
}

fn read<const SIZE: usize>() -> [u8; SIZE] {
    let mut bytes = [0; SIZE];
    for byte in &mut bytes {
        // SAFETY: as in `say`.
        unsafe { asm!("in al, dx", in("dx") FW_CFG_DATA, out("al") *byte, options(nostack)) };
    }
    bytes
}
