//! Reads the facts that hookbench needs from an ELF file: the modules that a module
//! needs, a kernel's entry and release. `dynamic.rs` reads what programs need. The bytes
//! may be anything.

use std::str;

use anyhow::{Context, Result, ensure};
use object::LittleEndian;
use object::elf::FileHeader64;
use object::read::elf::{FileHeader, ProgramHeader, SectionHeader};

pub(super) type Header = FileHeader64<LittleEndian>;

/// XEN_ELFNOTE_PHYS32_ENTRY: the address where a hypervisor enters the kernel.
const PVH_ENTRY: u32 = 18;

/// The most bytes of a name, which is Linux's PATH_MAX. Many entries of a file can point
/// to one name.
const LONGEST_NAME: usize = 4096;
/// The most libraries that a program needs, and the most segments that it has.
pub(super) const MOST: usize = 1024;

/// The beginning of the line with which every kernel introduces itself.
const BANNER: &[u8] = b"Linux version ";

/// Whether `bytes` begin like an ELF file.
pub fn is_elf(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\x7fELF")
}

/// Returns the names of the kernel modules that the module `bytes` says it needs.
///
/// # Errors
/// When `bytes` are not a 64-bit little-endian ELF file, or a damaged one.
pub fn needed_modules(bytes: &[u8]) -> Result<Vec<String>> {
    let header = Header::parse(bytes)?;
    let endian = header.endian()?;
    let sections = header.sections(endian, bytes)?;
    let Some((_, section)) = sections.section_by_name(endian, b".modinfo") else { return Ok(Vec::new()) };
    let mut facts = section.data(endian, bytes)?.split(|byte| *byte == 0);
    let Some(names) = facts.find_map(|fact| fact.strip_prefix(b"depends=")) else { return Ok(Vec::new()) };
    let names: Vec<String> =
        text(names)?.split(',').filter(|name| !name.is_empty()).map(String::from).collect();
    ensure!(names.len() <= MOST, "the module needs more than {MOST} others");
    Ok(names)
}

/// Whether a kernel names the address where QEMU enters it.
///
/// # Errors
/// When `bytes` are not a 64-bit little-endian ELF file, or a damaged one.
pub fn has_pvh_entry(bytes: &[u8]) -> Result<bool> {
    let header = Header::parse(bytes)?;
    let endian = header.endian()?;
    let segments = header.program_headers(endian, bytes)?;
    // Each segment may be the whole file, and reading many would take hours.
    ensure!(segments.len() <= MOST, "the ELF file has more than {MOST} segments");
    for segment in segments {
        let Some(mut notes) = segment.notes(endian, bytes)? else {
            continue;
        };
        while let Some(note) = notes.next()? {
            if note.name() == b"Xen" && note.n_type(endian) == PVH_ENTRY {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// Returns the release of a kernel, for example `6.1.0-56-cloud-amd64`.
pub fn release(kernel: &[u8]) -> Option<&str> {
    const LONGEST: usize = 64;
    let banner = kernel.windows(BANNER.len() + 1).position(|window| {
        // The kernel also contains the format string, with a % in this place.
        window.starts_with(BANNER) && window[BANNER.len()].is_ascii_digit()
    })?;
    let rest = &kernel[banner + BANNER.len()..];
    let end = rest.iter().take(LONGEST).position(|byte| !byte.is_ascii_graphic())?;
    str::from_utf8(&rest[..end]).ok()
}

pub(super) fn text(bytes: &[u8]) -> Result<String> {
    ensure!(bytes.len() <= LONGEST_NAME, "a name in the ELF file is longer than {LONGEST_NAME} bytes");
    Ok(str::from_utf8(bytes).context("a name in the ELF file is not text")?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_release_is_in_the_banner_and_not_in_its_format() {
        let kernel = b"\0Linux version %s (%s)\0...Linux version 6.1.0-56-cloud-amd64 (a@b)";
        assert_eq!(release(kernel), Some("6.1.0-56-cloud-amd64"));
        assert_eq!(release(b"Linux version 6"), None);
        assert_eq!(release(&[b"Linux version ", &[b'6'; 99][..]].concat()), None);
    }
}
