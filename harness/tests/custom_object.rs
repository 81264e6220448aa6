//! Custom BPF objects in real guests: which of their programs are attached and where, what is
//! said about those that are not, and that what cannot be loaded is refused with its reason.

use std::path::{Path, PathBuf};
use std::process::Command;

use common::cells::{LONG, planned, run, session_with};
use hookbench::custom::monitor::{CommandOptions, CustomMonitors};
use hookbench::session::guests::{ExactSession, Needs};
use hookbench_model::{Caveat, FailureKind, Measured, Outcome, Schedule};

mod common;

/// The folder of the sources.
const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/custom/objects");

/// A workload and an object with its parameters.
type Asked<'a> = (&'a str, &'a str);

/// Objects compiled for one test, and guests of one kernel that load them.
struct Lab {
    folder: tempfile::TempDir,
    kernel: &'static str,
}

impl Lab {
    fn new(kernel: &'static str) -> Lab {
        Lab { folder: tempfile::tempdir().unwrap(), kernel }
    }

    /// Compiles a source of the folder. The object's name has those of the macros.
    fn compile(&self, name: &str, macros: &[&str]) -> PathBuf {
        self.compile_file(&Path::new(SOURCES).join(format!("{name}.bpf.c")), name, macros)
    }

    fn compile_file(&self, source: &Path, name: &str, macros: &[&str]) -> PathBuf {
        let object = self.folder.path().join(format!("{name}{}.o", macros.concat()));
        let output = Command::new(common::clang())
            .args([
                "-g",
                "-O2",
                "-target",
                "bpf",
                "-mcpu=v3",
                "-I/usr/include/x86_64-linux-gnu",
                "-I",
                SOURCES,
            ])
            .args(macros.iter().map(|name| format!("-D{name}")))
            .args(["-c", &source.display().to_string(), "-o", &object.display().to_string()])
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", common::text(&output.stderr));
        object
    }

    /// The monitor's text for an object in the folder, as `name.o[parameters]`.
    fn text(&self, object: &str) -> String {
        format!("bpf:{}/{object}", self.folder.path().display())
    }

    fn session(&self, asked: &[Asked]) -> ExactSession {
        let texts: Vec<String> = asked.iter().map(|(_, object)| self.text(object)).collect();
        let monitors = CustomMonitors::read(&texts, &CommandOptions::default()).unwrap();
        session_with(Needs { monitors, ..Needs::kernel(self.kernel) }, LONG)
    }

    /// The outcomes of these cells, in order.
    fn outcomes(&self, asked: &[Asked]) -> Vec<Outcome> {
        self.scheduled(asked, Schedule::Paced)
    }

    fn scheduled(&self, asked: &[Asked], schedule: Schedule) -> Vec<Outcome> {
        let session = self.session(asked);
        let outcome = |(workload, object): &Asked| {
            let (monitor, tuning) = hookbench_plan::custom_monitor_name(&self.text(object)).unwrap().unwrap();
            let mut planned = planned(self.kernel, workload, "none", &[], schedule);
            (planned.cell.monitor, planned.cell.tuning) = (monitor, tuning);
            run(&session, &planned, None)
        };
        asked.iter().map(outcome).collect()
    }
}

fn numbers(outcome: &Outcome) -> &Measured {
    match outcome {
        Outcome::Measured(measured) => measured,
        other => panic!("{}: {}", other.word(), other.reason()),
    }
}

fn failed(outcome: &Outcome) -> (FailureKind, &str) {
    match outcome {
        Outcome::Failed(failure) => (failure.kind, &failure.message),
        other => panic!("{}: {}", other.word(), other.reason()),
    }
}

fn unsupported(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Unsupported(why) => why,
        other => panic!("{}: {}", other.word(), other.reason()),
    }
}

/// The programs that ran in ten operations, as the last note says.
fn ran(measured: &Measured) -> &str {
    let note = measured.notes.iter().find(|note| note.starts_with("runs of its BPF programs")).unwrap();
    note.rsplit_once("untimed: ").unwrap().1
}

