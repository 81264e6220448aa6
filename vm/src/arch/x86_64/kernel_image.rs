//! The kernel images of x86-64: where the compressed kernel lies in a bzImage,
//! and whether QEMU can start an unpacked kernel. `kernel/vmlinux.rs` unpacks.

use anyhow::{Context, Result, ensure};

use crate::files::elf;

/// The first boot protocol that says where the compressed kernel lies.
const PROTOCOL: u16 = 0x208;

/// Returns the compressed kernel of a bzImage.
///
/// # Errors
/// When `image` is no bzImage, has an older boot protocol, or is cut off.
pub(crate) fn compressed_kernel(image: &[u8]) -> Result<&[u8]> {
    let boot_flag = bytes_at::<2>(image, 0x1fe).map(u16::from_le_bytes);
    let is_kernel = boot_flag == Some(0xaa55) && image.get(0x202..0x206) == Some(b"HdrS");
    ensure!(is_kernel, "not a kernel: neither an x86 bzImage nor an ELF vmlinux");
    let protocol = bytes_at(image, 0x206).map_or(0, u16::from_le_bytes);
    ensure!(
        protocol >= PROTOCOL,
        "the bzImage has boot protocol {protocol:#x}; hookbench reads {PROTOCOL:#x} (Linux 2.6.26) and later"
    );
    let sectors = match image.get(0x1f1) {
        // The protocol's rule for kernels before 1.3.
        Some(0) => 4,
        Some(&sectors) => usize::from(sectors),
        None => 0,
    };
    let field = |at| bytes_at(image, at).map_or(0, u32::from_le_bytes) as usize;
    let begin = ((sectors + 1) * 512).saturating_add(field(0x248));
    let payload = image.get(begin..begin.saturating_add(field(0x24c)));
    payload.context("the bzImage is cut off: its compressed kernel reaches beyond its end")
}

fn bytes_at<const N: usize>(image: &[u8], at: usize) -> Option<[u8; N]> {
    image.get(at..at + N)?.try_into().ok()
}

/// Checks that QEMU can start the ELF file `vmlinux` directly.
///
/// # Errors
/// When the file is damaged, or its kernel has no PVH entry.
pub(crate) fn check_entry(vmlinux: &[u8]) -> Result<()> {
    ensure!(
        elf::has_pvh_entry(vmlinux).context("failed to read the kernel's ELF file")?,
        "it is an ELF file without a PVH entry, which a kernel has with CONFIG_PVH=y"
    );
    Ok(())
}
