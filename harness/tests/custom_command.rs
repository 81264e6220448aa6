//! Commands that watch in real guests: what shows that they are at work, when they are ready,
//! how they end, and why they do not start.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use common::cells::{LONG, planned, run, session_with};
use hookbench::custom::monitor::{CommandOptions, CustomMonitors};
use hookbench::session::guests::{ExactSession, Needs};
use hookbench_model::{Caveat, Measured, Outcome, Schedule};

mod common;

/// The program `watch`, which watches in the way that its argument names.
fn watch(folder: &Path) -> PathBuf {
    let program = folder.join("watch");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/custom/watch.c");
    let output = Command::new("cc").args(["-O2", source, "-o"]).arg(&program).output().unwrap();
    assert!(output.status.success(), "{}", common::text(&output.stderr));
    program
}

/// A session whose guests get the custom monitors `texts` and the files `bring`.
fn session_of(texts: &[String], ready: Option<&str>, bring: &[PathBuf]) -> ExactSession {
    let bring = bring.iter().map(|path| path.display().to_string()).collect();
    let options = CommandOptions { ready: ready.map(String::from), bring };
    let monitors = CustomMonitors::read(texts, &options).unwrap();
    session_with(Needs { monitors, ..Needs::kernel("6.1") }, LONG)
}

/// The outcomes of the execve cell under `watch` in each of these ways.
fn outcomes<const N: usize>(ways: [&str; N], ready: Option<&str>) -> [Outcome; N] {
    let folder = tempfile::tempdir().unwrap();
    let texts = ways.map(|way| format!("cmd:{way}=./watch {way}"));
    let session = session_of(&texts, ready, &[watch(folder.path())]);
    ways.map(|way| outcome(&session, way))
}

fn outcome(session: &ExactSession, name: &str) -> Outcome {
    let mut planned = planned("6.1", "execve-noop", "none", &[], Schedule::Paced);
    planned.cell.monitor = format!("cmd:{name}").parse().unwrap();
    run(session, &planned, None)
}

fn numbers(outcome: Outcome) -> Measured {
    match outcome {
        Outcome::Measured(measured) => measured,
        other => panic!("{}: {}", other.word(), other.reason()),
    }
}

/// The numbers of a cell whose monitor was at work, with the note that says so.
fn at_work(outcome: Outcome) -> (Measured, String) {
    let measured = numbers(outcome);
    assert_eq!(measured.caveats, [], "{measured:?}");
    let note = measured.notes.iter().find(|note| note.contains(" was at work: "));
    let note = note.unwrap_or_else(|| panic!("{measured:?}")).clone();
    (measured, note)
}

/// Why nothing shows that the monitor was at work.
fn unproven(outcome: Outcome) -> String {
    match numbers(outcome).caveats.as_slice() {
        [Caveat::Unproven(why)] => why.clone(),
        other => panic!("{other:?}"),
    }
}

fn failure(outcome: Outcome) -> String {
    match outcome {
        Outcome::Failed(failure) => failure.message,
        other => panic!("{}: {}", other.word(), other.reason()),
    }
}

fn p50(measured: &Measured) -> u64 {
    let mut samples = measured.samples.clone();
    samples.sort_unstable();
    samples[samples.len() / 2]
}

#[test]
fn what_shows_that_a_command_is_at_work_is_a_note() {
    let [event, counter, report] = outcomes(["event", "counter", "report"], None).map(at_work);
    assert_eq!(
        event.1,
        "event was at work: 1 trace event (sched:sched_process_exec), and the counts changed"
    );
    assert_eq!(counter.1, "counter was at work: 1 perf event, and the counts changed");
    assert_eq!(report.1, "report was at work: 1 inotify mark, and it reacts to operations");
    // The output is plain text, written line by line.
    assert!(report.0.notes.contains(&"report wrote: opened".into()), "{report:?}");
    assert!(event.0.notes.contains(&"event wrote: READY".into()), "{event:?}");
}

#[test]
fn a_command_that_traces_only_after_some_seconds_costs_as_much_as_one_that_does_at_once() {
    let [soon, late] = outcomes(["trace", "trace-late"], None).map(at_work);
    assert_eq!(soon.1, "trace was at work: traces the operations (ptrace)");
    let (soon, late) = (p50(&soon.0), p50(&late.0));
    assert!(soon.abs_diff(late) < soon / 10, "{soon} {late}");
}

#[test]
fn a_command_that_watches_nothing_of_the_operations_has_no_plain_number() {
    let ways = ["nothing", "other-event", "other-counter", "report-other", "trace-agent"];
    let [nothing, event, counter, report, agent] = outcomes(ways, None).map(unproven);
    assert!(nothing.contains("nothing shows that nothing was at work"), "{nothing}");
    assert!(nothing.contains("neither its output nor its CPU time changed"), "{nothing}");
    assert!(
        event.contains("1 trace event (sched:sched_process_hang), but the counts did not change"),
        "{event}"
    );
    assert!(counter.contains("1 perf event, but the counts did not change"), "{counter}");
    assert!(report.contains("1 inotify mark, but it does no more with operations"), "{report}");
    assert!(agent.contains("traces process 1 (ptrace), but not the processes that this starts"), "{agent}");
}

#[test]
fn a_command_that_works_by_a_timer_is_measured_and_said_to_be_so() {
    let [tick] = outcomes(["tick"], None).map(numbers);
    assert!(tick.caveats.is_empty(), "{tick:?}");
    let note = "it did something during the operations, as it does without them; nothing else shows it";
    assert!(tick.notes.iter().any(|said| said.ends_with(note)), "{tick:?}");
}

#[test]
fn a_command_that_ignores_sigint_keeps_its_numbers() {
    let [hold, daemon] = outcomes(["hold", "daemon"], Some("READY")).map(numbers);
    assert!(hold.notes.contains(&"hold ended by SIGTERM, 5 s after SIGINT".into()), "{hold:?}");
    let note = "what daemon had started ended by SIGTERM, 5 s after SIGINT".to_string();
    assert!(daemon.notes.contains(&note), "{daemon:?}");
    assert_eq!(hold.samples.len(), daemon.samples.len());
}

#[test]
fn a_command_that_only_sets_something_up_has_to_stay() {
    let folder = tempfile::tempdir().unwrap();
    let brief = folder.path().join("brief");
    fs::write(&brief, "#!/usr/bin/bash\necho bye\n").unwrap();
    fs::set_permissions(&brief, fs::Permissions::from_mode(0o755)).unwrap();
    let session = session_of(&["cmd:brief=./brief".into()], None, &[brief]);
    let why = failure(outcome(&session, "brief"));
    assert!(why.contains("brief ended by itself (exit status: 0); it wrote: bye"), "{why}");
    assert!(why.contains("add `sleep infinity` to it"), "{why}");
}
