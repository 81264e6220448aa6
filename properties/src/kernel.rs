//! Kernel images, packed or not, and other ELF files.

use hookbench_vm::{elf, vmlinux};

use crate::memory;

/// Unpacking a kernel keeps the limits on its size and on memory. The names read from an
/// ELF file are in that file.
pub fn holds(bytes: &[u8]) {
    const LARGEST: usize = 1 << 20;
    // A vector that grows doubles; a block of LZ4's is 8 MiB.
    let room = 3 * LARGEST + (9 << 20) + 3 * bytes.len();
    let file = bytes.to_vec();
    match memory::within(room, || vmlinux::extract(file, LARGEST as u64)) {
        Ok(kernel) => {
            assert!(kernel.len() <= LARGEST.max(bytes.len()));
            assert!(elf::has_pvh_entry(&kernel).expect("an ELF file"));
        }
        Err(error) => assert!(format!("{error:#}").len() < 2_000),
    }
    // A thousand names of one page each, and their vector.
    if let Ok(needs) = memory::within(5 << 20, || elf::needs(bytes)) {
        for name in needs.libraries.iter().chain(&needs.interpreter) {
            assert!(
                bytes.windows(name.len().max(1)).any(|window| window == name.as_bytes()) || name.is_empty()
            );
        }
    }
    if let Some(release) = elf::release(bytes) {
        assert!(release.len() <= 64 && release.starts_with(|c: char| c.is_ascii_digit()));
        assert!(release.chars().all(|c| c.is_ascii_graphic()));
    }
}
