// SPDX-License-Identifier: GPL-2.0-or-later
//! The last instruction of a block: where it goes and which memory it accesses, and the marks of the stopwatch.
//! Pure functions of the bytes of one x86-64 instruction.

use iced_x86::{Decoder, DecoderError, DecoderOptions};

/// How a block ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transfer {
    /// With a jump, a system call, or no transfer at all.
    Other,
    /// With a call.
    Call,
    /// With a return from a call.
    Return,
    /// With a return from an interrupt.
    InterruptReturn,
}

/// What an instruction does to memory, as far as that shows whether it has finished.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Nothing: it cannot take a page fault.
    Nothing,
    /// It reads so many times.
    Loads(u8),
    /// It ends with a write, perhaps after reads.
    Store,
}

/// An instruction that says something to the plugin: a fence in one of the encodings that no compiler emits. The
/// processor ignores the last three bits of `0f ae e8`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    /// A timed section begins.
    Begin,
    /// A timed section ends.
    End,
    /// Operations follow: instrument the guest.
    Arm,
    /// An operation has been made.
    Made,
    /// The machine can be copied here: the agent is ready for an order.
    Fork,
    /// The machine ends.
    Leave,
    /// The machine can be copied here: the agent has attached a monitor, and is ready for a cell.
    ForkAttached,
}

/// A decoded instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Decoded {
    pub(crate) transfer: Transfer,
    pub(crate) access: Access,
}

impl Access {
    /// Whether an instruction that made these accesses has finished.
    pub(crate) fn is_done(self, accesses: u32, stored: bool) -> bool {
        match self {
            Access::Nothing => true,
            Access::Loads(all) => accesses >= u32::from(all),
            Access::Store => stored,
        }
    }
}

/// Returns the mark that the instruction is.
pub(crate) fn mark(bytes: &[u8]) -> Option<Mark> {
    match bytes {
        [0x0f, 0xae, 0xe9] => Some(Mark::Begin),
        [0x0f, 0xae, 0xea] => Some(Mark::End),
        [0x0f, 0xae, 0xeb] => Some(Mark::Arm),
        [0x0f, 0xae, 0xec] => Some(Mark::Made),
        [0x0f, 0xae, 0xed] => Some(Mark::Fork),
        [0x0f, 0xae, 0xee] => Some(Mark::Leave),
        [0x0f, 0xae, 0xef] => Some(Mark::ForkAttached),
        _ => None,
    }
}

/// Whether `bytes` are only the beginning of an instruction.
pub(crate) fn is_cut(bytes: &[u8]) -> bool {
    let mut decoder = Decoder::new(64, bytes, DecoderOptions::NONE);
    let _ = decoder.decode();
    decoder.last_error() == DecoderError::NoMoreBytes
}

/// Decodes an instruction. Bytes that are none access nothing.
pub(crate) fn decode(bytes: &[u8]) -> Decoded {
    let transfer = |transfer, access| Decoded { transfer, access };
    let other = |access| transfer(Transfer::Other, access);
    let code = without_prefixes(bytes);
    let at = |index: usize| code.get(index).copied().unwrap_or_default();
    let (opcode, modrm) = (at(0), at(1));
    let memory = modrm < 0xc0;
    let either = |access| if memory { access } else { Access::Nothing };
    match opcode {
        // The map's byte is followed by the opcode. One of some hundred writes to memory, movbe.
        0x0f if matches!(modrm, 0x38 | 0x3a) && at(3) < 0xc0 => other(Access::Loads(1)),
        0x0f if matches!(modrm, 0x38 | 0x3a) => other(Access::Nothing),
        // movq to a register; without the prefix it is to memory.
        0x0f if modrm == 0x7e && prefixes(bytes).contains(&0xf3) => {
            other(if at(2) < 0xc0 { Access::Loads(1) } else { Access::Nothing })
        }
        0x0f => other(two_bytes(modrm, at(2))),
        // VEX and EVEX: enough is known if they read once. The guests' CPU has none of them.
        0x62 | 0xc4 | 0xc5 => other(Access::Loads(1)),
        0xe8 => transfer(Transfer::Call, Access::Store),
        0xc2 | 0xc3 => transfer(Transfer::Return, Access::Loads(1)),
        0xcf => transfer(Transfer::InterruptReturn, Access::Loads(5)),
        0xff => match modrm >> 3 & 7 {
            2 | 3 => transfer(Transfer::Call, Access::Store),
            4 | 5 => other(either(Access::Loads(1))),
            6 => other(Access::Store),
            _ => other(either(Access::Store)),
        },
        // Arithmetic: the even half of each row writes to its memory operand, except cmp.
        0x00..=0x37 if opcode & 7 < 2 => other(either(Access::Store)),
        0x00..=0x3f if opcode & 7 < 4 => other(either(Access::Loads(1))),
        0x50..=0x57 | 0x68 | 0x6a | 0x9c | 0xa2 | 0xa3 | 0xa4 | 0xa5 | 0xaa | 0xab | 0xc8 => {
            other(Access::Store)
        }
        0x58..=0x5f | 0x9d | 0xa0 | 0xa1 | 0xac..=0xaf | 0xc9 | 0xca | 0xcb | 0xd7 => other(Access::Loads(1)),
        0x6c | 0x6d | 0x8f => other(Access::Store),
        0x6e | 0x6f => other(Access::Loads(1)),
        0xa6 | 0xa7 => other(Access::Loads(2)),
        0x80..=0x83 if modrm >> 3 & 7 == 7 => other(either(Access::Loads(1))),
        0x80..=0x83 | 0x86..=0x89 | 0x8c | 0xc0 | 0xc1 | 0xc6 | 0xc7 | 0xd0..=0xd3 | 0xfe => {
            other(either(Access::Store))
        }
        0xf6 | 0xf7 if matches!(modrm >> 3 & 7, 2 | 3) => other(either(Access::Store)),
        0x63 | 0x69 | 0x6b | 0x84 | 0x85 | 0x8a | 0x8b | 0x8e | 0xd8..=0xdf | 0xf6 | 0xf7 => {
            other(either(Access::Loads(1)))
        }
        _ => other(Access::Nothing),
    }
}

