//! An argument of a system call in a file, and its meaning. The calls themselves are read in `file.rs`.

use std::collections::BTreeMap;

use hookbench_model::custom_workload::{Argument, Expect, Memory};
use serde::Deserialize;

use super::constants::{CONSTANTS, ERRORS, find};
use super::nearest;

/// An argument.
#[derive(Debug, Clone, Deserialize)]
#[serde(
    untagged,
    expecting = "an argument is a number, a text (flags as in \"O_RDONLY|O_CLOEXEC\", \"$RESULT\", \"&MEMORY\"), \
                 { path = TEXT }, { buffer = SIZE }, { bytes = [BYTE, …] } or { word = MEMORY, at = OFFSET }"
)]
pub(super) enum Raw {
    Number(i64),
    Text(String),
    Path(Path),
    Buffer(Buffer),
    Bytes(Bytes),
    Word(Word),
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Path {
    path: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Buffer {
    buffer: u32,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Bytes {
    bytes: Vec<u8>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Word {
    word: String,
    #[serde(default)]
    at: u32,
}

/// Memory with a name.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged, expecting = "memory is a size in bytes, a text, or a list of bytes")]
pub(super) enum RawMemory {
    Size(u32),
    Text(String),
    Bytes(Vec<u8>),
}

impl RawMemory {
    /// A text ends with a zero byte, as the kernel wants it.
    pub(super) fn read(self) -> Memory {
        let (least, bytes) = match self {
            RawMemory::Size(size) => (size, Vec::new()),
            RawMemory::Text(text) => (0, [text.as_bytes(), &[0]].concat()),
            RawMemory::Bytes(bytes) => (0, bytes),
        };
        Memory { size: least.max(u32::try_from(bytes.len()).unwrap_or(u32::MAX)), bytes }
    }
}

/// What a call has to return, as written in a file.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged, expecting = "a number, \">=NUMBER\", \"any\" or an error, as in \"ENOENT\"")]
pub(super) enum RawExpect {
    Number(i64),
    Text(String),
}

impl RawExpect {
    pub(super) fn read(&self) -> Result<Expect, String> {
        let text = match self {
            RawExpect::Number(number) => return Ok(Expect::Exactly(*number)),
            RawExpect::Text(text) => text.trim(),
        };
        if text == "any" {
            return Ok(Expect::Anything);
        }
        if let Some(least) = text.strip_prefix(">=") {
            let least = least.trim().parse().map_err(|_| format!("{least:?} is not a number"))?;
            return Ok(Expect::AtLeast(least));
        }
        find(ERRORS, text).map(|number| Expect::Exactly(-number)).ok_or_else(|| {
            let near = nearest(text, ERRORS.iter().map(|(name, _)| *name));
            format!("{text:?} is not \">=NUMBER\", \"any\" or a known error; similar errors: {near}")
        })
    }
}

/// What arguments may refer to, as far as the file has been read.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) memory: Vec<Memory>,
    pub(super) named: BTreeMap<String, u32>,
    pub(super) results: BTreeMap<String, u32>,
}

impl Known {
    /// The meaning of `raw`.
    pub(super) fn read(&mut self, raw: Raw) -> Result<Argument, String> {
        match raw {
            Raw::Number(number) => Ok(Argument::Number(number)),
            Raw::Text(text) => self.text(&text),
            Raw::Path(Path { path }) => Ok(self.new_memory(RawMemory::Text(path))),
            Raw::Buffer(Buffer { buffer }) => Ok(self.new_memory(RawMemory::Size(buffer))),
            Raw::Bytes(Bytes { bytes }) => Ok(self.new_memory(RawMemory::Bytes(bytes))),
            Raw::Word(Word { word, at }) => {
                let place = self.place(&word)?;
                let size = self.memory.get(place as usize).map_or(0, |memory| memory.size);
                match at.checked_add(4).is_some_and(|end| end <= size) {
                    true => Ok(Argument::Word(place, at)),
                    false => Err(format!("the memory {word:?} has {size} bytes, so no 4 bytes at {at}")),
                }
            }
        }
    }

    fn new_memory(&mut self, raw: RawMemory) -> Argument {
        let place = self.memory.len() as u32;
        self.memory.push(raw.read());
        Argument::Address(place)
    }

    fn place(&self, name: &str) -> Result<u32, String> {
        self.named
            .get(name)
            .copied()
            .ok_or_else(|| format!("no memory is called {name:?}; [memory] has: {}", keys(&self.named)))
    }

    fn text(&self, text: &str) -> Result<Argument, String> {
        if let Some(name) = text.strip_prefix('$') {
            return self.results.get(name).copied().map(Argument::Result).ok_or_else(|| {
                format!("no earlier call has the result {name:?}; there are: {}", keys(&self.results))
            });
        }
        if let Some(name) = text.strip_prefix('&') {
            return self.place(name).map(Argument::Address);
        }
        text.split('|').try_fold(0, |all, word| Ok(all | number(word.trim())?)).map(Argument::Number)
    }
}

fn keys(names: &BTreeMap<String, u32>) -> String {
    match names.is_empty() {
        true => "none".into(),
        false => names.keys().map(String::as_str).collect::<Vec<_>>().join(", "),
    }
}

/// A constant by its name, or a number.
fn number(word: &str) -> Result<i64, String> {
    let written = match word.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok().map(u64::cast_signed),
        None => word.parse().ok(),
    };
    written.or_else(|| find(CONSTANTS, word)).ok_or_else(|| {
        let near = nearest(word, CONSTANTS.iter().map(|(name, _)| *name));
        format!("unknown constant {word:?}; write its number, or one of these: {near}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_combined() {
        let known = Known::default();
        assert_eq!(known.text("O_RDWR | O_CLOEXEC|0x1"), Ok(Argument::Number(0o2_000_003)));
        assert_eq!(known.text("AT_FDCWD"), Ok(Argument::Number(-100)));
        assert!(known.text("O_RDONLYY").unwrap_err().contains("O_RDONLY"));
        assert!(known.text("$fd").unwrap_err().contains("there are: none"));
    }

    #[test]
    fn results_are_expected_by_name_and_number() {
        let read = |text: &str| RawExpect::Text(text.into()).read();
        assert_eq!(read(">= 3"), Ok(Expect::AtLeast(3)));
        assert_eq!(read("ENOENT"), Ok(Expect::Exactly(-2)));
        assert_eq!(read("any"), Ok(Expect::Anything));
        assert!(read("ENOEN").unwrap_err().contains("ENOENT"));
    }

    #[test]
    fn a_word_lies_within_its_memory() {
        let mut known = Known { memory: vec![RawMemory::Size(8).read()], ..Known::default() };
        known.named.insert("pair".into(), 0);
        let word = |at| Raw::Word(Word { word: "pair".into(), at });
        assert_eq!(known.read(word(4)), Ok(Argument::Word(0, 4)));
        assert!(known.read(word(5)).is_err() && known.read(word(u32::MAX)).is_err());
    }
}
