//! Names of functions that are the same in two kernels, or under two programs.

/// What a compiler appends to the name of a function of which it made a variant.
const VARIANTS: [&str; 6] = ["isra", "constprop", "part", "cold", "llvm", "lto_priv"];

/// The digits of the hash in the name of a BPF program.
const TAG: usize = 16;

/// The name without what differs between kernels: the variant that the compiler made, the hash of a BPF program, the
/// number of a trampoline, and the address of code without a name.
pub(super) fn normalized(name: &str) -> String {
    if let Some(rest) = name.strip_prefix("bpf_prog_") {
        return bpf_program(rest).unwrap_or_else(|| name.into());
    }
    if name.strip_prefix("bpf_trampoline_").is_some_and(is_number) {
        return "bpf_trampoline".into();
    }
    if name.starts_with("[0x") {
        return "[unnamed]".into();
    }
    let mut short = name;
    while let Some(shorter) = without_variant(short) {
        short = shorter;
    }
    short.into()
}

/// `6deef7357e7b4530_count` as `bpf_prog count`.
fn bpf_program(rest: &str) -> Option<String> {
    let (tag, name) = rest.split_at_checked(TAG)?;
    let is_tag = tag.bytes().all(|byte| byte.is_ascii_hexdigit());
    match name.strip_prefix('_') {
        _ if !is_tag => None,
        Some(name) if !name.is_empty() => Some(format!("bpf_prog {name}")),
        None if name.is_empty() => Some("bpf_prog".into()),
        _ => None,
    }
}

/// `map_lookup.isra.0` without `.isra.0`, and `oops.cold` without `.cold`.
fn without_variant(name: &str) -> Option<&str> {
    let (rest, last) = name.rsplit_once('.')?;
    let (begin, variant) = if is_number(last) { rest.rsplit_once('.')? } else { (rest, last) };
    (VARIANTS.contains(&variant) && !begin.is_empty()).then_some(begin)
}

/// Digits, in groups that underscores separate.
fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_what_differs_between_kernels_and_programs() {
        for (name, expected) in [
            ("bpf_prog_6deef7357e7b4530_count", "bpf_prog count"),
            ("bpf_prog_6deef7357e7b4530", "bpf_prog"),
            ("bpf_prog_array_copy", "bpf_prog_array_copy"),
            ("bpf_prog_6deef7357e7b4530count", "bpf_prog_6deef7357e7b4530count"),
            ("bpf_trampoline_6442536433_1", "bpf_trampoline"),
            ("bpf_trampoline_link_prog", "bpf_trampoline_link_prog"),
            ("mprotect_fixup.isra.0", "mprotect_fixup"),
            ("audit_filter.constprop.0.isra.12", "audit_filter"),
            ("do_exit.cold", "do_exit"),
            ("do_exit.part.0.cold", "do_exit"),
            ("kprobe_ftrace_handler", "kprobe_ftrace_handler"),
            (".cold", ".cold"),
            ("x.12", "x.12"),
            ("[0xffffffffc0000000]", "[unnamed]"),
            ("[user]", "[user]"),
        ] {
            assert_eq!(normalized(name), expected);
            assert_eq!(normalized(expected), expected);
        }
    }
}
