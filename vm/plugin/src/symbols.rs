// SPDX-License-Identifier: GPL-2.0-or-later
//! The kernel's functions as hookbench lists them: a line with the address of each, in hexadecimal, and what kind of
//! function it is. The last line is the end of the kernel's code. Names are hookbench's business.

use std::fmt;
use std::fs;
use std::path::Path;

/// Where the kernel's half of the address space begins.
const KERNEL: u64 = 1 << 63;

/// What reaches a function, if not only calls and jumps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entry {
    /// Only calls and jumps.
    None,
    /// A fault, after which the kernel repeats the instruction.
    Fault,
    /// Another exception, or an interrupt.
    Interrupt,
    /// The first instruction of a new task.
    Task,
}

/// Code, as far as its address tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Code {
    /// A program's. All programs are one.
    User,
    /// That of the kernel's function at this address.
    Known(u64, Entry),
    /// Code that the kernel made or loaded: BPF programs, trampolines, modules.
    Dynamic,
}

/// The kernel's functions.
#[derive(Debug, Default)]
pub(crate) struct Symbols {
    functions: Vec<(u64, Entry)>,
    end: u64,
}

/// A text that is not a list of functions.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NotSymbols {
    line: usize,
}

impl fmt::Display for NotSymbols {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {} is not a function, or not in order", self.line)
    }
}

impl Symbols {
    /// Reads the list in the file at `path`.
    ///
    /// # Errors
    /// What is wrong with the file.
    pub(crate) fn open(path: &Path) -> Result<Symbols, String> {
        let text = fs::read_to_string(path)
            .map_err(|error| format!("failed to read {}: {error}", path.display()))?;
        Symbols::read(&text).map_err(|error| format!("{}: {error}", path.display()))
    }

    /// Reads the list.
    ///
    /// # Errors
    /// When it has no end, is not sorted, or has a line that is not a function.
    pub(crate) fn read(text: &str) -> Result<Symbols, NotSymbols> {
        let mut functions: Vec<(u64, Entry)> = Vec::new();
        for (number, line) in text.lines().enumerate() {
            let wrong = NotSymbols { line: number + 1 };
            let (address, kind) = line.split_once(' ').unwrap_or((line, ""));
            let Ok(address) = u64::from_str_radix(address, 16) else { return Err(wrong) };
            if address < KERNEL || functions.last().is_some_and(|(last, _)| *last >= address) {
                return Err(wrong);
            }
            let entry = match kind {
                "" => Entry::None,
                "fault" => Entry::Fault,
                "interrupt" => Entry::Interrupt,
                "task" => Entry::Task,
                "end" => return Ok(Symbols { functions, end: address }),
                _ => return Err(wrong),
            };
            functions.push((address, entry));
        }
        Err(NotSymbols { line: text.lines().count() + 1 })
    }

    /// Returns what is at `address`.
    pub(crate) fn at(&self, address: u64) -> Code {
        if address < KERNEL {
            return Code::User;
        }
        let after = self.functions.partition_point(|(begin, _)| *begin <= address);
        match after.checked_sub(1).map(|index| self.functions[index]) {
            Some((begin, entry)) if address < self.end => Code::Known(begin, entry),
            _ => Code::Dynamic,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LIST: &str =
        "ffffffff81000000\nffffffff81000100 fault\nffffffff81000180 interrupt\nffffffff81000200 end\n";

    #[test]
    fn an_address_belongs_to_the_function_that_begins_before_it() {
        let symbols = Symbols::read(LIST).unwrap();
        let begin = 0xffff_ffff_8100_0000;
        assert_eq!(symbols.at(0x401000), Code::User);
        assert_eq!(symbols.at(begin - 1), Code::Dynamic);
        assert_eq!(symbols.at(begin), Code::Known(begin, Entry::None));
        assert_eq!(symbols.at(begin + 0xff), Code::Known(begin, Entry::None));
        assert_eq!(symbols.at(begin + 0x100), Code::Known(begin + 0x100, Entry::Fault));
        assert_eq!(symbols.at(begin + 0x1ff), Code::Known(begin + 0x180, Entry::Interrupt));
        assert_eq!(symbols.at(begin + 0x200), Code::Dynamic);
        assert_eq!(symbols.at(0xffff_ffff_c000_0000), Code::Dynamic);
    }

    #[test]
    fn a_list_without_an_end_or_an_order_is_refused() {
        for (text, line) in [
            ("", 1),
            ("ffffffff81000000\n", 2),
            ("ffffffff81000000\nffffffff81000000 end\n", 2),
            ("ffffffff81000000 call\n", 1),
            ("1000 end", 1),
            ("x", 1),
        ] {
            assert_eq!(Symbols::read(text).unwrap_err(), NotSymbols { line }, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic(text in "(([89a-f][0-9a-f]{15}|\\PC*)( (fault|end|task))?\n){0,5}", address: u64) {
            if let Ok(symbols) = Symbols::read(&text) {
                symbols.at(address);
            }
        }
    }
}
