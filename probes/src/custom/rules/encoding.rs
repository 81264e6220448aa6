//! The bytes of a rule file: auditctl knows no encoding but plain lines that end with LF, and reads at most 6 KiB of
//! a line at once.

use std::fmt;

/// The longest line, in bytes without its end. auditctl reads the rest of a longer one as another line.
pub const LONGEST_LINE: usize = 6142;

/// Why auditctl can read nothing useful in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotText {
    /// It is UTF-16.
    Utf16,
    /// It begins with a byte order mark.
    ByteOrderMark,
    /// The line with this number ends with CR LF.
    CarriageReturn(usize),
    /// The line with this number contains a NUL.
    Nul(usize),
}

impl fmt::Display for NotText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotText::Utf16 => f.write_str("it is UTF-16, and auditctl reads plain text; convert it to UTF-8"),
            NotText::ByteOrderMark => f.write_str(
                "it begins with a byte order mark, which auditctl takes for a word; save it without one",
            ),
            NotText::CarriageReturn(line) => write!(
                f,
                "line {line} ends with CR LF, and auditctl takes the CR for a part of the last word; save the file \
                 with LF line ends, for example with dos2unix"
            ),
            NotText::Nul(line) => {
                write!(f, "line {line} contains a NUL byte, where auditctl stops to read the line; remove it")
            }
        }
    }
}

/// The first reason why `bytes` are not lines of text.
pub(super) fn not_text(bytes: &[u8]) -> Option<NotText> {
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") || is_unmarked_utf16(bytes) {
        return Some(NotText::Utf16);
    }
    if bytes.starts_with(b"\xef\xbb\xbf") {
        return Some(NotText::ByteOrderMark);
    }
    let mut lines = bytes.split(|&byte| byte == b'\n').zip(1..);
    lines.find_map(|(line, number)| match line {
        _ if line.contains(&0) => Some(NotText::Nul(number)),
        [.., b'\r'] => Some(NotText::CarriageReturn(number)),
        _ => None,
    })
}

/// Whether every other byte is a NUL, as in ASCII text that was saved as UTF-16.
fn is_unmarked_utf16(bytes: &[u8]) -> bool {
    let nuls = |from: usize| bytes.iter().skip(from).step_by(2).all(|&byte| byte == 0);
    bytes.len() >= 4 && bytes.len().is_multiple_of(2) && (nuls(0) != nuls(1))
}
