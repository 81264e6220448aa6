//! The ledger of changes to this machine's kernel: a head, then a line for each change.

use hookbench_probes::undo::{LedgerHead, read_ledger};

use crate::memory;

/// The boot ID in the seeds.
const BOOT: &str = "5a1f0c3e-0000-4000-8000-000000000001";

/// Reading a ledger gives its complete lines. Written and read again they are the same.
/// After another boot there is nothing to undo.
pub fn holds(bytes: &[u8]) {
    let room = 64 * bytes.len() + (64 << 10);
    memory::within(room, || drop(read_ledger(bytes, BOOT)));
    let Ok(undone) = read_ledger(bytes, BOOT) else { return };
    let whole = bytes.iter().filter(|&&byte| byte == b'\n').count();
    assert!(undone.is_empty() || undone.len() + 1 == whole);
    let head = serde_json::to_vec(&LedgerHead { boot_id: BOOT.into() }).expect("a head is plain data");
    let lines = undone.iter().map(|undo| serde_json::to_vec(undo).expect("a change is plain data"));
    let mut again: Vec<u8> = Vec::new();
    for line in std::iter::once(head).chain(lines) {
        again.extend(line);
        again.push(b'\n');
    }
    assert_eq!(read_ledger(&again, BOOT).expect("it was written as it is read"), undone);
    assert_eq!(read_ledger(&again, "another boot").expect("it has a head"), []);
    // A ledger that is cut anywhere gives the lines before the cut.
    again.pop();
    let torn = read_ledger(&again, BOOT).expect("a torn line is left out");
    assert_eq!(torn, undone[..undone.len().saturating_sub(1)]);
}
