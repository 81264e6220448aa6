//! The firmware of guests with one CPU, which is part of this program: whichever QEMU runs a guest, its kernel starts
//! at the same instruction. `firmware.S` has the code, which the Rust compiler assembles.

use std::arch::global_asm;

/// The size that QEMU asks of a firmware: a multiple of 64 KiB.
const SIZE: usize = 64 << 10;

global_asm!(include_str!("firmware.S"), options(att_syntax));

unsafe extern "C" {
    static hookbench_firmware: [u8; SIZE];
}

/// Returns the firmware.
pub(crate) fn firmware() -> &'static [u8] {
    // SAFETY: `firmware.S` defines the symbol, in read-only memory and with this size.
    unsafe { &hookbench_firmware }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::digest;

    /// Another firmware starts the kernel at another time, so it changes numbers.
    #[test]
    fn the_firmware_is_as_it_was() {
        assert_eq!(
            digest::sha256(firmware()),
            "76224b3966ee9222e019b3f38f0118ea27321a5dc32f3c38a0e7c9841ee9daa9"
        );
    }

    #[test]
    fn the_cpu_begins_with_a_jump_to_code() {
        let [0xe9, low, high] = firmware()[0xfff0..0xfff3] else { panic!("{:x?}", &firmware()[0xfff0..]) };
        let begin = usize::from(0xfff3_u16.wrapping_add(u16::from_le_bytes([low, high])));
        // cli, cld
        assert_eq!(firmware()[begin..begin + 2], [0xfa, 0xfc]);
    }
}