/// Fails unless a note contains all parts.
fn has_note(measured: &Measured, parts: &[&str]) {
    let found = measured.notes.iter().any(|note| parts.iter().all(|part| note.contains(part)));
    assert!(found, "{parts:?} is not in {:#?}", measured.notes);
}

#[test]
fn of_alternatives_a_loader_takes_one_kind() {
    let lab = Lab::new("6.1");
    lab.compile("alternatives", &[]);
    let outcomes = lab.outcomes(&[
        ("execve-noop", "alternatives.o"),
        ("execve-noop", "alternatives.o[only=exec_btf+check_entry+check_exit]"),
        ("execve-noop", "alternatives.o[only=exec_*]"),
        ("execve-noop", "alternatives.o[without=check_exit+exec_btf+exec_raw+done_*]"),
    ]);
    let [all, chosen, both, probes] = outcomes.each(numbers);
    let usual = "exec_btf 10, check_entry 10, check_exit 10";
    assert_eq!((ran(all), ran(chosen)), (usual, usual));
    has_note(
        all,
        &["exec_btf, exec_raw and exec_classic are all at sched_process_exec", "hookbench attached exec_btf"],
    );
    has_note(all, &["check_entry and check_probe are both at the entry of security_bprm_check"]);
    has_note(all, &["optional is left out: its section is ?lsm/bprm_check_security"]);
    let Caveat::Partial(why) = &all.caveats[0] else { panic!("{:?}", all.caveats) };
    assert!(
        why.contains("done_entry is left out: blk_account_io_done cannot be traced in this kernel"),
        "{why}"
    );
    assert!(chosen.caveats.is_empty() && chosen.notes.len() == 1, "{chosen:?}");
    assert_eq!(ran(both), "exec_raw 10, exec_btf 10, exec_classic 10");
    has_note(both, &["of which a loader takes one kind; hookbench attached all, as only= says"]);
    // Without the exit by types, both sides are probes.
    assert_eq!(ran(probes), "check_probe 10, check_return 10, exec_classic 10");
    assert!(probes.caveats.is_empty(), "{probes:?}");
}

#[test]
fn programs_at_hooks_that_the_kernel_closes_are_left_out_together() {
    let lab = Lab::new("6.1");
    lab.compile("closed", &[]);
    let outcomes = lab.outcomes(&[("execve-noop", "closed.o")]);
    let [measured] = outcomes.each(numbers);
    assert_eq!(ran(measured), "on_exec 10");
    let Caveat::Partial(why) = &measured.caveats[0] else { panic!("{:?}", measured.caveats) };
    for hook in ["getprocattr", "vm_enough_memory"] {
        assert!(why.contains(&format!("no BPF program at the security hook {hook}")), "{why}");
    }
    has_note(measured, &["in 2 attempts, so what attaching costs is not known"]);
    assert_eq!(measured.attach_cost, None);
}

#[test]
fn programs_without_a_place_are_left_out_and_the_number_says_so() {
    let lab = Lab::new("6.1");
    lab.compile("places", &[]);
    lab.compile("targets", &[]);
    let outcomes = lab.outcomes(&[
        ("execve-noop", "places.o"),
        ("execve-noop", "places.o[only=on_execve]"),
        ("execve-noop", "places.o[only=on_packet+on_user]"),
        ("execve-noop", "targets.o"),
        (
            "execve-noop",
            "targets.o[traced@fentry=security_bprm_check probed@kretprobe=security_bprm_check \
             pointed@raw_tp=sched_process_exec classic@tp=sched/sched_process_exec \
             unknown@fexit=security_bprm_check name=somebody loud=true]",
        ),
        (
            "execve-noop",
            "targets.o[probed@kprobe=no_function_is_called_so pointed@raw_tp=sched_process_exec]",
        ),
        ("execve-noop", "targets.o[traced@kprobe=security_bprm_check]"),
        ("execve-noop", "targets.o[pointed@raw_tp=sched_process_exec least=1]"),
    ]);
    let [part, only] = [&outcomes[0], &outcomes[1]].map(numbers);
    assert_eq!((ran(part), ran(only)), ("on_execve 10", "on_execve 10"));
    has_note(part, &["hookbench attached it to syscalls/sys_enter_execve"]);
    let Caveat::Partial(why) = &part.caveats[0] else { panic!("{:?}", part.caveats) };
    assert!(why.contains("is left out") && why.contains("; and 4 more"), "{why}");
    assert!(only.caveats.is_empty(), "{only:?}");
    let why = unsupported(&outcomes[2]);
    assert!(why.contains("on_packet is left out") && why.contains("user space"), "{why}");
    let why = unsupported(&outcomes[3]);
    assert!(why.contains("traced@fentry=PLACE") && why.contains("probed@kprobe=PLACE"), "{why}");
    let placed = numbers(&outcomes[4]);
    assert_eq!(ran(placed), "traced 10, probed 10, pointed 10, classic 10, unknown 10");
    assert!(placed.caveats.is_empty(), "{placed:?}");
    let Caveat::Partial(why) = &numbers(&outcomes[5]).caveats[0] else { panic!("{:?}", outcomes[5]) };
    assert!(why.contains("this kernel has no function no_function_is_called_so"), "{why}");
    assert!(
        failed(&outcomes[6]).1.contains("traced is a program of the section fentry"),
        "{:?}",
        outcomes[6]
    );
    assert!(failed(&outcomes[7]).1.contains("neither a number nor a text"), "{:?}", outcomes[7]);
}

