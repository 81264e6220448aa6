//! The kernel's functions, for hookbench to name what QEMU's plugin attributes instructions to.

use std::fs::File;
use std::io::{BufRead, BufReader};

use anyhow::{Context, Result};

const FILE: &str = "/proc/kallsyms";

/// All functions.
///
/// # Errors
/// When the kernel does not list them.
pub(crate) fn all() -> Result<String> {
    read(|_| true)
}

/// The functions of code that the kernel made or loaded: modules, BPF programs, trampolines, probes.
///
/// # Errors
/// When the kernel does not list them.
pub(crate) fn dynamic() -> Result<String> {
    read(|line| line.ends_with(']'))
}

/// The lines of functions that are `wanted`.
fn read(wanted: impl Fn(&str) -> bool) -> Result<String> {
    let context = || format!("failed to read {FILE}");
    let mut file = BufReader::with_capacity(1 << 16, File::open(FILE).with_context(context)?);
    let (mut all, mut line) = (String::new(), String::new());
    while file.read_line(&mut line).with_context(context)? > 0 {
        let text = line.trim_end();
        if is_function(text) && wanted(text) {
            all += text;
            all.push('\n');
        }
        line.clear();
    }
    Ok(all)
}

/// Whether a line, `ADDRESS TYPE NAME`, is that of a function.
fn is_function(line: &str) -> bool {
    line.split(' ').nth(1).is_some_and(|kind| matches!(kind, "t" | "T" | "w" | "W"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_code_is_a_function() {
        assert!(is_function("ffffffff81000000 T _stext"));
        assert!(is_function("ffffffffc0000000 t bpf_prog_6deef7357e7b4530\t[bpf]"));
        assert!(!is_function("ffffffff82000000 D jiffies"));
        assert!(!is_function("ffffffff82000000"));
    }

    #[test]
    fn this_machines_list_is_read() {
        assert!(all().unwrap().lines().count() > dynamic().unwrap().lines().count());
    }
}
