//! `process_vm_writev` by the 32-bit entry of the kernel, where its number is 348.

use super::{WORD, address, victim};
use crate::scenario::Way;
use crate::sys::{int80, low_copy};

/// `process_vm_writev` in the kernel's `syscall_32.tbl`.
const WRITEV: u32 = 348;

pub(super) const WAY: Way =
    Way::ordinary("int80-vm-writev", "process_vm_writev through int 0x80, as number 348", |scene| {
        let length = size_of_val(&WORD) as u32;
        let vector = |address: u32| low_copy(&[address, length].map(u32::to_ne_bytes).concat());
        let from = vector(low_copy(&WORD.to_ne_bytes())?)?;
        let to = vector(address() as u32)?;
        // SAFETY: the vectors and the word stay; the kernel checks the other process's address.
        scene.window(|| unsafe { int80(WRITEV, [victim() as u32, from, 1, to, 1, 0]) })?;
        Ok(())
    });