#[test]
fn what_tail_calls_reach_is_not_attached() {
    let lab = Lab::new("6.1");
    lab.compile("tail", &[]);
    let outcomes = lab.outcomes(&[
        ("execve-noop", "tail.o"),
        ("execve-noop", "tail.o[only=first]"),
        ("execve-noop", "tail.o[only=first+third]"),
    ]);
    let [all, first, both] = outcomes.each(numbers);
    let programs = |measured| {
        let mut names: Vec<&str> = ran(measured).split([' ', ',']).step_by(3).collect();
        names.sort_unstable();
        names.join(" ")
    };
    assert_eq!([programs(all), programs(first), programs(both)], ["again first", "first", "first third"]);
    has_note(all, &["second, third are loaded and not attached, because tail calls reach them"]);
    has_note(both, &["third is attached, as only= says, although tail calls reach it too"]);
}

#[test]
fn a_map_of_maps_gets_maps_that_the_verifier_accepts() {
    let lab = Lab::new("6.1");
    for macros in [&[][..], &["LARGE"], &["BUFFER"], &["WRONG"]] {
        lab.compile("inner", macros);
    }
    let cells =
        ["inner.o", "innerLARGE.o", "innerBUFFER.o", "innerWRONG.o"].map(|object| ("execve-noop", object));
    let outcomes = lab.outcomes(&cells);
    let map = "map sets holds maps that its loader describes; hookbench gave it empty";
    has_note(numbers(&outcomes[0]), &[map, "hash maps of 4-byte keys and 256-byte values"]);
    has_note(numbers(&outcomes[1]), &[map, "4096-byte values"]);
    has_note(numbers(&outcomes[2]), &[map, "ring buffers"]);
    assert!(failed(&outcomes[3]).1.contains("invalid mem access"), "{:?}", outcomes[3]);
}

#[test]
fn records_that_are_never_announced_are_read() {
    let lab = Lab::new("6.1");
    lab.compile("ring", &[]);
    let outcomes = lab.outcomes(&[("execve-noop", "ring.o[flags=1]"), ("execve-noop", "ring.o[flags=0]")]);
    let [silent, loud] = outcomes.each(numbers);
    has_note(silent, &["30 records read", "30 of them were never announced (BPF_RB_NO_WAKEUP)"]);
    has_note(loud, &["30 records read and 0 lost; records that"]);
    assert!(silent.caveats.is_empty() && loud.caveats.is_empty(), "{silent:?} {loud:?}");
    // Without a rest the reader does not run.
    let full = lab.scheduled(&[("execve-noop", "ring.o")], Schedule::Burst);
    let Caveat::Partial(why) = &numbers(&full[0]).caveats[0] else { panic!("{full:?}") };
    assert!(why.contains("its ring buffer events was full (8 KiB)"), "{why}");
}