/// What an instruction of the map `0f` does to memory.
fn two_bytes(opcode: u8, modrm: u8) -> Access {
    let (memory, register) = (modrm < 0xc0, modrm >> 3 & 7);
    let either = |access| if memory { access } else { Access::Nothing };
    match opcode {
        0xa0 | 0xa8 => Access::Store,
        0xa1 | 0xa9 => Access::Loads(1),
        // sgdt, sidt, smsw; lgdt and lidt read twice.
        0x01 if memory && matches!(register, 0 | 1 | 4) => Access::Store,
        0x01 if memory && register != 7 => Access::Loads(1),
        // Loads of control and debug registers, prefetches, NOPs, conditional jumps and the like.
        0x01 | 0x05..=0x09 | 0x0b | 0x0d | 0x0e | 0x18..=0x27 | 0x30..=0x37 => Access::Nothing,
        0x77 | 0x80..=0x8f | 0xa2 | 0xaa | 0xc8..=0xcf | 0xff => Access::Nothing,
        0x11 | 0x13 | 0x17 | 0x29 | 0x2b | 0x7e | 0x7f | 0xc3 | 0xd6 | 0xe7 | 0x90..=0x9f => {
            either(Access::Store)
        }
        0xa4 | 0xa5 | 0xab | 0xac | 0xad | 0xb0 | 0xb1 | 0xb3 | 0xbb | 0xc0 | 0xc1 | 0xc7 => {
            either(Access::Store)
        }
        0xba if register > 4 => either(Access::Store),
        // fxsave, stmxcsr, xsave, xsaveopt write; the others of the group read, and clflush does neither.
        0xae if memory && matches!(register, 0 | 3 | 4 | 6) => Access::Store,
        0xae if register == 7 => Access::Nothing,
        _ => either(Access::Loads(1)),
    }
}

/// Returns the prefixes of the instruction.
fn prefixes(bytes: &[u8]) -> &[u8] {
    &bytes[..bytes.len() - without_prefixes(bytes).len()]
}

