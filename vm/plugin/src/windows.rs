// SPDX-License-Identifier: GPL-2.0-or-later
//! Writes windows as text: a line for each path that is new, and a line for each window. hookbench's crate `vm` reads
//! it.
//!
//! ```text
//! hookbench-windows 1
//! n PARENT FUNCTION        the next path: its number is that of its line, from 1; 0 is the parent of the first
//! w SUM PATH:COUNT ...     a window
//! o                        an operation has been made: one of the windows since the last is its
//! e OPERATIONS             the end, with the number of operations
//! x WHY                    the end, if there is no room for more
//! ```

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{self, Write};

use crate::tree::{Node, ROOT, Tree};

/// The most bytes of a file. An execve has some 30 KiB.
const LONGEST: u64 = 256 << 20;

/// What happens to the operations of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// So many are dropped first: those that warm up.
    pub(crate) skip: u64,
    /// So many are written then.
    pub(crate) keep: u64,
}

/// Writes windows into `W`.
#[derive(Debug)]
pub(crate) struct Windows<W> {
    out: W,
    wanted: Wanted,
    written: u64,
    bytes: u64,
    numbers: HashMap<Node, u32>,
    line: String,
    ended: bool,
}

impl<W: Write> Windows<W> {
    /// Begins a file.
    ///
    /// # Errors
    /// Those of `out`.
    pub(crate) fn begin(mut out: W, wanted: Wanted) -> io::Result<Windows<W>> {
        out.write_all(b"hookbench-windows 1\n")?;
        let (numbers, line) = (HashMap::new(), String::new());
        Ok(Windows { out, wanted, written: 0, bytes: 0, numbers, line, ended: false })
    }

    /// Whether nothing more is wanted.
    pub(crate) fn has_ended(&self) -> bool {
        self.ended
    }

    /// Writes a window, unless it is of an operation to skip.
    ///
    /// # Errors
    /// Those of the file. It has ended then.
    pub(crate) fn write(&mut self, tree: &Tree, counts: &[(Node, u64)], sum: u64) -> io::Result<()> {
        if self.ended || self.wanted.skip > 0 {
            return Ok(());
        }
        let written = self.write_window(tree, counts, sum);
        self.ended |= written.is_err();
        written
    }

    /// An operation has been made. The file ends after the last that is wanted.
    ///
    /// # Errors
    /// Those of the file.
    pub(crate) fn end_operation(&mut self) -> io::Result<()> {
        if self.ended {
            return Ok(());
        }
        if self.wanted.skip > 0 {
            self.wanted.skip -= 1;
            return Ok(());
        }
        self.written += 1;
        self.out.write_all(b"o\n")?;
        if self.written == self.wanted.keep { self.end(&format!("e {}\n", self.written)) } else { Ok(()) }
    }

    fn write_window(&mut self, tree: &Tree, counts: &[(Node, u64)], sum: u64) -> io::Result<()> {
        self.line.clear();
        let mut window = format!("w {sum}");
        for (node, count) in counts {
            let number = self.number(tree, *node);
            let _ = write!(window, " {number}:{count}");
        }
        self.line += &window;
        self.line.push('\n');
        self.bytes += self.line.len() as u64;
        if self.bytes > LONGEST || tree.has_overflowed() {
            return self.end("x too much\n");
        }
        self.out.write_all(self.line.as_bytes())
    }

    fn end(&mut self, line: &str) -> io::Result<()> {
        self.ended = true;
        self.out.write_all(line.as_bytes())?;
        self.out.flush()
    }

    /// Returns the number of a path, and adds the lines that define it.
    fn number(&mut self, tree: &Tree, node: Node) -> u32 {
        if node == ROOT {
            return 0;
        }
        if let Some(number) = self.numbers.get(&node) {
            return *number;
        }
        let parent = self.number(tree, tree.parent(node));
        let _ = writeln!(self.line, "n {parent} {:x}", tree.function(node));
        let number = self.numbers.len() as u32 + 1;
        self.numbers.insert(node, number);
        number
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::USER;

    fn text(wanted: Wanted, windows: &[&[(Node, u64)]], tree: &Tree) -> String {
        let mut bytes = Vec::new();
        let mut out = Windows::begin(&mut bytes, wanted).unwrap();
        for window in windows {
            out.write(tree, window, window.iter().map(|(_, count)| count).sum()).unwrap();
            out.end_operation().unwrap();
        }
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_path_is_defined_once_after_its_callers() {
        let mut tree = Tree::new();
        let outer = tree.child(ROOT, 0xa0, false);
        let inner = tree.child(outer, 0xb0, true);
        let (first, second): (&[_], &[_]) = (&[(inner, 2)], &[(USER, 1), (outer, 3), (inner, 4)]);
        let all = text(Wanted { skip: 1, keep: 2 }, &[second, first, second, first], &tree);
        let expected = "hookbench-windows 1\nn 0 a0\nn 1 b0\nw 2 2:2\no\nn 0 0\nw 8 3:1 1:3 2:4\no\ne 2\n";
        assert_eq!(all, expected);
    }

    #[test]
    fn a_file_that_lacks_windows_has_no_end() {
        let tree = Tree::new();
        let all = text(Wanted { skip: 0, keep: 2 }, &[&[(USER, 1)]], &tree);
        assert_eq!(all, "hookbench-windows 1\nn 0 0\nw 1 1:1\no\n");
    }
}
