//! The smallest programs that the kernel executes: ELF headers around machine code that needs no fixed address. Ways
//! write them where they need a program of a certain kind: of 32 bits, with an executable stack, with another file as
//! its interpreter.

/// Where programs are loaded, unless they say otherwise.
pub(crate) const BASE: u32 = 0x0040_0000;

const PAGE: u32 = 4096;
const LOAD: u32 = 1;
const INTERPRETER: u32 = 3;
const STACK: u32 = 0x6474_e551;
const READ_EXECUTE: u32 = 5;
const READ_WRITE: u32 = 6;

/// For whom the machine code is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// x86-64.
    Bits64,
    /// i386.
    Bits32,
}

/// A program: one segment with everything in it, and no libraries.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Program<'a> {
    /// For whom the code is.
    pub(crate) class: Class,
    /// The code, which begins at its first byte, and the data that it looks for behind itself.
    pub(crate) code: &'a [u8],
    /// Where it is loaded.
    pub(crate) base: u32,
    /// The file that the kernel maps and runs first, as it does with the dynamic loader.
    pub(crate) interpreter: Option<&'a str>,
    /// Whether it asks for an executable stack.
    pub(crate) runs_its_stack: bool,
}

impl<'a> Program<'a> {
    /// A program without an interpreter and with an ordinary stack. For `..Program::of(…)`.
    pub(crate) const fn of(class: Class, code: &'a [u8]) -> Program<'a> {
        Program { class, code, base: BASE, interpreter: None, runs_its_stack: false }
    }

    /// The bytes of its file.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let segments = if self.interpreter.is_some() { 3 } else { 2 };
        let (header, entry) = match self.class {
            Class::Bits64 => (64, 56),
            Class::Bits32 => (52, 32),
        };
        let begin = header + segments * entry;
        let name = self.interpreter.map(|name| [name.as_bytes(), b"\0"].concat()).unwrap_or_default();
        let used = begin + (self.code.len() + name.len()) as u32;
        // Kernels zero what is behind an interpreter in its last page, and give up if that is not writable. So the
        // last page is full.
        let end = used.next_multiple_of(PAGE);
        let mut bytes = self.header(self.base + begin, segments as u16);
        if self.interpreter.is_some() {
            let size = name.len() as u32;
            self.segment(&mut bytes, INTERPRETER, READ_EXECUTE, (used - size, size), 1);
        }
        self.segment(&mut bytes, LOAD, READ_EXECUTE, (0, end), PAGE);
        let stack = if self.runs_its_stack { READ_WRITE | READ_EXECUTE } else { READ_WRITE };
        self.segment(&mut bytes, STACK, stack, (0, 0), 16);
        bytes.extend(self.code);
        bytes.extend(name);
        bytes.resize(end as usize, 0);
        bytes
    }

    fn header(&self, begin: u32, segments: u16) -> Vec<u8> {
        let (class, machine, header, entry) = match self.class {
            Class::Bits64 => (2, 62_u16, 64_u16, 56_u16),
            Class::Bits32 => (1, 3, 52, 32),
        };
        let mut bytes = vec![0x7f, b'E', b'L', b'F', class, 1, 1];
        bytes.resize(16, 0);
        bytes.extend([2_u16, machine].map(u16::to_le_bytes).concat());
        bytes.extend(1_u32.to_le_bytes());
        // The entry, the offset of the segments, and that of the sections, of which it has none.
        for value in [begin, header.into(), 0] {
            self.word(&mut bytes, value);
        }
        bytes.extend(0_u32.to_le_bytes());
        bytes.extend([header, entry, segments, 0, 0, 0].map(u16::to_le_bytes).concat());
        bytes
    }

    fn segment(&self, bytes: &mut Vec<u8>, kind: u32, flags: u32, (offset, size): (u32, u32), align: u32) {
        let address = if size == 0 { 0 } else { self.base + offset };
        bytes.extend(kind.to_le_bytes());
        if self.class == Class::Bits64 {
            bytes.extend(flags.to_le_bytes());
        }
        for value in [offset, address, address, size, size] {
            self.word(bytes, value);
        }
        if self.class == Class::Bits32 {
            bytes.extend(flags.to_le_bytes());
        }
        self.word(bytes, align);
    }

    fn word(&self, bytes: &mut Vec<u8>, value: u32) {
        match self.class {
            Class::Bits64 => bytes.extend(u64::from(value).to_le_bytes()),
            Class::Bits32 => bytes.extend(value.to_le_bytes()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_entry_is_the_first_byte_of_the_code() {
        for (class, at) in [(Class::Bits64, 64 + 3 * 56), (Class::Bits32, 52 + 3 * 32)] {
            let interpreter = Some("/it");
            let bytes = Program { interpreter, ..Program::of(class, &[0xc3]) }.bytes();
            assert_eq!(bytes[at..at + 5], [0xc3, b'/', b'i', b't', 0]);
            assert_eq!(bytes.len(), 4096);
            assert_eq!(bytes[24..28], (BASE + at as u32).to_le_bytes());
        }
    }
}
