//! Where a program's own code begins, as its ELF file says (elf.h). The loader of a dynamic program is done at the
//! program's entry point. A static program has its C library's start behind the entry point: its own code is what the
//! library calls then, constructors and `main`.

use super::start::Start;

const DYNAMIC_LOADER: u64 = 3;
const SYMBOLS: u64 = 2;

/// The places at one of which the own code of `program` begins, and what that is. `entry` is the address of its entry
/// point in memory. `None` if it is not an ELF file.
pub(super) fn places(program: &[u8], entry: u64) -> Option<(Vec<u64>, Start)> {
    let file = Elf::read(program)?;
    if file.has_loader()? {
        return Some((vec![entry], Start::OwnCode));
    }
    let moved = entry.wrapping_sub(file.field(24, 24, true)?);
    let found: Vec<u64> =
        file.own_code().unwrap_or_default().into_iter().map(|place| place.wrapping_add(moved)).collect();
    Some(if found.is_empty() { (vec![entry], Start::Entry) } else { (found, Start::OwnCode) })
}

/// A file in little-endian ELF.
struct Elf<'a> {
    bytes: &'a [u8],
    is_64_bit: bool,
}

/// A section: its address, and where its bytes and the section of its names are.
struct Section {
    kind: u64,
    address: u64,
    offset: u64,
    size: u64,
    link: u64,
    name: u64,
}

