//! The gate with a custom monitor: it finds one additional map lookup, and `compare --explain` names its functions. It
//! accepts an object that was only built again.

use std::path::Path;
use std::process::Command;

use common::{HOOKBENCH, clang, text};

mod common;

const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/custom/lookup.bpf.c");

/// Builds a copy of the source in the folder `place`.
fn build(place: &Path, macros: &[&str]) {
    std::fs::create_dir_all(place).unwrap();
    std::fs::copy(SOURCE, place.join("lookup.bpf.c")).unwrap();
    let output = Command::new(clang())
        .args(["-g", "-O2", "-target", "bpf", "-mcpu=v3", "-I/usr/include/x86_64-linux-gnu", "-c"])
        .args(["lookup.bpf.c", "-o", "lookup.o"])
        .args(macros)
        .current_dir(place)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
}

/// Runs `hookbench` with `line`. Returns its exit code and output.
fn hookbench(place: &Path, line: &str) -> (Option<i32>, String) {
    let words = shlex::split(line).unwrap();
    let output = Command::new(HOOKBENCH).args(words).current_dir(place).output().unwrap();
    (output.status.code(), text(&output.stdout) + &text(&output.stderr))
}

fn measure(place: &Path) {
    let line = "run --kernel 6.1 --workload mprotect-storm --param to=r --monitor bpf:lookup.o --samples 10 --keep-stacks --out run";
    let (code, said) = hookbench(place, line);
    assert_eq!(code, Some(0), "{said}");
}

/// Judges an unchanged object and one with an additional lookup, `times` times each.
fn judged(times: usize) {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: String| folder.path().join(name);
    let base = place("base".into());
    build(&base, &[]);
    measure(&base);
    for number in 1..=times {
        for (name, macros, code, part) in
            [("again", &[][..], 0, "0 regressions"), ("more", &["-DMORE"], 3, "1 regression")]
        {
            let new = place(format!("{name}-{number}"));
            build(&new, macros);
            measure(&new);
            let (found, said) = hookbench(&new, "gate ../base/run run --limit 0%");
            println!("{name} {number}: exit code {found:?}");
            assert_eq!(found, Some(code), "{name} {number}: {said}");
            assert!(code == 0 || said.contains(part), "{said}");
            if code == 3 {
                assert!(said.contains("bpf:lookup.o"), "{said}");
                names_the_lookup(&new);
            }
        }
    }
}

/// Checks that the first function that `compare --explain` lists is one of a lookup.
fn names_the_lookup(new: &Path) {
    let (code, said) = hookbench(new, "compare ../base/run run --explain");
    assert_eq!(code, Some(0), "{said}");
    let table = said.split("hook self").nth(1).unwrap_or_else(|| panic!("{said}"));
    let first = table.lines().nth(1).unwrap_or_else(|| panic!("{said}")).trim_start();
    assert!(
        ["jhash", "lookup_", "__htab_map_lookup", "htab_map_"].iter().any(|name| first.starts_with(name)),
        "{said}"
    );
}

#[test]
fn an_additional_lookup_fails_the_gate_and_a_rebuild_does_not() {
    judged(1);
}

#[test]
#[ignore = "slow: forty builds and runs; `cargo xtask test --slow` runs it"]
fn an_additional_lookup_fails_the_gate_ten_times_out_of_ten() {
    judged(10);
}
