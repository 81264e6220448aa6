//! Takes from a process the memory that it does not need. The worker has all that the agent had when it forked, and how
//! much that is depends on the monitor: its objects, its buffers. fork copies the lists of all of it.

use std::fs;
use std::io;

use crate::arch::{syscall_6, thread_pointer};

/// A part of the address space: its first address and the one behind its last.
type Range = (usize, usize);

/// The most parts that are taken.
const MOST: usize = 256;

/// What lies on each side of the thread pointer and stays: the C library's memory of the thread, which the kernel
/// writes to.
const THREAD: usize = 16 << 10;

const PAGE: usize = 4096;

/// The parts of a process's memory that it does not need, on the stack: the heap is one of them.
#[derive(Clone, Copy)]
pub(crate) struct Excess {
    ranges: [Range; MOST],
    number: usize,
}

impl Excess {
    /// What this process does not need: all but its program and the libraries, its stack, what the kernel and the C library need, and
    /// what is at an address in `kept`.
    ///
    /// # Errors
    /// When the kernel does not list the memory, or the list is too long.
    pub(crate) fn find(kept: &[usize]) -> io::Result<Excess> {
        let mut excess = Excess { ranges: [(0, 0); MOST], number: 0 };
        let on_stack = 0u8;
        let kept = [kept, &[(&raw const on_stack) as usize]].concat();
        let thread = thread_pointer() & !(PAGE - 1);
        let mut file_ended = 0;
        for line in fs::read_to_string("/proc/self/maps")?.lines() {
            let (range, name) =
                parse(line).ok_or_else(|| io::Error::other(format!("not a mapping: {line}")))?;
            let is_file = name.starts_with('/') && !name.starts_with("/dev/zero");
            // Zeroed data of a program follows its file without a gap.
            let is_kept = is_file
                || (name.is_empty() && range.0 == file_ended)
                || ["[stack]", "[vdso]", "[vvar", "[vsyscall]"]
                    .iter()
                    .any(|kernels| name.starts_with(kernels))
                || kept.iter().any(|address| (range.0..range.1).contains(address));
            if is_file {
                file_ended = range.1;
            }
            if !is_kept {
                excess.add((range.0, range.1.min(thread.saturating_sub(THREAD))))?;
                excess.add((range.0.max(thread + THREAD), range.1))?;
            }
        }
        Ok(excess)
    }

    fn add(&mut self, range: Range) -> io::Result<()> {
        if range.0 < range.1 {
            let place = self.ranges.get_mut(self.number);
            *place.ok_or_else(|| io::Error::other("this process has too many mappings"))? = range;
            self.number += 1;
        }
        Ok(())
    }

    /// Takes them from this process. It allocates nothing.
    ///
    /// # Safety
    /// The process must not use them any more: it lives from its stack, without the heap.
    #[inline(always)]
    pub(crate) unsafe fn drop_all(&self) {
        for (start, end) in self.ranges.iter().take(self.number) {
            // SAFETY: the caller's.
            unsafe { syscall_6(libc::SYS_munmap, [*start as i64, (end - start) as i64, 0, 0, 0, 0]) };
        }
    }
}

/// The range and the name in a line of `/proc/PID/maps`: `START-END RIGHTS OFFSET DEVICE FILE NAME`.
fn parse(line: &str) -> Option<(Range, &str)> {
    let mut rest = line;
    let mut word = || {
        let (word, after) = rest.split_once(' ').unwrap_or((rest, ""));
        rest = after.trim_start();
        word
    };
    let (start, end) = word().split_once('-')?;
    for _ in 0..4 {
        word();
    }
    let range = (usize::from_str_radix(start, 16).ok()?, usize::from_str_radix(end, 16).ok()?);
    Some((range, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_a_range_and_perhaps_a_name() {
        let line = "7ffe2000-7ffe3000 rw-p 00000000 00:00 0                          [stack]";
        assert_eq!(parse(line), Some(((0x7ffe_2000, 0x7ffe_3000), "[stack]")));
        assert_eq!(parse("1000-2000 rw-p 00000000 00:00 0 "), Some(((0x1000, 0x2000), "")));
        assert_eq!(parse("1000-2000 r--p 00000000 fe:00 12 /a b"), Some(((0x1000, 0x2000), "/a b")));
        assert_eq!(parse("words"), None);
    }

    #[test]
    fn the_heap_is_excess_and_the_stack_is_not() {
        let (on_heap, on_stack) = (vec![0u8; 8 << 20], 0u8);
        let address = on_heap.as_ptr() as usize;
        let excess = |kept: &[usize]| {
            let found = Excess::find(kept).unwrap();
            move |address: usize| found.ranges.iter().any(|(start, end)| (*start..*end).contains(&address))
        };
        assert!(excess(&[])(address));
        assert!(!excess(&[address])(address));
        assert!(!excess(&[])((&raw const on_stack) as usize));
    }
}