impl<'a> Elf<'a> {
    fn read(bytes: &'a [u8]) -> Option<Elf<'a>> {
        let is_64_bit = match bytes.get(..6)? {
            [0x7f, b'E', b'L', b'F', 1, 1] => false,
            [0x7f, b'E', b'L', b'F', 2, 1] => true,
            _ => return None,
        };
        Some(Elf { bytes, is_64_bit })
    }

    /// The number of `size` bytes at `at`.
    fn number(&self, at: u64, size: usize) -> Option<u64> {
        let at = usize::try_from(at).ok()?;
        let bytes = self.bytes.get(at..at.checked_add(size)?)?;
        let mut word = [0; 8];
        word[..size].copy_from_slice(bytes);
        Some(u64::from_le_bytes(word))
    }

    /// The number at one of two places: in a 32-bit file or in a 64-bit one. A long one has the size of an address.
    fn field(&self, at32: u64, at64: u64, is_long: bool) -> Option<u64> {
        match (self.is_64_bit, is_long) {
            (true, true) => self.number(at64, 8),
            (true, false) => self.number(at64, 4),
            (false, _) => self.number(at32, 4),
        }
    }

    fn half(&self, at32: u64, at64: u64) -> Option<u64> {
        self.number(if self.is_64_bit { at64 } else { at32 }, 2)
    }

    /// Whether the kernel starts a loader for it.
    fn has_loader(&self) -> Option<bool> {
        let (headers, size) = (self.field(28, 32, true)?, self.half(42, 54)?);
        let kinds = (0..self.half(44, 56)?).map(|number| self.number(headers.checked_add(number * size)?, 4));
        kinds.collect::<Option<Vec<u64>>>().map(|kinds| kinds.contains(&DYNAMIC_LOADER))
    }

    /// Where the C library first calls the program: an early constructor, `_init`, or `main`.
    fn own_code(&self) -> Option<Vec<u64>> {
        let sections = self.sections()?;
        let names = sections.get(usize::try_from(self.half(50, 62)?).ok()?)?;
        let named = |wanted: &[u8]| {
            sections.iter().find(|section| self.text(names.offset.checked_add(section.name)) == Some(wanted))
        };
        let word = if self.is_64_bit { 8 } else { 4 };
        let early = named(b".preinit_array").and_then(|section| self.number(section.offset, word));
        let begin = named(b".init").map(|section| section.address);
        let places = [early, begin, self.symbol(&sections, b"main")];
        Some(places.into_iter().flatten().filter(|place| *place != 0).collect())
    }

    fn sections(&self) -> Option<Vec<Section>> {
        let (headers, size) = (self.field(32, 40, true)?, self.half(46, 58)?);
        let read = |number: u64| {
            let at = headers.checked_add(number * size).filter(|at| *at < self.bytes.len() as u64)?;
            Some(Section {
                name: self.number(at, 4)?,
                kind: self.number(at + 4, 4)?,
                address: self.field(at + 12, at + 16, true)?,
                offset: self.field(at + 16, at + 24, true)?,
                size: self.field(at + 20, at + 32, true)?,
                link: self.field(at + 24, at + 40, false)?,
            })
        };
        (0..self.half(48, 60)?).map(read).collect()
    }

    /// The value of the symbol called `wanted`.
    fn symbol(&self, sections: &[Section], wanted: &[u8]) -> Option<u64> {
        let table = sections.iter().find(|section| section.kind == SYMBOLS)?;
        let names = sections.get(usize::try_from(table.link).ok()?)?;
        let size = if self.is_64_bit { 24 } else { 16 };
        let places = (0..table.size / size).map(|number| table.offset.checked_add(number * size));
        // A table that claims to be longer than the file ends with the file.
        let mut symbols = places.map_while(|at| Some((at?, self.number(at?, 4)?)));
        let (symbol, _) =
            symbols.find(|(_, name)| self.text(names.offset.checked_add(*name)) == Some(wanted))?;
        self.field(symbol + 4, symbol + 8, true)
    }

    /// The text at `at`, without its NUL; `None` if that is no place in the file.
    fn text(&self, at: Option<u64>) -> Option<&'a [u8]> {
        self.bytes.get(usize::try_from(at?).ok()?..)?.split(|&byte| byte == 0).next()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A static 64-bit program: `.init`, a table of symbols with `main`, and their names.
    fn program() -> Vec<u8> {
        let mut bytes = vec![0; 64];
        bytes[..6].copy_from_slice(&[0x7f, b'E', b'L', b'F', 2, 1]);
        let put = |at: usize, value: u64, size: usize, bytes: &mut Vec<u8>| {
            if bytes.len() < at + size {
                bytes.resize(at + size, 0);
            }
            bytes[at..at + size].copy_from_slice(&value.to_le_bytes()[..size]);
        };
        // The entry point; a program header that is not a loader's; four sections, of which the last has the names.
        for (at, value, size) in [(24, 0x1000, 8), (32, 64, 8), (54, 56, 2), (56, 1, 2)] {
            put(at, value, size, &mut bytes);
        }
        for (at, value, size) in [(40, 120, 8), (58, 64, 2), (60, 4, 2), (62, 3, 2), (64, 1, 4)] {
            put(at, value, size, &mut bytes);
        }
        // Name, kind, address, offset, size, link.
        let sections = [[0; 6], [1, 1, 0x2000, 0, 0, 0], [7, 2, 0, 400, 24, 3], [15, 3, 0, 424, 30, 0]];
        for (number, [name, kind, address, offset, size, link]) in sections.into_iter().enumerate() {
            let at = 120 + number * 64;
            for (place, value, length) in
                [(0, name, 4), (4, kind, 4), (16, address, 8), (24, offset, 8), (32, size, 8), (40, link, 4)]
            {
                put(at + place, value, length, &mut bytes);
            }
        }
        put(400, 22, 4, &mut bytes);
        put(408, 0x3000, 8, &mut bytes);
        bytes.resize(424, 0);
        bytes.extend(b"\0.init\0.symtab\0.shstr\0main\0");
        bytes
    }

    #[test]
    fn a_static_program_begins_with_what_its_c_library_calls() {
        let program = program();
        assert_eq!(places(&program, 0x1000), Some((vec![0x2000, 0x3000], Start::OwnCode)));
        // It is moved.
        assert_eq!(places(&program, 0x9000), Some((vec![0xa000, 0xb000], Start::OwnCode)));
    }

    #[test]
    fn sections_that_lie_are_survived() {
        let whole = program();
        for at in 0..whole.len() {
            for value in [0, 1, 0x7f, 0xff] {
                let mut program = whole.clone();
                program[at..whole.len().min(at + 8)].fill(value);
                let _ = places(&program, 0x1000);
                let _ = places(&program[..at], 0x1000);
            }
        }
    }

    #[test]
    fn a_dynamic_program_begins_at_its_entry_and_so_does_one_without_sections() {
        let mut program = program();
        program[60] = 0;
        assert_eq!(places(&program, 0x1000), Some((vec![0x1000], Start::Entry)));
        program[64] = 3;
        assert_eq!(places(&program, 0x1000), Some((vec![0x1000], Start::OwnCode)));
        assert_eq!(places(b"#!/bin/sh", 0), None);
    }
}
