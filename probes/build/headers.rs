//! The headers that the C sources of BPF programs and kernel modules include, made from the
//! numbers and policies in Rust. Nothing in them depends on the table of behaviours: adding
//! one changes neither an object nor a module.

use std::fmt::Write;

use hookbench_model::policy::{ALLOWED_CALLS, Policy};

use crate::room::{CALLS, SYSCALL_NUMBERS};

/// `numbers.h`: how much room there is, and macros that repeat a piece of code for each
/// system call. BPF programs and kernel modules both include it.
pub(crate) fn numbers() -> String {
    let about = "How much room there is for the system calls of a behaviour";
    let mut text = header("GPL-2.0-only OR BSD-2-Clause", about, "NUMBERS_H");
    let mut define = |name: &str, value: String, about: &str| {
        let _ = write!(text, "/* {about} */\n#define {name} {value}\n\n");
    };
    define("CALLS", CALLS.to_string(), "System calls that a module can watch.");
    define("SYSCALLS", SYSCALL_NUMBERS.to_string(), "System call numbers for which there is a table.");
    define("EACH_CALL(DO)", repeat(0..CALLS), "DO for each call.");
    define("EACH_CALL_FROM_LAST(DO)", repeat((0..CALLS).rev()), "DO for each call, from the last down.");
    text + "#endif\n"
}

/// `policies.bpf.h`: what monitors that deny or kill act on, and a macro that makes a program for each.
pub(crate) fn policies() -> String {
    let mut text = header("GPL-2.0-only OR BSD-2-Clause", "The policies", "POLICIES_BPF_H");
    let names: Vec<&str> = Policy::ALL.iter().map(|policy| policy.symbol()).collect();
    let _ = write!(text, "enum policy {{ {} }};\n\n", names.join(", "));
    let programs: Vec<String> = names.iter().map(|name| format!("PROGRAM({name})")).collect();
    let _ = write!(text, "#define EACH_POLICY(PROGRAM) {}\n\n", programs.join(" "));
    let _ = write!(text, "/* What AFTER_CALLS lets pass. */\n#define ALLOWED_CALLS {ALLOWED_CALLS}\n\n");
    text + "#endif\n"
}

fn header(license: &str, about: &str, guard: &str) -> String {
    format!(
        "/* SPDX-License-Identifier: {license} */\n\
         /* {about}; made by probes/build/headers.rs. */\n\
         #ifndef {guard}\n#define {guard}\n\n"
    )
}

fn repeat(numbers: impl Iterator<Item = usize>) -> String {
    numbers.map(|number| format!("DO({number})")).collect::<Vec<_>>().join(" ")
}
