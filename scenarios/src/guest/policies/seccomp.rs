//! A seccomp filter, which the process of a way puts on itself just before its decisive call. It has no records.

use std::io;

use anyhow::Result;

use super::Attach;
use super::confining::Confining;
use crate::confine::{Caller, Confine, without_new_privileges};
use crate::policy_file::seccomp::{Instruction, program};
use crate::scenario::Abi;
use crate::scene::Scene;
use crate::subject::Subject;

/// Has `scene` confine each way by the filter of `subject`. Where the policy spares root, root installs none.
///
/// # Errors
/// None.
pub(super) fn attach(subject: &Subject, scene: &mut Scene) -> Result<Attach> {
    if subject.calls.is_empty() {
        return Ok(Attach::Unsupported(format!("no call is typical of {}", subject.scenario.name)));
    }
    let calls = |abi| subject.calls_of(abi).map(|call| call.name).collect::<Vec<_>>().join(",");
    let mut names = vec![format!("refuses {}", calls(Abi::Native))];
    names.extend(
        Some(calls(Abi::Compat))
            .filter(|names| !names.is_empty())
            .map(|names| format!("refuses 32-bit {names}")),
    );
    let uring = Some(calls(Abi::Uring)).filter(|names| !names.is_empty());
    let lacks = uring.map(|names| format!("requests to io_uring, which a filter cannot see: {names}"));
    let instructions: Vec<u8> = program(subject).into_iter().flat_map(instruction).collect();
    let spares_root = subject.scenario.spares_root;
    scene.confine = Some(Confine::Calls(Box::new(move |caller| {
        if caller.user() == 0 && spares_root { Ok(()) } else { install(&instructions, caller) }
    })));
    Ok(Attach::Attached(Box::new(Confining { names, lacks: lacks.into_iter().collect() })))
}

/// Bytes of `struct sock_filter`.
const INSTRUCTION: usize = 8;

fn instruction(instruction: Instruction) -> [u8; INSTRUCTION] {
    use libc::{BPF_ABS, BPF_ALU, BPF_AND, BPF_JEQ, BPF_JMP, BPF_JSET, BPF_K, BPF_LD, BPF_RET, BPF_W};

    let (code, jf, k) = match instruction {
        Instruction::Load(place) => (BPF_LD | BPF_W | BPF_ABS, 0, place),
        Instruction::And(mask) => (BPF_ALU | BPF_AND | BPF_K, 0, mask),
        Instruction::UnlessEqual(value, over) => (BPF_JMP | BPF_JEQ | BPF_K, over, value),
        Instruction::UnlessAny(mask, over) => (BPF_JMP | BPF_JSET | BPF_K, over, mask),
        Instruction::Return(value) => (BPF_RET | BPF_K, 0, value),
    };
    // The code, how far to jump if a comparison is true and if it is false, and the operand.
    let ([code, more], [a, b, c, d]) = ((code as u16).to_ne_bytes(), k.to_ne_bytes());
    [code, more, 0, jf, a, b, c, d]
}

/// Puts the filter on a process, which cannot remove it.
fn install(instructions: &[u8], caller: &mut dyn Caller) -> io::Result<()> {
    let address = caller.place(instructions)?;
    // struct sock_fprog: how many instructions, and where they are.
    let length = (instructions.len() / INSTRUCTION) as u64;
    let program = caller.place(&[length.to_ne_bytes(), address.to_ne_bytes()].concat())?;
    without_new_privileges(caller)?;
    let mode = u64::from(libc::SECCOMP_SET_MODE_FILTER);
    caller.call(libc::SYS_seccomp, [mode, 0, program, 0, 0]).map(drop)
}