/// Returns the instruction from its opcode on.
fn without_prefixes(bytes: &[u8]) -> &[u8] {
    let legacy = |byte: &u8| matches!(byte, 0x26 | 0x2e | 0x36 | 0x3e | 0x64..=0x67 | 0xf0 | 0xf2 | 0xf3 | 0x40..=0x4f);
    let begin = bytes.iter().position(|byte| !legacy(byte)).unwrap_or(bytes.len());
    &bytes[begin..]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn is(bytes: &[u8]) -> (Transfer, Access) {
        let Decoded { transfer, access } = decode(bytes);
        (transfer, access)
    }

    #[test]
    fn calls_and_returns_are_recognised_behind_prefixes() {
        assert_eq!(is(&[0xe8, 0, 0, 0, 0]), (Transfer::Call, Access::Store));
        assert_eq!(is(&[0x2e, 0xe8, 0, 0, 0, 0]), (Transfer::Call, Access::Store));
        // call *%rax, call *%r11, call *8(%rax); jmp *%rax is not a call.
        for call in [&[0xff, 0xd0][..], &[0x41, 0xff, 0xd3], &[0xff, 0x50, 8]] {
            assert_eq!(is(call), (Transfer::Call, Access::Store));
        }
        assert_eq!(is(&[0xff, 0xe0]), (Transfer::Other, Access::Nothing));
        assert_eq!(is(&[0xf3, 0xc3]), (Transfer::Return, Access::Loads(1)));
        assert_eq!(is(&[0x48, 0xcf]), (Transfer::InterruptReturn, Access::Loads(5)));
    }

    #[test]
    fn instructions_of_registers_cannot_fault_and_those_of_memory_can() {
        for (bytes, access) in [
            (&[0x48, 0x89, 0xc3][..], Access::Nothing),          // mov %rax,%rbx
            (&[0x48, 0x89, 0x03], Access::Store),                // mov %rax,(%rbx)
            (&[0x48, 0x8b, 0x03], Access::Loads(1)),             // mov (%rbx),%rax
            (&[0x48, 0x01, 0x03], Access::Store),                // add %rax,(%rbx)
            (&[0x48, 0x39, 0x03], Access::Loads(1)),             // cmp %rax,(%rbx)
            (&[0x83, 0x3b, 0x01], Access::Loads(1)),             // cmpl $1,(%rbx)
            (&[0x83, 0x03, 0x01], Access::Store),                // addl $1,(%rbx)
            (&[0x8d, 0x03], Access::Nothing),                    // lea
            (&[0x55], Access::Store),                            // push %rbp
            (&[0x5d], Access::Loads(1)),                         // pop %rbp
            (&[0xf3, 0x48, 0xa5], Access::Store),                // rep movsq
            (&[0xf3, 0x48, 0xab], Access::Store),                // rep stosq
            (&[0x0f, 0x05], Access::Nothing),                    // syscall
            (&[0x0f, 0x1f, 0x44, 0, 0], Access::Nothing),        // nop
            (&[0x0f, 0x85, 0, 0, 0, 0], Access::Nothing),        // jne
            (&[0x0f, 0xb6, 0x03], Access::Loads(1)),             // movzbl (%rbx),%eax
            (&[0xf0, 0x0f, 0xb1, 0x13], Access::Store),          // lock cmpxchg
            (&[0xf2, 0x0f, 0x38, 0xf1, 0x03], Access::Loads(1)), // crc32 (%rbx),%eax
            (&[0xf2, 0x0f, 0x38, 0xf1, 0xc3], Access::Nothing),  // crc32 %ebx,%eax
            (&[0x66, 0x0f, 0x7e, 0x03], Access::Store),          // movd %xmm0,(%rbx)
            (&[0xf3, 0x0f, 0x7e, 0x03], Access::Loads(1)),       // movq (%rbx),%xmm0
            (&[0x0f, 0xae, 0xe8], Access::Nothing),              // lfence
            (&[0x0f, 0x0b], Access::Nothing),                    // ud2
            (&[0xcc], Access::Nothing),                          // int3
        ] {
            assert_eq!(decode(bytes).access, access, "{bytes:x?}");
        }
    }

    #[test]
    fn an_instruction_is_cut_at_every_byte_but_its_last() {
        for whole in [
            &[0x90][..],                                    // nop
            &[0x48, 0x8b, 0x03],                            // mov (%rbx),%rax
            &[0x0f, 0x1f, 0x44, 0, 0],                      // nopl 0(%rax,%rax,1)
            &[0x48, 0xb8, 1, 2, 3, 4, 5, 6, 7, 8],          // movabs
            &[0x66, 0x2e, 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0], // nopw
            &[0x0f, 0xae, 0xe9],                            // a mark
        ] {
            assert!(!is_cut(whole), "{whole:x?}");
            assert!((0..whole.len()).all(|end| is_cut(&whole[..end])), "{whole:x?}");
        }
        // Bytes that are no instruction are not cut.
        assert!(!is_cut(&[0x06, 0x90, 0x90]));
    }

    #[test]
    fn only_the_unusual_fences_are_marks() {
        let marks = (0..=255).filter_map(|last| mark(&[0x0f, 0xae, last])).collect::<Vec<_>>();
        use Mark::{Arm, Begin, End, Fork, ForkAttached, Leave, Made};
        assert_eq!(marks, [Begin, End, Arm, Made, Fork, Leave, ForkAttached]);
        assert_eq!(mark(&[0x0f, 0xae, 0xe8]), None);
        assert_eq!(mark(&[0x66, 0x0f, 0xae, 0xe9]), None);
    }

    #[test]
    fn an_access_is_done_when_all_of_it_was_seen() {
        assert!(Access::Nothing.is_done(0, false));
        assert!(!Access::Loads(2).is_done(1, false) && Access::Loads(2).is_done(2, false));
        assert!(!Access::Store.is_done(1, false) && Access::Store.is_done(2, true));
    }

    proptest! {
        #[test]
        fn any_bytes_are_decoded(bytes: Vec<u8>) {
            let Decoded { transfer, access } = decode(&bytes);
            prop_assert!(transfer == Transfer::Other || access != Access::Nothing);
        }
    }
}
