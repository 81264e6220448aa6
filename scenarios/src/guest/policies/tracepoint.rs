//! A BPF program at the entry of system calls (`raw_tp/sys_enter`), which compares numbers.

use anyhow::{Context, Result};

use super::Attach;
use super::bpf::{Programs, Raw, Settings, open, set_variable};
use crate::exchange::{Object, Record};
use crate::policy::Grade;
use crate::scenario::{Abi, Call, Flags};
use crate::subject::Subject;

/// Numbers in each list of the program.
const NUMBERS: usize = 512;
/// A caller by `int 0x80` or a 32-bit program, in a record.
const COMPAT: u32 = 1;

/// Bytes of a number in them.
const NUMBER: usize = 12;

/// Attaches the program for the calls of `subject`.
///
/// # Errors
/// When the kernel refuses it.
pub(super) fn attach(subject: Subject) -> Result<Attach> {
    if subject.calls.is_empty() {
        return Ok(Attach::Unsupported(format!("no call is typical of {}", subject.scenario.name)));
    }
    let settings = Settings::of(&subject);
    let mut open = match open(&format!("{}/sys-enter", subject.scenario.policy))? {
        Some(open) => open,
        None => open("sys-enter")?.context("the object sys-enter is missing")?,
    };
    set_variable(&mut open, "policy", &settings.bytes())?;
    set_variable(&mut open, "calls", &lists(&subject))?;
    let describe = move |raw: &Raw| describe(raw, settings, subject.grade, &subject.calls);
    Ok(Attach::Attached(Box::new(Programs::attach(open, Vec::new(), describe)?)))
}

/// The bytes of the calls in the program.
fn lists(subject: &Subject) -> Vec<u8> {
    let mut bytes = vec![0; 2 * NUMBERS * NUMBER + 4];
    for call in &subject.calls {
        let place = match call.abi {
            Abi::Native => call.number as usize,
            Abi::Compat => NUMBERS + call.number as usize,
            // io_uring_enter says nothing about what it does.
            Abi::Uring => continue,
        };
        let flags = call.flags.unwrap_or(Flags { argument: 0, mask: 0 });
        let words = [1, u32::from(flags.argument), flags.mask];
        let words = words.iter().flat_map(|word| word.to_ne_bytes());
        bytes.iter_mut().skip(place * NUMBER).zip(words).for_each(|(place, byte)| *place = byte);
    }
    let at = 2 * NUMBERS * NUMBER;
    bytes[at] = u8::from(subject.grade == Grade::Textbook);
    bytes[at + 1] = u8::from(subject.scenario.spares_root);
    // Between marks.
    bytes[at + 2] = 1;
    bytes
}

fn describe(raw: &Raw, settings: Settings, grade: Grade, calls: &[Call]) -> Record {
    let is_compat = raw.abi == COMPAT;
    // A textbook policy takes all numbers for those of 64-bit callers.
    let takes_for = if is_compat && grade == Grade::Complete { Abi::Compat } else { Abi::Native };
    let call = calls.iter().find(|call| call.number == raw.number && call.abi == takes_for);
    let object = if is_compat && grade == Grade::Textbook { Object::WrongName } else { raw.said(settings) };
    let what = call.map_or_else(|| format!("number {}", raw.number), |call| call.name.into());
    Record { what, object, text: raw.path.clone() }
}
