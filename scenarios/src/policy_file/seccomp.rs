//! Seccomp filters: made from the tables of a scenario, as instructions, as their assembly and as a profile of the
//! Open Container Initiative. A textbook filter compares the number alone, so it takes the numbers of 32-bit callers
//! for those of 64-bit ones; no profile says that, therefore it is written in assembly.

use std::collections::BTreeSet;
use std::fmt::Write;

use crate::policy::Grade;
use crate::scenario::{Abi, Call, Flags};
use crate::subject::Subject;

/// `AUDIT_ARCH_X86_64` and `AUDIT_ARCH_I386` of linux/audit.h.
const X86_64: u32 = 0xc000_003e;
const I386: u32 = 0x4000_0003;
/// All bits of a number but the one that marks callers of the x32 ABI.
const WITHOUT_X32: u32 = 0xbfff_ffff;
/// `SECCOMP_RET_ALLOW`, and `SECCOMP_RET_ERRNO` with EPERM.
const ALLOW: u32 = 0x7fff_0000;
const REFUSE: u32 = 0x0005_0001;

/// Places in `struct seccomp_data`.
const NUMBER: u32 = 0;
const ARCH: u32 = 4;
const ARGUMENTS: u32 = 16;

/// An instruction of a filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Instruction {
    /// Loads the word at this place of `struct seccomp_data`.
    Load(u32),
    /// Clears the other bits.
    And(u32),
    /// If the word is not this one, goes over so many instructions.
    UnlessEqual(u32, u8),
    /// If the word has none of these bits, goes over so many instructions.
    UnlessAny(u32, u8),
    /// Ends.
    Return(u32),
}

/// The filter of `subject`.
pub(crate) fn program(subject: &Subject) -> Vec<Instruction> {
    use Instruction::{And, Load, Return, UnlessEqual};

    let native: Vec<Instruction> = subject.calls_of(Abi::Native).flat_map(refuse).collect();
    if subject.grade == Grade::Textbook {
        return [vec![Load(NUMBER)], native, vec![Return(ALLOW)]].concat();
    }
    let native = [vec![Load(NUMBER), And(WITHOUT_X32)], native, vec![Return(ALLOW)]].concat();
    let compat = subject.calls_of(Abi::Compat).flat_map(refuse).collect();
    let compat = [vec![Load(NUMBER)], compat, vec![Return(ALLOW)]].concat();
    // Tables are short: a jump over one reaches.
    let over = |block: &[Instruction]| u8::try_from(block.len()).unwrap_or(u8::MAX);
    let (over_native, over_compat) = (over(&native), over(&compat));
    [
        vec![Load(ARCH), UnlessEqual(X86_64, over_native)],
        native,
        vec![UnlessEqual(I386, over_compat)],
        compat,
        vec![Return(REFUSE)],
    ]
    .concat()
}

/// Refuses a call, whose number is loaded and stays so.
fn refuse(call: &Call) -> Vec<Instruction> {
    use Instruction::{Load, Return, UnlessAny, UnlessEqual};

    match call.flags {
        None => vec![UnlessEqual(call.number, 1), Return(REFUSE)],
        Some(flags) => vec![
            UnlessEqual(call.number, 4),
            Load(ARGUMENTS + 8 * u32::from(flags.argument)),
            UnlessAny(flags.mask, 1),
            Return(REFUSE),
            Load(NUMBER),
        ],
    }
}

/// The filter of `subject` in the language of the kernel's `bpf_asm`.
pub(crate) fn assembly(subject: &Subject) -> String {
    let mut text = format!("; {}\n; Translate it with: bpf_asm -c FILE\n", subject.scenario.about);
    let program = program(subject);
    let mut labels = Vec::new();
    for (at, instruction) in program.iter().enumerate() {
        if labels.contains(&at) {
            let _ = write!(text, "l{at}: ");
        }
        let mut label = |over: u8| {
            labels.push(at + 1 + usize::from(over));
            at + 1 + usize::from(over)
        };
        let _ = match *instruction {
            Instruction::Load(place) => writeln!(text, "ld [{place}]"),
            Instruction::And(mask) => writeln!(text, "and #{mask:#x}"),
            Instruction::UnlessEqual(value, over) => writeln!(text, "jneq #{value}, l{}", label(over)),
            Instruction::UnlessAny(mask, over) => {
                writeln!(text, "jset #{mask:#x}, l{}, l{}", label(0), label(over))
            }
            Instruction::Return(value) => writeln!(text, "ret #{value:#x}"),
        };
    }
    text
}

/// The filter of `subject` as a profile of the Open Container Initiative (`linux.seccomp`).
pub(crate) fn json(subject: &Subject) -> String {
    let mut names: Vec<&str> = Vec::new();
    let mut entries = BTreeSet::new();
    for call in subject.calls.iter().filter(|call| call.abi != Abi::Uring) {
        match call.flags {
            None if names.contains(&call.name) => {}
            None => names.push(call.name),
            Some(flags) => entries.extend(flagged(call.name, flags)),
        }
    }
    let names: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
    let plain = format!("{{ \"names\": [{}], {REFUSED} }}", names.join(", "));
    let plain = (!names.is_empty()).then_some(plain);
    let entries: Vec<String> = plain.into_iter().chain(entries).collect();
    format!(
        "{{\n  \"defaultAction\": \"SCMP_ACT_ALLOW\",\n  \"architectures\": [\"SCMP_ARCH_X86_64\", \
         \"SCMP_ARCH_X86\", \"SCMP_ARCH_X32\"],\n  \"syscalls\": [\n    {}\n  ]\n}}\n",
        entries.join(",\n    ")
    )
}

/// The end of each entry of a profile.
const REFUSED: &str = "\"action\": \"SCMP_ACT_ERRNO\", \"errnoRet\": 1";

/// The entries for the call `name` with one of `flags`: one for each flag.
fn flagged(name: &str, flags: Flags) -> impl Iterator<Item = String> {
    let bits = (0..u32::BITS).map(|bit| 1 << bit).filter(move |bit| flags.mask & bit != 0);
    bits.map(move |bit: u32| {
        format!(
            "{{ \"names\": [\"{name}\"], {REFUSED}, \"args\": [{{ \"index\": {}, \"value\": {bit}, \
             \"valueTwo\": {bit}, \"op\": \"SCMP_CMP_MASKED_EQ\" }}] }}",
            flags.argument
        )
    })
}
