//! Lines that other programs and the kernel print: apt's lists of packages and mirrors,
//! audit records, traces and their counters.

use hookbench_probes::kernel_text;
use hookbench_vm::{mirror, package_names};

use crate::memory;

/// Everything that is found in the lines is part of them.
pub fn holds(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let room = 64 * bytes.len() + (64 << 10);
    memory::within(room, || packages(&text));
    memory::within(room, || sources(&text));
    kernels(bytes, &text);
}

/// The first line is a pattern, the others are names of packages.
fn packages(text: &str) {
    let Some((pattern, rest)) = text.split_once('\n') else { return };
    let all: Vec<String> = rest.lines().map(str::to_owned).collect();
    let matching = || all.iter().filter(|name| package_names::match_star(pattern, name).is_some());
    let newest = package_names::newest(pattern, &all);
    assert_eq!(newest.is_some(), matching().next().is_some());
    assert!(newest.is_none_or(|newest| matching().any(|name| *name == newest)));
    let near = package_names::nearest(pattern, &all);
    assert!(near.len() <= 5 && near.is_empty() == all.is_empty());
    assert!(near.iter().all(|name| all.iter().any(|known| known == name)));
    if let Some(star) =
        matching().find_map(|name| package_names::match_star(pattern, name).map(|star| (name, star)))
    {
        assert_eq!(pattern.replacen('*', star.1, 1), *star.0);
    }
}

/// Each suite has a line in the list of sources, or is reported as missing.
fn sources(text: &str) {
    let suites = ["bookworm".to_owned(), "bookworm-security".to_owned()];
    let (list, missing) = mirror::parse(text).sources(&suites);
    assert_eq!(list.lines().count() + missing.len(), suites.len());
    for line in list.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let &["deb", _, _, _, _, site, suite, "main"] = &words[..] else { panic!("{line:?}") };
        assert!(text.contains(site) && suites.iter().any(|known| known == suite), "{line:?}");
    }
}

fn kernels(bytes: &[u8], text: &str) {
    let stands =
        |number: Option<u64>| number.is_none_or(|n| text.contains(n.to_string().trim_start_matches('0')));
    assert!(stands(kernel_text::serial_in(text)) && stands(kernel_text::syscall_in(text).map(u64::from)));
    assert_eq!(kernel_text::status_in(bytes).is_some(), bytes.len() >= 32);
    assert_eq!(kernel_text::error_in(bytes).is_some(), bytes.len() >= 4);
    let lines = bytes.split(|&byte| byte == b'\n').count() as u64;
    assert!(kernel_text::count_in(bytes, "exec: (") <= lines);
    kernel_text::lost_in(text);
    // Each event is a line; it is one of a pair, or alone.
    let (calls, alone) = kernel_text::calls_in(bytes);
    assert!(2 * calls.len() as u64 + alone <= lines);
    assert!(calls.iter().all(|call| call.entered <= call.left));
    for refusal in
        [kernel_text::refusal_in(text, ""), kernel_text::refusal_in("", text)].into_iter().flatten()
    {
        assert!(refusal.why.chars().count() <= 500);
    }
}
