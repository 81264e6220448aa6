//! The few things hookbench asks of an ELF file: which libraries a program
//! needs, and how a kernel is entered and called. Any bytes may come in.

use std::str;

use anyhow::{Context, Result};
use object::LittleEndian;
use object::elf::{DT_NEEDED, FileHeader64};
use object::read::elf::{Dyn, FileHeader, ProgramHeader};

type Header = FileHeader64<LittleEndian>;

/// XEN_ELFNOTE_PHYS32_ENTRY: where a hypervisor enters the kernel.
const PVH_ENTRY: u32 = 18;

/// How the line begins by which every kernel names itself.
const BANNER: &[u8] = b"Linux version ";

/// Whether `bytes` begin as an ELF file does.
pub(crate) fn is_elf(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\x7fELF")
}

/// What a program or library needs to be started.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Needs {
    /// The path of the dynamic loader; none for libraries and static programs.
    pub interpreter: Option<String>,
    /// File names of libraries, in the file's order.
    pub libraries: Vec<String>,
}

/// Reads what the ELF file `bytes` needs.
///
/// # Errors
/// When it is not a 64-bit little-endian ELF file, or a damaged one.
pub(crate) fn needs(bytes: &[u8]) -> Result<Needs> {
    let header = Header::parse(bytes)?;
    let endian = header.endian()?;
    let mut needs = Needs::default();
    for segment in header.program_headers(endian, bytes)? {
        if let Some(path) = segment.interpreter(endian, bytes)? {
            needs.interpreter = Some(text(path)?);
        }
    }
    let sections = header.sections(endian, bytes)?;
    if let Some((entries, strings)) = sections.dynamic(endian, bytes)? {
        let strings = sections.strings(endian, bytes, strings)?;
        for entry in entries.iter().filter(|entry| entry.tag(endian) == DT_NEEDED) {
            needs.libraries.push(text(entry.string(endian, strings)?)?);
        }
    }
    Ok(needs)
}

/// Whether a kernel says where QEMU is to enter it.
///
/// # Errors
/// When it is not a 64-bit little-endian ELF file, or a damaged one.
pub(crate) fn has_pvh_entry(bytes: &[u8]) -> Result<bool> {
    let header = Header::parse(bytes)?;
    let endian = header.endian()?;
    for segment in header.program_headers(endian, bytes)? {
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

/// The release of a kernel, such as `6.1.0-56-cloud-amd64`.
pub(crate) fn release(kernel: &[u8]) -> Option<&str> {
    const LONGEST: usize = 64;
    let banner = kernel.windows(BANNER.len() + 1).position(|window| {
        // The kernel also has the format string, with a % in this place.
        window.starts_with(BANNER) && window[BANNER.len()].is_ascii_digit()
    })?;
    let rest = &kernel[banner + BANNER.len()..];
    let end = rest.iter().take(LONGEST).position(|byte| !byte.is_ascii_graphic())?;
    str::from_utf8(&rest[..end]).ok()
}

fn text(bytes: &[u8]) -> Result<String> {
    Ok(str::from_utf8(bytes).context("a name in the ELF file is not text")?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn this_program_needs_the_c_library() {
        let needs = needs(&std::fs::read("/proc/self/exe").unwrap()).unwrap();
        assert!(needs.libraries.iter().any(|name| name == "libc.so.6"), "{needs:?}");
        assert!(needs.interpreter.unwrap().contains("ld-linux"));
    }

    #[test]
    fn the_release_is_in_the_banner_and_not_in_its_format() {
        let kernel = b"\0Linux version %s (%s)\0...Linux version 6.1.0-56-cloud-amd64 (a@b)";
        assert_eq!(release(kernel), Some("6.1.0-56-cloud-amd64"));
        assert_eq!(release(b"Linux version 6"), None);
        assert_eq!(release(&[b"Linux version ", &[b'6'; 99][..]].concat()), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(
            at in 0_usize..4096,
            bytes in proptest::collection::vec(any::<u8>(), 1..16),
            length in 0_usize..100_000,
        ) {
            let mut program = std::fs::read("/bin/true").unwrap();
            let at = at.min(program.len() - bytes.len());
            program[at..at + bytes.len()].copy_from_slice(&bytes);
            program.truncate(length);
            let _ = (needs(&program), has_pvh_entry(&program), release(&program));
            let _ = (needs(&bytes), has_pvh_entry(&bytes), release(&bytes));
        }
    }
}