#[test]
fn what_is_refused_has_its_reason_on_each_kernel() {
    for kernel in ["6.1", "7.3"] {
        let lab = Lab::new(kernel);
        for name in ["BOUNDS", "HELPER", "EXTERN", "ARENA"] {
            lab.compile("refused", &[name]);
        }
        let outcomes = lab.outcomes(&[
            ("execve-noop", "refusedBOUNDS.o"),
            ("execve-noop", "refusedHELPER.o"),
            ("execve-noop", "refusedEXTERN.o"),
            ("execve-noop", "refusedARENA.o"),
        ]);
        let (_, why) = failed(&outcomes[0]);
        let instruction = why.find(": (79) r").unwrap_or(usize::MAX);
        let reason = why.find("unbounded memory access, make sure to bounds check").unwrap_or(usize::MAX);
        let advice = why.find("Suggestion: ").unwrap_or(why.len());
        assert!(instruction < reason && reason < advice, "{kernel}: {why}");
        assert!(
            unsupported(&outcomes[1]).contains("bpf_get_socket_cookie#46"),
            "{kernel}: {:?}",
            outcomes[1]
        );
        let (_, why) = failed(&outcomes[2]);
        assert!(
            why.contains("failed to open the object: failed to find BTF for extern 'elsewhere'"),
            "{why}"
        );
        let measured = numbers(&outcomes[3]);
        assert_eq!(ran(measured), "refused 10");
        if kernel == "6.1" {
            has_note(measured, &["map arena is left out: this kernel has no maps of the kind arena"]);
        }
    }
}

#[test]
fn an_object_that_refuses_is_measured_if_that_is_expected() {
    let lab = Lab::new("6.1");
    lab.compile("deny", &[]);
    let outcomes = lab.outcomes(&[
        ("execve-noop", "deny.o[expect=EPERM]"),
        ("execve-noop", "deny.o[with=-13 expect=EACCES]"),
        ("execve-noop", "deny.o[expect=EACCES]"),
        ("execve-noop", "deny.o"),
        ("mprotect-storm", "deny.o[expect=EPERM]"),
    ]);
    let refused = |outcome: &Outcome| numbers(outcome).refused.clone().map(|it| (it.operations, it.errno));
    assert_eq!(refused(&outcomes[0]), Some((10, "EPERM".into())));
    assert_eq!(refused(&outcomes[1]), Some((10, "EACCES".into())));
    let [wrong, none, passed] = [&outcomes[2], &outcomes[3], &outcomes[4]].map(failed);
    assert!([wrong.0, none.0, passed.0].iter().all(|kind| *kind == FailureKind::WrongOutcome));
    assert!(wrong.1.contains("EPERM instead of EACCES"), "{}", wrong.1);
    assert!(none.1.contains("--expect EPERM measures an object that refuses them"), "{}", none.1);
    assert!(passed.1.contains("success instead of EPERM"), "{}", passed.1);
}

#[test]
fn an_object_of_a_thousand_programs_is_attached() {
    let lab = Lab::new("6.1");
    let source = lab.folder.path().join("many.bpf.c");
    let program = |number| {
        format!("SEC(\"raw_tp/sched_process_exec\") int p{number}(void *context) {{ return COUNT; }}\n")
    };
    let text = std::iter::once("#include \"bpf.h\"\n".to_string()).chain((0..1000).map(program));
    std::fs::write(&source, text.collect::<String>()).unwrap();
    lab.compile_file(&source, "many", &[]);
    let outcomes = lab.outcomes(&[("execve-noop", "many.o")]);
    assert_eq!(
        ran(numbers(&outcomes[0])).split(", ").filter(|program| program.ends_with(" 10")).count(),
        1000
    );
}

/// Applies a function to each outcome.
trait Each {
    fn each<'a, T, const N: usize>(&'a self, get: impl Fn(&'a Outcome) -> T) -> [T; N];
}

impl Each for Vec<Outcome> {
    fn each<'a, T, const N: usize>(&'a self, get: impl Fn(&'a Outcome) -> T) -> [T; N] {
        let all: Vec<T> = self.iter().map(get).collect();
        all.try_into().unwrap_or_else(|all: Vec<T>| panic!("{} outcomes instead of {N}", all.len()))
    }
}
