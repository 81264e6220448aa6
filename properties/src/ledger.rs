//! The ledger of changes to a kernel: a head, then a line for each.

use hookbench_probes::undo::{Head, read};

use crate::memory;

/// The boot of the seeds.
const BOOT: &str = "5a1f0c3e-0000-4000-8000-000000000001";

/// What is read are the whole lines, written again they read the same, and of another
/// boot there is nothing to undo.
pub fn holds(bytes: &[u8]) {
    let room = 64 * bytes.len() + (64 << 10);
    memory::within(room, || drop(read(bytes, BOOT)));
    let Ok(undone) = read(bytes, BOOT) else { return };
    let whole = bytes.iter().filter(|&&byte| byte == b'\n').count();
    assert!(undone.is_empty() || undone.len() + 1 == whole);
    let head = serde_json::to_vec(&Head { boot_id: BOOT.into() }).expect("a head is plain data");
    let lines = undone.iter().map(|undo| serde_json::to_vec(undo).expect("a change is plain data"));
    let mut again: Vec<u8> = Vec::new();
    for line in std::iter::once(head).chain(lines) {
        again.extend(line);
        again.push(b'\n');
    }
    assert_eq!(read(&again, BOOT).expect("it was written as it is read"), undone);
    assert_eq!(read(&again, "another boot").expect("it has a head"), []);
    // Torn anywhere, the lines before are there, and nothing else.
    again.pop();
    let torn = read(&again, BOOT).expect("a torn line is none");
    assert_eq!(torn, undone[..undone.len().saturating_sub(1)]);
}
