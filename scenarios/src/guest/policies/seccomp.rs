//! A seccomp filter, which the process of a way puts on itself just before its decisive call. It has no records.

use std::io;

use anyhow::Result;

use super::{Attach, Attached};
use crate::exchange::Record;
use crate::policy_file::seccomp::{Instruction, program};
use crate::scenario::Abi;
use crate::scene::{Confine, Scene};
use crate::subject::Subject;
use crate::sys::{check, check_long};

/// A filter that processes put on themselves.
struct Filter {
    names: Vec<String>,
    lacks: Vec<String>,
}

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
    let instructions: Vec<libc::sock_filter> = program(subject).into_iter().map(instruction).collect();
    let spares_root = subject.scenario.spares_root;
    scene.confine = Some(Confine(Box::new(move || {
        // SAFETY: asks for a number.
        let is_root = unsafe { libc::geteuid() } == 0;
        if is_root && spares_root { Ok(()) } else { install(&instructions) }
    })));
    Ok(Attach::Attached(Box::new(Filter { names, lacks: lacks.into_iter().collect() })))
}

fn instruction(instruction: Instruction) -> libc::sock_filter {
    use libc::{BPF_ABS, BPF_ALU, BPF_AND, BPF_JEQ, BPF_JMP, BPF_JSET, BPF_K, BPF_LD, BPF_RET, BPF_W};

    let (code, jf, k) = match instruction {
        Instruction::Load(place) => (BPF_LD | BPF_W | BPF_ABS, 0, place),
        Instruction::And(mask) => (BPF_ALU | BPF_AND | BPF_K, 0, mask),
        Instruction::UnlessEqual(value, over) => (BPF_JMP | BPF_JEQ | BPF_K, over, value),
        Instruction::UnlessAny(mask, over) => (BPF_JMP | BPF_JSET | BPF_K, over, mask),
        Instruction::Return(value) => (BPF_RET | BPF_K, 0, value),
    };
    libc::sock_filter { code: code as u16, jt: 0, jf, k }
}

/// Puts the filter on this process, which cannot remove it.
fn install(instructions: &[libc::sock_filter]) -> io::Result<()> {
    let program =
        libc::sock_fprog { len: instructions.len() as u16, filter: instructions.as_ptr().cast_mut() };
    // SAFETY: the kernel reads the program, which outlives the call.
    unsafe {
        check(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))?;
        let mode = libc::SECCOMP_SET_MODE_FILTER;
        check_long(libc::syscall(libc::SYS_seccomp, mode, 0, &raw const program)).map(drop)
    }
}

impl Attached for Filter {
    fn names(&self) -> &[String] {
        &self.names
    }

    fn lacks(&self) -> &[String] {
        &self.lacks
    }

    fn clear(&mut self) -> Result<()> {
        Ok(())
    }

    fn records(&mut self, _: (u64, u64)) -> Result<Vec<Record>> {
        Ok(Vec::new())
    }
}
