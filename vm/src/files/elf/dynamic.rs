//! What a program or library of the guest's architecture names as needed: its loader,
//! its libraries and the folders to search for them. hookbench reads the segments, as
//! the kernel and the loader do. The bytes may be anything.

use anyhow::{Context, Result, ensure};
use object::LittleEndian;
use object::elf::{DT_NEEDED, DT_NULL, DT_RPATH, DT_RUNPATH, DT_STRSZ, DT_STRTAB, Dyn64, ET_DYN, ET_EXEC};
use object::read::elf::{Dyn, FileHeader, ProgramHeader};

use super::facts::{Header, MOST, is_elf, text};
use crate::arch::ELF_MACHINE;

/// What a program or library needs to start.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Needs {
    /// The path of the dynamic loader. Libraries and static programs have none.
    pub interpreter: Option<String>,
    /// The file names of libraries, in the file's order.
    pub libraries: Vec<String>,
    /// The folders to search first, for example `$ORIGIN/../lib`.
    pub folders: Vec<String>,
    /// Whether the libraries that it loads search these folders, too.
    pub inherited: bool,
}

/// Returns what `bytes` need if they are a program or a library that the guest can
/// load. `None` for any other file: text, objects, files for another machine, and
/// damaged files.
pub fn program_needs(bytes: &[u8]) -> Option<Needs> {
    let header = is_elf(bytes).then(|| Header::parse(bytes).ok()).flatten()?;
    let endian = header.endian().ok()?;
    let is_loadable = [ET_EXEC, ET_DYN].contains(&header.e_type(endian));
    let is_program = is_loadable && header.e_machine(endian) == ELF_MACHINE;
    is_program.then(|| needs(bytes).ok()).flatten()
}

/// Returns what the ELF file `bytes` needs.
///
/// # Errors
/// When `bytes` are not a 64-bit little-endian ELF file, or a damaged one.
pub fn needs(bytes: &[u8]) -> Result<Needs> {
    let header = Header::parse(bytes)?;
    let endian = header.endian()?;
    let mut needs = Needs::default();
    let segments = header.program_headers(endian, bytes)?;
    ensure!(segments.len() <= MOST, "the ELF file has more than {MOST} segments");
    for segment in segments {
        if let Some(path) = segment.interpreter(endian, bytes)? {
            needs.interpreter = Some(text(path)?);
        }
    }
    let mut dynamic = None;
    for segment in segments {
        dynamic = dynamic.or(segment.dynamic(endian, bytes)?);
    }
    let Some(entries) = dynamic else { return Ok(needs) };
    let end = entries.iter().position(|entry| entry.tag(endian) == DT_NULL).unwrap_or(entries.len());
    let entries = &entries[..end];
    let value = |tag| entries.iter().find(|entry| entry.tag(endian) == tag).map(|entry| entry.val(endian));
    let (Some(address), Some(size)) = (value(DT_STRTAB), value(DT_STRSZ)) else { return Ok(needs) };
    let mut strings = None;
    for segment in segments.iter().filter(|segment| segment.p_type(endian) == object::elf::PT_LOAD) {
        strings = strings.or(segment.data_range(endian, bytes, address, size).ok().flatten());
    }
    let strings = strings.context("the names in the ELF file are in none of its segments")?;
    needs.read(entries, strings)?;
    Ok(needs)
}

impl Needs {
    fn read(&mut self, entries: &[Dyn64<LittleEndian>], strings: &[u8]) -> Result<()> {
        let endian = LittleEndian;
        for entry in entries.iter().filter(|entry| entry.tag(endian) == DT_NEEDED) {
            ensure!(self.libraries.len() < MOST, "the ELF file needs more than {MOST} libraries");
            self.libraries.push(name_at(strings, entry.val(endian))?);
        }
        // The loader ignores the old list if there is a new one.
        let last = |tag| entries.iter().rfind(|entry| entry.tag(endian) == tag);
        let Some(list) = last(DT_RUNPATH).or(last(DT_RPATH)) else { return Ok(()) };
        let folders = name_at(strings, list.val(endian))?;
        self.folders = folders.split(':').filter(|folder| !folder.is_empty()).map(String::from).collect();
        self.inherited = list.tag(endian) == DT_RPATH;
        Ok(())
    }
}

