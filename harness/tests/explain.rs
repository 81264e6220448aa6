//! `hookbench explain` in real guests: the sums are exact, the first functions are those of the monitor, and what is
//! planted is found.

use std::path::Path;
use std::process::Command;

use common::{HOOKBENCH, clang, text};
use serde_json::Value;

mod common;

const KPROBE: &str = "6.1/tcg/mprotect-storm[to=r]/paced/kprobe+count";
const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/custom/lookup.bpf.c");

/// Runs `hookbench explain` with `words` in `folder` and returns its standard output.
fn explain(folder: &Path, words: &[&str]) -> String {
    let output = Command::new(HOOKBENCH).arg("explain").args(words).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

fn number(value: &Value, pointer: &str) -> i64 {
    value.pointer(pointer).and_then(Value::as_i64).unwrap_or(0)
}

#[test]
fn the_functions_of_a_kprobe_add_up_to_its_cost_and_the_page_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let found = explain(folder.path(), &[KPROBE, "--json", "--out", "explained"]);
    let found: Value = serde_json::from_str(&found).unwrap();
    let functions = found["functions"].as_array().unwrap();
    let sum =
        |part: &str| functions.iter().map(|function| number(function, &format!("/self/{part}"))).sum::<i64>();
    let parts = ["direct", "avoided", "indirect", "interrupts"].map(|part| {
        assert_eq!(sum(part), number(&found, &format!("/parts/{part}")), "{part}");
        sum(part)
    });
    let [direct, avoided, indirect, interrupts] = parts;
    let added = number(&found, "/operation") - number(&found, "/reference");
    assert_eq!(direct - avoided + indirect + interrupts, added);
    assert_eq!(number(&found, "/added"), added);
    assert!(direct > 100, "{found}");
    let first = functions[0]["name"].as_str().unwrap();
    assert!(first.contains("kprobe"), "{first}");
    let share = (number(&found, "/share/operations"), number(&found, "/share/of"));
    assert!(share.1 == 100 && share.0 >= 90, "{share:?}");
    let read = |name: &str| std::fs::read_to_string(folder.path().join("explained").join(name)).unwrap();
    assert!(read("explain.html").contains("flame"));
    let stacks = read("stacks-6.1.tcg.mprotect-storm.to=r.paced.kprobe+count.folded");
    let counts = stacks.lines().map(|line| line.rsplit_once(' ').unwrap().1.parse::<i64>().unwrap());
    assert_eq!(counts.sum::<i64>(), number(&found, "/operation"));
    assert!(read("stacks-none.folded").contains("do_mprotect_pkey"));
    assert!(read("differential.folded").contains("kprobe_ftrace_handler 0 "));
}

#[test]
fn one_more_map_lookup_is_the_first_line() {
    let folder = tempfile::tempdir().unwrap();
    for (object, macros) in [("once.o", &[][..]), ("twice.o", &["-DMORE"])] {
        let output = Command::new(clang())
            .args([
                "-g",
                "-O2",
                "-target",
                "bpf",
                "-mcpu=v3",
                "-I/usr/include/x86_64-linux-gnu",
                "-c",
                SOURCE,
            ])
            .args(["-o", object])
            .args(macros)
            .current_dir(folder.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", text(&output.stderr));
    }
    let cell = |object: &str| format!("6.1/tcg/mprotect-storm[to=r]/paced/bpf:{object}");
    let (once, twice) = (cell("once.o"), cell("twice.o"));
    let words =
        [&twice, "--against", &once, "--monitor", "bpf:once.o,bpf:twice.o", "--samples", "40", "--json"];
    let found: Value = serde_json::from_str(&explain(folder.path(), &words)).unwrap();
    let functions = found["difference"]["functions"].as_array().unwrap();
    let names: Vec<&str> = functions.iter().map(|function| function["name"].as_str().unwrap()).collect();
    println!("{names:?} {}", found["difference"]["parts"]);
    let is_of_lookup = |name: &str| {
        ["jhash", "htab", "lookup", "bpf_prog on_mprotect"].iter().any(|part| name.contains(part))
    };
    let changed =
        functions.iter().filter(|function| function["self"].as_object().is_some_and(|own| !own.is_empty()));
    let changed: Vec<&str> = changed.map(|function| function["name"].as_str().unwrap()).collect();
    assert!(is_of_lookup(names[0]) && changed.iter().all(|name| is_of_lookup(name)), "{changed:?}");
    let parts = &found["difference"]["parts"];
    assert!(number(parts, "/direct") > 20 && number(parts, "/indirect") == 0, "{parts}");
}

#[test]
fn a_cell_that_does_not_exist_is_a_usage_error_with_similar_ones() {
    let output = Command::new(HOOKBENCH)
        .args(["explain", "6.1/tcg/mprotect-storm[to=x]/paced/kprobe+count"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("r|rw"), "{}", text(&output.stderr));
}
