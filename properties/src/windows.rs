//! What QEMU's plugin wrote about the operations of a cell.

use hookbench_vm::attribution::windows::{self, Window};

use crate::memory;

/// A list that is read is consistent: callers come before what they call, each count is of a known path, and the counts
/// of a section add up to its sum. Reading takes memory in proportion to the bytes.
pub fn holds(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let room = 64 * text.len() + (64 << 10);
    let Ok(all) = memory::within(room, || windows::read(&text)) else { return };
    for (index, path) in all.paths.iter().enumerate() {
        assert!(path.caller.is_none_or(|caller| caller.get() as usize <= index));
    }
    for Window { sum, counts } in all.operations.iter().flatten() {
        assert_eq!(*sum, counts.iter().map(|(_, count)| count).sum::<u64>());
        assert!(counts.iter().all(|(path, _)| path.get() as usize <= all.paths.len()));
    }
}
