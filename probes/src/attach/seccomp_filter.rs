//! Seccomp filters: build them in classic BPF, install them, check for them. Written by
//! hand because the crates that build filters cannot notify or choose a length.

use std::ffi::{c_long, c_ulong};
use std::io;

use libc::sock_filter;

use super::vain::call_in_vain;
use crate::arch::{AUDIT_ARCH, FOREIGN_SYSCALLS};

/// No system call has this number, nor one of the thousands below it.
const UNUSED_NUMBER: u32 = FOREIGN_SYSCALLS - 1;

/// Offsets in `struct seccomp_data` of the fields that a filter reads.
const NUMBER_AT: u32 = 0;
const ARCH_AT: u32 = 4;
const FIRST_ARGUMENT_AT: u32 = 16;

const LOAD: u32 = libc::BPF_LD | libc::BPF_W | libc::BPF_ABS;
const IF_EQUAL: u32 = libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K;
const IF_NOT_LESS: u32 = libc::BPF_JMP | libc::BPF_JGE | libc::BPF_K;
const RETURN: u32 = libc::BPF_RET | libc::BPF_K;

/// What a filter does with some system calls; it allows all others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// The system calls, by number; at most 255.
    pub numbers: Vec<u32>,
    /// What happens to them: `SECCOMP_RET_…`.
    pub action: u32,
    /// Whether it looks at their first argument before that. The kernel then has to run the
    /// filter for each call. From 5.11 on the kernel keeps a bitmap for what a filter
    /// decides by number and architecture alone.
    pub reads_argument: bool,
    /// The number of comparisons before all others that never match.
    pub padding: u32,
}

impl Filter {
    /// The filter as the kernel reads it.
    ///
    /// # Errors
    /// When a jump would be too long.
    pub fn program(&self) -> io::Result<Vec<sock_filter>> {
        let kill = instruction(RETURN, libc::SECCOMP_RET_KILL_PROCESS, 0, 0);
        let mut program = vec![
            instruction(LOAD, ARCH_AT, 0, 0),
            instruction(IF_EQUAL, AUDIT_ARCH, 1, 0),
            kill,
            instruction(LOAD, NUMBER_AT, 0, 0),
            instruction(IF_NOT_LESS, FOREIGN_SYSCALLS, 0, 1),
            kill,
        ];
        program.extend((0..self.padding).map(|nth| instruction(IF_EQUAL, UNUSED_NUMBER - nth, 0, 0)));
        for (&number, left) in self.numbers.iter().zip((0..self.numbers.len()).rev()) {
            // Over the remaining comparisons and the return after them.
            let jump = u8::try_from(left + 1).map_err(|_| too_long(self.numbers.len()))?;
            program.push(instruction(IF_EQUAL, number, jump, 0));
        }
        program.push(instruction(RETURN, libc::SECCOMP_RET_ALLOW, 0, 0));
        if self.reads_argument {
            program.push(instruction(LOAD, FIRST_ARGUMENT_AT, 0, 0));
            program.push(instruction(IF_EQUAL, UNUSED_NUMBER, 0, 0));
        }
        program.push(instruction(RETURN, self.action, 0, 0));
        Ok(program)
    }
}

fn too_long(numbers: usize) -> io::Error {
    io::Error::other(format!("a filter of {numbers} system calls is too long for its jumps"))
}

fn instruction(code: u32, k: u32, jt: u8, jf: u8) -> sock_filter {
    sock_filter { code: code as u16, jt, jf, k }
}

/// Puts a program on the calling process, which cannot remove it. With
/// `SECCOMP_FILTER_FLAG_NEW_LISTENER` it returns the listener.
///
/// # Errors
/// When the kernel refuses.
pub fn install(program: &[sock_filter], flags: c_ulong) -> io::Result<c_long> {
    let program = libc::sock_fprog { len: program.len() as u16, filter: program.as_ptr().cast_mut() };
    // SAFETY: the kernel reads the program, which outlives the call.
    let result =
        unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, flags, &raw const program) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

/// Whether the calling process has a filter.
pub fn has_filter() -> bool {
    // SAFETY: returns a number.
    unsafe { libc::prctl(libc::PR_GET_SECCOMP) == libc::SECCOMP_MODE_FILTER as i32 }
}

/// Whether a system call of the calling process ends with EPERM. It is made such that it changes nothing if
/// the filter allows it.
pub fn is_refused(number: u32) -> bool {
    call_in_vain(number).is_some_and(|error| error.raw_os_error() == Some(libc::EPERM))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter() -> Filter {
        Filter {
            numbers: vec![59, 322, 10],
            action: libc::SECCOMP_RET_LOG,
            reads_argument: false,
            padding: 0,
        }
    }

    /// What `program` answers to a system call: as much of the kernel's interpreter as the
    /// tests need.
    fn run(program: &[sock_filter], arch: u32, number: u32) -> u32 {
        let (mut at, mut accumulator) = (0, 0);
        loop {
            let sock_filter { code, jt, jf, k } = program[at];
            let jump = |jumps| usize::from(if jumps { jt } else { jf });
            at += 1;
            match u32::from(code) {
                LOAD => accumulator = [number, arch, 0, 0, 7][k as usize / 4],
                IF_EQUAL => at += jump(accumulator == k),
                IF_NOT_LESS => at += jump(accumulator >= k),
                RETURN => return k,
                other => panic!("an unknown instruction {other:#x}"),
            }
        }
    }

    #[test]
    fn the_named_system_calls_are_acted_on_and_no_others() {
        for (reads_argument, padding) in [(false, 0), (true, 0), (false, 300), (true, 300)] {
            let program = Filter { reads_argument, padding, ..filter() }.program().unwrap();
            for number in [59, 322, 10] {
                assert_eq!(run(&program, AUDIT_ARCH, number), libc::SECCOMP_RET_LOG, "{number}");
            }
            for number in [0, 11, 39, 321, 323] {
                assert_eq!(run(&program, AUDIT_ARCH, number), libc::SECCOMP_RET_ALLOW, "{number}");
            }
        }
    }

    #[test]
    fn another_architecture_is_no_way_round() {
        let program = filter().program().unwrap();
        assert_eq!(run(&program, 0x4000_0003, 59), libc::SECCOMP_RET_KILL_PROCESS);
        assert_eq!(run(&program, AUDIT_ARCH, FOREIGN_SYSCALLS + 59), libc::SECCOMP_RET_KILL_PROCESS);
    }

    #[test]
    fn padding_is_as_many_instructions_as_asked_for() {
        let length = |padding| Filter { padding, ..filter() }.program().unwrap().len();
        assert_eq!(length(300) - length(0), 300);
    }

    #[test]
    fn more_system_calls_than_a_jump_can_pass_are_an_error() {
        let many = |count| Filter { numbers: (0..count).collect(), ..filter() }.program();
        assert!(many(255).is_ok());
        assert!(many(256).is_err());
    }
}
