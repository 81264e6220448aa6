//! Reads the file of the plugin: call paths, and for each timed operation the instructions on each path. The format is
//! described in `vm/plugin/src/windows.rs`. The plugin runs in QEMU's process, with an untrusted guest.

use std::num::NonZeroU32;

/// The first line.
const FIRST_LINE: &str = "hookbench-windows 1";

/// The most paths, and the most counts of all windows.
const MOST_PATHS: usize = 1 << 22;
const MOST_COUNTS: usize = 1 << 26;

/// A call path: its last function, and the path of the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Path {
    /// The number of the caller's path; `None` where the kernel was entered.
    pub caller: Option<NonZeroU32>,
    /// An address in the function; 0 is user space.
    pub function: u64,
}

/// A section of the guest that is timed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Window {
    /// The number of instructions.
    pub sum: u64,
    /// The number of instructions on each path, by the path's number. They add up to the sum.
    pub counts: Vec<(NonZeroU32, u64)>,
}

/// The operations of a cell.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Windows {
    /// The paths. The first has the number 1. A caller comes before what it calls.
    pub paths: Vec<Path>,
    /// The sections of each operation, in order. One of them is the operation, the others are calls before and after
    /// it.
    pub operations: Vec<Vec<Window>>,
}

/// Why a file cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It does not have the format.
    #[error("line {line} of what QEMU's plugin wrote is wrong")]
    Format {
        /// The line's number, from 1.
        line: usize,
    },
    /// The guest ended before the last operation, or the plugin stopped.
    #[error("QEMU's plugin wrote {operations} operations and did not finish")]
    Unfinished {
        /// How many it wrote.
        operations: usize,
    },
    /// The plugin had no room for more.
    #[error("the operations of the cell have more call paths than QEMU's plugin writes; take fewer samples")]
    TooMuch,
}

/// Reads a whole file.
///
/// # Errors
/// See [`Error`].
pub fn read(text: &str) -> Result<Windows, Error> {
    let mut windows = Windows::default();
    let (mut sections, mut counts) = (Vec::new(), 0);
    for (index, line) in text.lines().enumerate() {
        let wrong = || Error::Format { line: index + 1 };
        let (kind, rest) = line.split_at_checked(line.len().min(2)).ok_or_else(wrong)?;
        match kind {
            _ if index == 0 && line == FIRST_LINE => {}
            _ if index == 0 => return Err(wrong()),
            "n " if windows.paths.len() < MOST_PATHS => {
                let path = windows.read_path(rest).ok_or_else(wrong)?;
                windows.paths.push(path);
            }
            "w " => {
                let window = windows.read_window(rest).ok_or_else(wrong)?;
                counts += window.counts.len();
                sections.push(window);
            }
            "o" if rest.is_empty() => windows.operations.push(std::mem::take(&mut sections)),
            "e " => {
                let all = sections.is_empty() && rest.parse().ok() == Some(windows.operations.len());
                let is_last = text.lines().nth(index + 1).is_none();
                return if all && is_last { Ok(windows) } else { Err(wrong()) };
            }
            "x " => return Err(Error::TooMuch),
            _ => return Err(wrong()),
        }
        if counts > MOST_COUNTS {
            return Err(Error::TooMuch);
        }
    }
    Err(Error::Unfinished { operations: windows.operations.len() })
}

impl Windows {
    /// Reads `CALLER FUNCTION`.
    fn read_path(&self, text: &str) -> Option<Path> {
        let (caller, function) = text.split_once(' ')?;
        let caller: u32 = caller.parse().ok()?;
        let is_known = caller as usize <= self.paths.len();
        let function = u64::from_str_radix(function, 16).ok()?;
        is_known.then_some(Path { caller: NonZeroU32::new(caller), function })
    }

    /// Reads `SUM PATH:COUNT ...`.
    fn read_window(&self, text: &str) -> Option<Window> {
        let mut words = text.split(' ');
        let sum = words.next()?.parse().ok()?;
        let counts = words.map(|word| {
            let (path, count) = word.split_once(':')?;
            let path: NonZeroU32 = path.parse().ok()?;
            let is_known = path.get() as usize <= self.paths.len();
            is_known.then_some((path, count.parse().ok()?))
        });
        let counts = counts.collect::<Option<Vec<(NonZeroU32, u64)>>>()?;
        let added = counts.iter().try_fold(0_u64, |all, (_, count)| all.checked_add(*count));
        (added == Some(sum)).then_some(Window { sum, counts })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TWO: &str = "hookbench-windows 1\nn 0 a0\nn 1 b0\nw 2 2:2\no\nn 0 0\nw 8 3:1 1:3 2:4\no\ne 2\n";

    #[test]
    fn paths_and_windows_are_read() {
        let Windows { paths, operations } = read(TWO).unwrap();
        let number = |number| NonZeroU32::new(number).unwrap();
        assert_eq!(paths.len(), 3);
        assert_eq!(paths[1], Path { caller: Some(number(1)), function: 0xb0 });
        assert_eq!(operations[0][0], Window { sum: 2, counts: vec![(number(2), 2)] });
        assert_eq!(operations[1][0].counts, [(number(3), 1), (number(1), 3), (number(2), 4)]);
    }

    #[test]
    fn a_file_with_an_error_is_refused_at_its_line() {
        let changed = |from: &str, to: &str| read(&TWO.replacen(from, to, 1)).unwrap_err();
        assert_eq!(changed("windows 1", "windows 2"), Error::Format { line: 1 });
        assert_eq!(changed("n 1 b0", "n 2 b0"), Error::Format { line: 3 });
        assert_eq!(changed("w 2 2:2", "w 3 2:2"), Error::Format { line: 4 });
        assert_eq!(changed("2:4", "4:4"), Error::Format { line: 7 });
        assert_eq!(changed("2:4", "0:4"), Error::Format { line: 7 });
        assert_eq!(changed("e 2", "e 3"), Error::Format { line: 9 });
        assert_eq!(changed("e 2\n", "e 2\nw 0\n"), Error::Format { line: 9 });
        assert_eq!(changed("e 2\n", ""), Error::Unfinished { operations: 2 });
        assert_eq!(changed("e 2", "x too much"), Error::TooMuch);
        assert_eq!(read("").unwrap_err(), Error::Unfinished { operations: 0 });
    }

    #[test]
    fn a_sum_that_overflows_is_wrong() {
        let text = format!("hookbench-windows 1\nn 0 1\nw 1 1:{} 1:2\ne 1\n", u64::MAX);
        assert_eq!(read(&text).unwrap_err(), Error::Format { line: 3 });
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic(text in "hookbench-windows 1\n(o|[newx] [0-9a-f: ]{0,9}\n){0,9}") {
            if let Ok(Windows { paths, operations }) = read(&text) {
                for window in operations.iter().flatten() {
                    let sum: u64 = window.counts.iter().map(|(_, count)| count).sum();
                    prop_assert_eq!(sum, window.sum);
                    prop_assert!(window.counts.iter().all(|(path, _)| path.get() as usize <= paths.len()));
                }
            }
        }
    }
}
