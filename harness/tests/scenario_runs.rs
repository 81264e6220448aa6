//! `hookbench scenario run` in real guests, as a user runs it: the same bytes however a run comes about, and custom
//! ways.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use common::{HOOKBENCH, Place, signal, text, wait};
use hookbench_analysis::scenario::Verdicts;
use hookbench_results::store::{JOURNAL_FILE, RUN_FILE, load};

mod common;

const CELLS: &str = "--kernel 6.1 --scenario userns --policy tracepoint+watch,bpf-lsm+deny,bpf-lsm+kill";

/// `hookbench scenario run` into the folder `out` of `place`.
fn scenario(place: &Place, out: &str, line: &str) -> Command {
    let mut command = place.command(HOOKBENCH);
    command.args(["scenario", "run"]).args(shlex::split(line).unwrap()).arg("--out").arg(place.at(out));
    command
}

/// Runs the command. Returns its exit code.
fn code(place: &Place, out: &str, line: &str) -> i32 {
    scenario(place, out, line).status().unwrap().code().unwrap()
}

fn bytes(place: &Place, out: &str) -> Vec<u8> {
    fs::read(place.at(out).join(RUN_FILE)).unwrap()
}

#[test]
fn jobs_shards_and_interruptions_do_not_change_a_byte() {
    let place = Place::new();
    assert_eq!(code(&place, "whole", CELLS), 0, "{}", place.said());
    for file in ["report.html", "report.md", "scenarios.csv", "evidence/6.1.userns.html"] {
        assert!(place.at("whole").join(file).is_file(), "{file}");
    }
    assert!(!place.at("whole/results.csv").exists());
    assert_eq!(code(&place, "one", &format!("{CELLS} --jobs 1")), 0);
    assert!(bytes(&place, "one") == bytes(&place, "whole"));

    for shard in 1..=2 {
        assert_eq!(code(&place, &format!("shard-{shard}"), &format!("{CELLS} --shard {shard}/2")), 0);
    }
    let merge = |out: &str| {
        let mut command = place.command(HOOKBENCH);
        command.arg("merge").args(["shard-2", "shard-1"]).args(["--out", out]);
        command.status().unwrap().code()
    };
    assert_eq!(merge("merged"), Some(0), "{}", place.said());
    assert!(bytes(&place, "merged") == bytes(&place, "whole"));

    let mut child = scenario(&place, "stopped", &format!("{CELLS} --jobs 1")).spawn().unwrap();
    let journal = place.at("stopped").join(JOURNAL_FILE);
    wait("a cell has ended", || fs::read(&journal).is_ok_and(|journal| !journal.is_empty()));
    signal(&child, libc::SIGINT);
    child.wait().unwrap();
    assert!(place.said().contains("--resume"), "{}", place.said());
    assert_eq!(code(&place, "stopped", &format!("{CELLS} --resume")), 0, "{}", place.said());
    assert!(bytes(&place, "stopped") == bytes(&place, "whole"));
    assert_eq!(code(&place, "whole", CELLS), 2, "a run is not written over");
}

/// The program of `custom/way.c`, and a check of its effect, in `place`.
fn way(place: &Place) {
    compile(place, "way", &[]);
    script(&place.at("look"), "test -e /run/scene/reached");
    script(&place.at("broken"), "exit 7");
}

/// Compiles `custom/way.c` with these options, as `name`.
fn compile(place: &Place, name: &str, options: &[&str]) {
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/custom/way.c");
    let mut command = Command::new("cc");
    let output = command.args(options).args(["-O2", source, "-o"]).arg(place.at(name)).output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
}

