//! Kernel images, packed or not, and programs: what ELF files contain.

use hookbench_vm::{elf, vmlinux};

use crate::memory;

/// Unpacking a kernel stays within the given bound, and everything found in an ELF file is
/// part of it.
pub fn holds(bytes: &[u8]) {
    const LARGEST: usize = 1 << 20;
    // A growing vector doubles, and an LZ4 block has 8 MiB.
    let room = 3 * LARGEST + (9 << 20) + 3 * bytes.len();
    let file = bytes.to_vec();
    match memory::within(room, || vmlinux::extract(file, LARGEST as u64)) {
        Ok(kernel) => {
            assert!(kernel.len() <= LARGEST.max(bytes.len()));
            assert!(elf::has_pvh_entry(&kernel).expect("an ELF file"));
        }
        Err(error) => assert!(format!("{error:#}").len() < 2_000),
    }
    // A thousand names of a page each, and their vector.
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
