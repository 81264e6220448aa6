//! A BPF program at the entry of system calls (`raw_tp/sys_enter`), which compares numbers.

use anyhow::{Context, Result};

use super::Attach;
use super::bpf::{Programs, Raw, Settings, open, set_constants};
use crate::exchange::{Object, Record};
use crate::policy::{Grade, PolicyName};
use crate::scenario::{Abi, Call, Scenario};

/// Numbers in each list of the program.
const NUMBERS: usize = 512;
/// A caller by `int 0x80` or a 32-bit program, in a record.
const COMPAT: u32 = 1;

pub(super) fn attach(name: PolicyName, scenario: &'static Scenario) -> Result<Attach> {
    let mut open = open("sys-enter")?.context("the object sys-enter is missing")?;
    let settings = Settings { action: name.policy.action, file: None };
    let calls = match name.grade {
        Grade::Textbook => scenario.textbook,
        Grade::Complete => scenario.complete,
    };
    set_constants(&mut open, 0, &settings.bytes())?;
    set_constants(&mut open, settings.bytes().len(), &lists(calls, name.grade, scenario.spares_root))?;
    let describe = move |raw: &Raw| describe(raw, name.grade, calls);
    Ok(Attach::Attached(Box::new(Programs::attach(open, Vec::new(), describe)?)))
}

/// The bytes of `calls` in the program.
fn lists(calls: &[Call], grade: Grade, spares_root: bool) -> Vec<u8> {
    let mut bytes = vec![0; 2 * NUMBERS + 2];
    for call in calls {
        let place = match call.abi {
            Abi::Native => call.number as usize,
            Abi::Compat => NUMBERS + call.number as usize,
            // io_uring_enter says nothing about what it does.
            Abi::Uring => continue,
        };
        bytes[place] = 1;
    }
    bytes[2 * NUMBERS] = u8::from(grade == Grade::Textbook);
    bytes[2 * NUMBERS + 1] = u8::from(spares_root);
    bytes
}

fn describe(raw: &Raw, grade: Grade, calls: &[Call]) -> Record {
    let is_compat = raw.abi == COMPAT;
    // A textbook policy takes all numbers for those of 64-bit callers.
    let takes_for = if is_compat && grade == Grade::Complete { Abi::Compat } else { Abi::Native };
    let call = calls.iter().find(|call| call.number == raw.number && call.abi == takes_for);
    let object = if is_compat && grade == Grade::Textbook { Object::WrongName } else { Object::None };
    let what = call.map_or_else(|| format!("number {}", raw.number), |call| call.name.into());
    Record { what, object, text: String::new() }
}
