//! The headers that the C sources of BPF programs and kernel modules include, made from
//! the table of behaviours: a behaviour is one row, in Rust.

use std::fmt::Write;

use hookbench_model::BEHAVIOURS;

use crate::slots::{SLOTS, SYSCALL_NUMBERS, TICKS_SLOT};

/// The least number of system calls for which kernel modules have room; a new behaviour
/// then does not change their code.
const LEAST_CALLS: usize = 16;

/// `slots.h`: how much room there is, and a macro that repeats a piece of code for each
/// slot. BPF programs and kernel modules both include it.
pub(crate) fn slots() -> String {
    let syscalls: usize = BEHAVIOURS.iter().map(|row| row.syscalls.len()).sum();
    let calls = syscalls.next_power_of_two().max(LEAST_CALLS);
    let mut text = header("GPL-2.0-only OR BSD-2-Clause", "How much room there is for behaviours", "SLOTS_H");
    let mut define = |name: &str, value: String, about: &str| {
        let _ = write!(text, "/* {about} */\n#define {name} {value}\n\n");
    };
    define("SLOTS", SLOTS.to_string(), "Counters: one for each behaviour, and that of the ticks.");
    define("TICKS_SLOT", TICKS_SLOT.to_string(), "Where sampling counts its ticks.");
    define("CALLS", calls.to_string(), "System calls that a module can watch.");
    define("SYSCALLS", SYSCALL_NUMBERS.to_string(), "System call numbers for which there is a table.");
    define("EACH_SLOT(DO)", repeat(0..SLOTS), "DO for each slot.");
    define("EACH_CALL(DO)", repeat(0..calls), "DO for each call.");
    define("EACH_CALL_FROM_LAST(DO)", repeat((0..calls).rev()), "DO for each call, from the last down.");
    text + "#endif\n"
}

/// `behaviours.bpf.h`: the behaviours by name, and a macro that makes a program for each.
pub(crate) fn behaviours() -> String {
    let names: Vec<String> = BEHAVIOURS.iter().map(|row| row.name.replace('-', "_")).collect();
    let programs: Vec<String> = names.iter().map(|name| format!("PROGRAM({name})")).collect();
    let mut text = header("GPL-2.0-only OR BSD-2-Clause", "The behaviours", "BEHAVIOURS_BPF_H");
    let _ = write!(text, "enum behaviour {{ {} }};\n\n", names.join(", "));
    let _ = write!(text, "#define EACH_BEHAVIOUR(PROGRAM) {}\n\n", programs.join(" "));
    text + "#endif\n"
}

fn header(license: &str, about: &str, guard: &str) -> String {
    format!(
        "/* SPDX-License-Identifier: {license} */\n\
         /* {about}; made from the table of behaviours by probes/build/headers.rs. */\n\
         #ifndef {guard}\n#define {guard}\n\n"
    )
}

fn repeat(numbers: impl Iterator<Item = usize>) -> String {
    numbers.map(|number| format!("DO({number})")).collect::<Vec<_>>().join(" ")
}