/// Returns the name that begins at `offset` and ends with a zero byte.
fn name_at(strings: &[u8], offset: u64) -> Result<String> {
    let rest = usize::try_from(offset).ok().and_then(|offset| strings.get(offset..));
    let rest = rest.context("a name in the ELF file is outside its names")?;
    text(rest.split(|byte| *byte == 0).next().unwrap_or_default())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Returns a library whose dynamic segment has `entries`: tags, and the places of
    /// names in `names`. It has no sections.
    pub(crate) fn library(entries: &[(u64, u64)], names: &[u8]) -> Vec<u8> {
        let words = |words: &[u64]| words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<u8>>();
        let (dynamic, size) = (64 + 2 * 56, 16 * (entries.len() + 3));
        let at = (dynamic + size) as u64;
        let whole = at + names.len() as u64;
        let mut file = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0\x3e\0\x01\0\0\0".to_vec();
        file.extend(words(&[0, 64, 0]));
        // Flags; then sizes and numbers of 16 bits: header, segments, sections.
        file.extend([0, 0, 0, 0, 64, 0, 56, 0, 2, 0, 64, 0, 0, 0, 0, 0]);
        file.extend(words(&[1, 0, 0, 0, whole, whole, 1]));
        file.extend(words(&[2, dynamic as u64, dynamic as u64, 0, size as u64, size as u64, 8]));
        entries.iter().for_each(|(tag, value)| file.extend(words(&[*tag, *value])));
        file.extend(words(&[5, at, 10, names.len() as u64, 0, 0]));
        file.extend(names);
        file
    }

    #[test]
    fn this_program_needs_the_c_library() {
        let needs = program_needs(&std::fs::read("/proc/self/exe").unwrap()).unwrap();
        assert!(needs.libraries.iter().any(|name| name == "libc.so.6"), "{needs:?}");
        assert!(needs.interpreter.unwrap().contains("ld-linux"));
    }

    #[test]
    fn folders_are_those_of_the_newer_list() {
        let names = b"\0liba.so\0/a:$ORIGIN/b\0/old\0";
        let both = program_needs(&library(&[(1, 1), (15, 22), (29, 9)], names)).unwrap();
        assert_eq!((both.libraries, both.inherited), (vec!["liba.so".to_owned()], false));
        assert_eq!(both.folders, ["/a", "$ORIGIN/b"]);
        let old = program_needs(&library(&[(15, 22)], names)).unwrap();
        assert_eq!((old.folders, old.inherited), (vec!["/old".to_owned()], true));
    }

    #[test]
    fn a_file_that_the_guest_cannot_load_is_data() {
        let whole = library(&[(1, 0)], b"liba.so\0");
        assert!(program_needs(&whole).is_some());
        let changed = |at: usize, to: u8| {
            let mut bytes = whole.clone();
            bytes[at] = to;
            program_needs(&bytes)
        };
        // 32 bits, big-endian, an object, a core file, a BPF object, Arm, no machine (Guile's).
        for (at, to) in [(4, 1), (5, 2), (16, 1), (16, 4), (18, 247), (18, 183), (18, 0)] {
            assert_eq!(changed(at, to), None, "byte {at} is {to}");
        }
        for length in [0, 4, 16, 63, 100, 200, whole.len() - 9] {
            assert_eq!(program_needs(&whole[..length]), None, "{length} bytes");
        }
        assert_eq!(program_needs(b"\xa7\r\r\n\0\0\0\0"), None);
    }

    #[test]
    fn many_entries_of_one_long_name_are_refused() {
        let error_of = |name: &[u8], entries: usize| {
            needs(&library(&vec![(1, 0); entries], &[name, b"\0"].concat())).unwrap_err().to_string()
        };
        assert_eq!(error_of(&[b'a'; 5000], 1), "a name in the ELF file is longer than 4096 bytes");
        assert_eq!(error_of(b"a", 2000), "the ELF file needs more than 1024 libraries");
    }
}
