//! `--cell`: one cell, by the name that reports show, with the guest's console; and what
//! a run prints about cells that failed.

use std::fs;

use common::{HOOKBENCH, Place, text};
use hookbench_results::store::load;

mod common;

#[test]
fn a_cell_is_run_alone_by_its_name() {
    let place = Place::new();
    let name = "6.1/tcg/mprotect-storm[to=r]/paced/kprobe+count";
    let mut command = place.run("run", "--samples 10");
    assert!(command.args(["--cell", name]).status().unwrap().success(), "{}", place.said());
    let run = load(&place.at("run")).unwrap();
    assert_eq!((run.measurements.len(), run.count("measured")), (1, 1));
    assert_eq!(run.measurements[0].cell.to_string(), name);
    // Without a baseline there is no difference, but the report shows the cell's numbers.
    let p50 = fs::read_to_string(place.at("run/results.csv")).unwrap();
    let p50 = p50.lines().nth(1).unwrap().split(',').nth(12).unwrap().to_string();
    assert!(!p50.is_empty() && text(&fs::read(place.at("stdout")).unwrap()).replace(',', "").contains(&p50));
    // Without --out, the results go to the default folder.
    let mut command = place.command(HOOKBENCH);
    assert!(command.args(["run", "--samples", "10", "--cell", name]).status().unwrap().success());
    assert!(place.at("runs/cell-1/run.json").exists());
}

#[test]
fn a_failed_cell_is_listed_with_the_command_that_shows_its_console() {
    let place = Place::new();
    let cells =
        "--workload mprotect-storm --param to=r --monitor none --samples 10 --timeout 100 --fault panic";
    assert_eq!(place.run("run", cells).status().unwrap().code(), Some(1));
    let said = place.said();
    let mut lines = said.lines().skip_while(|line| !line.contains("1 cell failed")).skip(1);
    let failure = lines.next().unwrap_or_else(|| panic!("{said}"));
    let name = "6.1/tcg/mprotect-storm[to=r]/paced/none";
    assert!(failure.starts_with(&format!("guest-panic: {name}: the guest's kernel panicked")), "{said}");
    let command = lines.next().unwrap_or_else(|| panic!("{said}"));
    assert!(
        command.ends_with(&format!("run --cell '{name}' --console --samples 10 --timeout 100 --fault panic"))
    );
    // Without --console, a run prints no line of the console.
    assert!(!said.contains("Call Trace"), "{said}");
    assert_eq!(place.command("sh").args(["-c", command]).status().unwrap().code(), Some(1));
    let said = place.said();
    assert!(said.contains("Kernel panic") && said.contains("Call Trace"), "{said}");
    assert!(said.chars().all(|c| c == '\n' || c == '\t' || !c.is_control()), "{said:?}");
}

#[test]
fn the_shown_console_is_that_of_the_cell_even_from_a_snapshot() {
    let place = Place::new();
    let cell = "6.1/tcg/mprotect-storm[to=r]/paced/none";
    let words = ["run", "--samples", "10", "--cell", cell, "--console", "--fault", "ready-twice"];
    // The first cell may make the snapshot; the second shows only its console.
    for _ in 0..2 {
        assert_eq!(place.command(HOOKBENCH).args(words).status().unwrap().code(), Some(1));
    }
    let said = place.said();
    assert_eq!(said.matches("hookbench-agent: ReadyTwice on request").count(), 1, "{said}");
    assert!(said.contains("failed: the guest sent two messages that its agent is ready"), "{said}");
}

#[test]
fn exit_codes_are_in_the_help() {
    for arguments in [&["--help"][..], &["run", "--help"]] {
        let place = Place::new();
        assert!(place.command(HOOKBENCH).args(arguments).status().unwrap().success());
        let help = text(&fs::read(place.at("stdout")).unwrap());
        for part in ["Exit code:", "130", "143", "a cell failed"] {
            assert!(help.contains(part), "{help}");
        }
    }
}
