//! A process writes to its own memory by the call for that of others.

use std::sync::atomic::Ordering;

use super::{WORD, address, vm_writev, worked};
use crate::scenario::{Kind, Way};

pub(super) const WAY: Way = Way {
    kind: Kind::Allowed,
    has_effect: Some(worked),
    ..Way::ordinary("own-memory", "process_vm_writev to its own memory", |scene| {
        // SAFETY: no memory is involved.
        let process = unsafe { libc::getpid() };
        scene.window(|| vm_writev::write(process, address()))?;
        // SAFETY: the word is in memory of ours.
        let word = unsafe { (address() as *const u64).read_volatile() };
        scene.shared.values[0].store(u64::from(word == WORD), Ordering::SeqCst);
        Ok(())
    })
};
