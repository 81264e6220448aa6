//! Shows a guest's console while the guest runs: the new part of its file, as
//! text that a terminal does not obey.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// Shows a part of a console. A part may begin and end within a line.
pub type Show = fn(&str);

/// The most bytes that [`Tail::follow`] reads at a time.
const LONGEST_READ: u64 = 1 << 20;

/// Follows the file of a guest's console.
pub(super) struct Tail {
    path: PathBuf,
    show: Option<Show>,
    offset: u64,
    /// Bytes that cannot be shown yet: an incomplete character, or a carriage return.
    rest: Vec<u8>,
}

impl Tail {
    pub(super) fn new(path: &Path, show: Option<Show>) -> Tail {
        Tail { path: path.into(), show, offset: 0, rest: Vec::new() }
    }

    /// Shows new text, a bounded part at a time. A console that cannot be read
    /// does not fail the cell.
    pub(super) fn follow(&mut self) {
        let Some(show) = self.show else { return };
        let mut new = Vec::new();
        let read = File::open(&self.path).and_then(|mut file| {
            file.seek(SeekFrom::Start(self.offset))?;
            file.take(LONGEST_READ).read_to_end(&mut new)
        });
        self.offset += read.unwrap_or(0) as u64;
        if new.is_empty() {
            return;
        }
        self.rest.append(&mut new);
        let (text, shown) = harmless(&self.rest);
        self.rest.drain(..shown);
        if !text.is_empty() {
            show(&text);
        }
    }
}

/// Returns `bytes` as text that neither moves a cursor nor changes the direction
/// of writing, and how many bytes that text stands for. The beginning of something
/// incomplete is left for later.
pub fn harmless(bytes: &[u8]) -> (String, usize) {
    let incomplete = match bytes {
        [.., b'\r'] => 1,
        _ => bytes.utf8_chunks().last().map_or(0, |chunk| match std::str::from_utf8(chunk.invalid()) {
            Err(error) if error.error_len().is_none() => chunk.invalid().len(),
            _ => 0,
        }),
    };
    let complete = &bytes[..bytes.len() - incomplete];
    let mut text = String::new();
    for chunk in complete.utf8_chunks() {
        for c in chunk.valid().replace("\r\n", "\n").chars() {
            match c {
                '\n' | '\t' => text.push(c),
                _ if c.is_control() || is_unseen(c) => text.extend(c.escape_default()),
                _ => text.push(c),
            }
        }
        chunk.invalid().iter().for_each(|byte| text += &format!("\\x{byte:02x}"));
    }
    (text, complete.len())
}

/// Whether `c` is an invisible character that hides or reorders other characters.
pub fn is_unseen(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::sync::Mutex;

    fn text(bytes: &[u8]) -> String {
        harmless(bytes).0
    }

    #[test]
    fn text_for_a_terminal_has_no_control_characters() {
        assert_eq!(text(b"a\r\n\tb \x1b[2J\x07\r\rc\xff"), "a\n\tb \\u{1b}[2J\\u{7}\\r\\rc\\xff");
        assert_eq!(text("é\u{202e}x\u{9b}31m".as_bytes()), "é\\u{202e}x\\u{9b}31m");
    }

    #[test]
    fn an_incomplete_character_waits_for_its_end() {
        assert_eq!(harmless(b"a\r"), ("a".into(), 1));
        assert_eq!(harmless(b"a\xe2\x82"), ("a".into(), 1));
        assert_eq!(harmless("a€".as_bytes()), ("a€".into(), 4));
    }

    static SHOWN: Mutex<String> = Mutex::new(String::new());

    #[test]
    fn the_file_is_shown_as_it_grows() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("console");
        let mut tail = Tail::new(&path, Some(|text| SHOWN.lock().unwrap().push_str(text)));
        tail.follow();
        for written in ["one\r", "one\r\ntw", "one\r\ntwo"] {
            std::fs::write(&path, written).unwrap();
            tail.follow();
            tail.follow();
        }
        assert_eq!(*SHOWN.lock().unwrap(), "one\ntwo");
    }

    proptest! {
        #[test]
        fn any_bytes_are_harmless_in_any_parts(bytes: Vec<u8>, cut in 0..100usize) {
            let (text, read) = harmless(&bytes);
            prop_assert!(bytes.len() - read < 4);
            prop_assert!(text.chars().all(|c| c == '\n' || c == '\t' || !(c.is_control() || is_unseen(c))));
            let (first, read) = harmless(&bytes[..cut.min(bytes.len())]);
            prop_assert_eq!(first + &harmless(&bytes[read..]).0, text);
        }
    }
}
