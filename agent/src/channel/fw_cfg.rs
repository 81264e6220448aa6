//! The cell and the payloads of a guest: files in QEMU's fw_cfg, read through its registers. Large files are
//! read by DMA (`dma.rs`).

use anyhow::{Context, Result, bail};
use hookbench_model::channel::{
    CELL_FILE, LONGEST_CELL, MONITOR_FILE, ORDER_FILE, SENDS_SYMBOLS, WORKLOAD_FILE,
};

use crate::arch;

/// The selector of fw_cfg's directory of files (QEMU, docs/specs/fw_cfg).
const DIRECTORY: u16 = 0x19;

/// What hookbench hands to a guest before the monitor is attached.
pub(crate) struct Inputs {
    /// The bytes of the order, without padding.
    pub(crate) order: Vec<u8>,
    /// The monitor's payload, not read yet; empty for most monitors.
    pub(crate) monitor: File,
    /// The workload's payload, likewise.
    pub(crate) workload: File,
}

/// What it hands over afterwards.
pub(crate) struct CellInput {
    /// The bytes of the cell, without padding.
    pub(crate) cell: Vec<u8>,
    /// Whether to send the kernel's dynamic functions after the timed operations.
    pub(crate) sends_symbols: bool,
}

/// A file in fw_cfg.
#[derive(Clone, Copy)]
pub(crate) struct File {
    /// The number that selects it.
    pub(crate) selector: u16,
    /// Its size in bytes.
    pub(crate) size: u32,
}

/// Reads the order and finds the payloads.
///
/// # Errors
/// When QEMU was started without one of the files, or the order is too long.
pub(crate) fn read_inputs() -> Result<Inputs> {
    arch::with_devices(|| {
        let [order, monitor, workload] = find([ORDER_FILE, MONITOR_FILE, WORKLOAD_FILE])?;
        let order = order.read(ORDER_FILE, LONGEST_CELL)?;
        Ok(Inputs { order: order.trim_ascii_end().to_vec(), monitor, workload })
    })
}

/// Reads the cell. The file is looked for again: a copy of a machine has another one in its place.
///
/// # Errors
/// When QEMU was started without the file, or the cell is too long.
pub(crate) fn read_cell() -> Result<CellInput> {
    arch::with_devices(|| {
        let [cell] = find([CELL_FILE])?;
        let cell = cell.read(CELL_FILE, LONGEST_CELL)?;
        let sends_symbols = cell.last() == Some(&SENDS_SYMBOLS);
        Ok(CellInput { cell: cell.trim_ascii_end().to_vec(), sends_symbols })
    })
}

/// The files with these names. Only within [`arch::with_devices`].
///
/// # Errors
/// The name of one that is missing.
fn find<const COUNT: usize>(names: [&str; COUNT]) -> Result<[File; COUNT]> {
    let mut found = [None; COUNT];
    each_file(|name, file| {
        if let Some(place) = names.iter().position(|wanted| name == wanted.as_bytes()) {
            found[place] = Some(file);
        }
    });
    let mut files = [File { selector: 0, size: 0 }; COUNT];
    for ((file, name), found) in files.iter_mut().zip(names).zip(found) {
        *file = found.with_context(|| format!("fw_cfg lacks the file {name}"))?;
    }
    Ok(files)
}

impl File {
    fn read(self, name: &str, longest: usize) -> Result<Vec<u8>> {
        let size = self.size as usize;
        if size > longest {
            bail!("{name} has {size} bytes, more than {longest}");
        }
        arch::select_fw_cfg(self.selector);
        let mut bytes = vec![0; size];
        arch::read_fw_cfg(&mut bytes);
        Ok(bytes)
    }
}

/// Calls `found` with the name and place of each file.
fn each_file(mut found: impl FnMut(&[u8], File)) {
    arch::select_fw_cfg(DIRECTORY);
    let count = u32::from_be_bytes(read_next());
    for _ in 0..count {
        // struct FWCfgFile: size, selector, reserved, name; big endian.
        let size = u32::from_be_bytes(read_next());
        let selector = u16::from_be_bytes(read_next());
        let _reserved: [u8; 2] = read_next();
        let name: [u8; 56] = read_next();
        let end = name.iter().position(|&byte| byte == 0).unwrap_or(name.len());
        found(&name[..end], File { selector, size });
    }
}

fn read_next<const SIZE: usize>() -> [u8; SIZE] {
    let mut bytes = [0; SIZE];
    arch::read_fw_cfg(&mut bytes);
    bytes
}