fn script(path: &Path, line: &str) {
    fs::write(path, format!("#!/bin/sh\n{line}\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// The verdicts on the custom way of the run `out`, in the order of its cells.
fn verdicts(place: &Place, out: &str) -> Vec<String> {
    let run = load(&place.at(out)).unwrap();
    let verdicts = Verdicts::new(&run);
    verdicts.cells.iter().map(|cell| cell.ways[0].all_words()).collect()
}

#[test]
fn a_custom_way_gets_the_verdicts_of_a_built_in_one() {
    let place = Place::new();
    way(&place);
    let ways = [
        ("unshare", "exists:/run/scene/reached", ["works", "seen", "stopped, seen", "killed, seen"]),
        // A textbook watcher does not know clone. The way's child is killed, not the way.
        ("clone", "content:/run/scene/reached=in", ["works", "missed", "stopped, seen", "killed, seen"]),
        ("clone", "exit:0", ["works", "missed", "stopped, seen", "killed, seen"]),
        ("unshare", "check:./look", ["works", "seen", "stopped, seen", "killed, seen"]),
    ];
    for (number, (call, effect, expected)) in ways.into_iter().enumerate() {
        let out = number.to_string();
        let line = format!("{CELLS} --way 'cmd:./way {call}' --effect {effect}");
        assert_eq!(code(&place, &out, &line), 0, "{}", place.said());
        assert_eq!(verdicts(&place, &out), expected, "{call} {effect}");
    }
}

#[test]
fn an_allowed_custom_way_of_root_is_fine_and_a_way_without_effect_does_not_work() {
    let place = Place::new();
    way(&place);
    let line = format!("{CELLS} --way 'cmd:./way unshare' --effect exit:0");
    assert_eq!(code(&place, "root", &format!("{line} --as root --allowed")), 0, "{}", place.said());
    assert_eq!(verdicts(&place, "root"), ["works", "fine", "fine", "fine"]);
    let never = format!("{CELLS} --way 'cmd:./way nothing' --effect exit:0");
    assert_eq!(code(&place, "never", &never), 0, "{}", place.said());
    assert_eq!(verdicts(&place, "never"), ["does not work here"; 4]);
}

#[test]
fn a_way_whose_effect_says_nothing_is_invalid_and_not_stopped_or_reached() {
    let place = Place::new();
    way(&place);
    for (effect, why) in
        [("check:./broken", "neither 0 nor 1"), ("exists:/proc", "its effect is there before it runs")]
    {
        let out = effect.replace(['/', ':'], "-");
        let line = format!("{CELLS} --way 'cmd:./way unshare' --effect {effect}");
        assert_eq!(code(&place, &out, &line), 1, "{}", place.said());
        assert!(place.said().contains(why), "{}", place.said());
        assert!(place.said().contains(&format!("--effect {effect}")), "{}", place.said());
        assert_eq!(verdicts(&place, &out), ["invalid"; 4]);
    }
}

#[test]
fn the_start_of_a_program_is_not_the_way_unless_the_user_says_so() {
    const CELLS: &str = "--scenario execmem --policy tracepoint+watch,tracepoint+kill,audit+watch,seccomp+deny --effect exit:0";
    let place = Place::new();
    compile(&place, "dynamic", &[]);
    compile(&place, "static", &["-static"]);
    compile(&place, "stripped", &["-static", "-s"]);
    compile(&place, "moved", &["-static-pie"]);
    for program in ["dynamic", "static", "stripped", "moved"] {
        // A textbook policy that compares numbers knows mprotect, which the loader and the C library call.
        for (what, expected) in [
            ("mmap", ["works", "missed", "not stopped, missed", "missed", "not stopped"]),
            ("mprotect", ["works", "seen", "killed, seen", "seen", "stopped"]),
        ] {
            let out = format!("{program}-{what}");
            let line = format!("{CELLS} --way 'cmd:./{program} {what}'");
            assert_eq!(code(&place, &out, &line), 0, "{}", place.said());
            assert_eq!(verdicts(&place, &out), expected, "{out}: {}", place.said());
        }
    }
    let line = format!("{CELLS} --window exec --way 'cmd:./dynamic mmap'");
    assert_eq!(code(&place, "exec", &line), 0, "{}", place.said());
    assert_eq!(verdicts(&place, "exec"), ["works", "seen", "killed, seen", "seen", "stopped"]);
}

#[test]
fn a_process_that_a_way_leaves_belongs_to_it_and_is_ended() {
    let place = Place::new();
    way(&place);
    let line = format!("{CELLS} --way 'cmd:./way other' --effect exists:/run/scene/reached");
    assert_eq!(code(&place, "out", &line), 0, "{}", place.said());
    assert_eq!(verdicts(&place, "out"), ["works", "seen", "stopped, seen", "stopped, seen"]);
    let run = load(&place.at("out")).unwrap();
    let notes = &run.scenarios[0].tried().unwrap().ways[0].notes;
    assert_eq!(notes.len(), 1, "{notes:?}");
    assert!(notes[0].contains("a process that it left running"), "{notes:?}");
}
