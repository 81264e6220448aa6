//! The command as a user runs it: exit codes, messages, files, and what remains after a
//! failure.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use hookbench_results::store::{JOURNAL_FILE, load};

use common::{HOOKBENCH, same, text};

mod common;

fn hookbench(arguments: &str) -> Output {
    Command::new(HOOKBENCH).args(arguments.split_whitespace()).output().unwrap()
}

/// Runs cells into `out`. Returns the exit code and standard error.
fn run(out: &Path, arguments: &str) -> (Option<i32>, String) {
    let output = hookbench(&format!("run --samples 10 --out {} {arguments}", out.display()));
    (output.status.code(), text(&output.stderr))
}

/// Runs cells into `out` and asserts success. Returns standard error.
fn succeed(out: &Path, arguments: &str) -> String {
    let (code, said) = run(out, arguments);
    assert_eq!(code, Some(0), "{arguments}: {said}");
    said
}

const CELLS: &str =
    "--workload null-syscall,mprotect-storm --monitor bpf-lsm+ringbuf,audit+rules,kprobe+perfbuf";

#[test]
fn runs_have_equal_bytes_in_any_order_and_with_any_number_of_guests() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    succeed(one.path(), &format!("--jobs 1 {CELLS}"));
    let reversed =
        "--monitor kprobe+perfbuf,audit+rules,bpf-lsm+ringbuf --workload mprotect-storm,null-syscall";
    succeed(two.path(), &format!("--jobs 3 {reversed}"));
    same(one.path(), two.path());
}

#[test]
fn a_resumed_run_ends_with_the_same_bytes() {
    let (whole, cut) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let cells = "--workload null-syscall --monitor audit+*";
    succeed(whole.path(), cells);
    succeed(cut.path(), cells);
    // As if the machine had crashed in the third cell.
    let journal = cut.path().join(JOURNAL_FILE);
    let lines = fs::read_to_string(&journal).unwrap();
    let two: usize = lines.lines().take(2).map(|line| line.len() + 1).sum();
    fs::write(&journal, &lines[..two + 40]).unwrap();
    let said = succeed(cut.path(), &format!("--resume {cells}"));
    assert!(said.contains("[4/4]"), "{said}");
    same(whole.path(), cut.path());
}

#[test]
fn garbage_in_a_journal_causes_a_warning_and_a_new_measurement() {
    let (whole, spoilt) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let cells = "--workload null-syscall --monitor audit+idle,audit+rules";
    succeed(whole.path(), cells);
    succeed(spoilt.path(), cells);
    let journal = spoilt.path().join(JOURNAL_FILE);
    let lines = fs::read_to_string(&journal).unwrap();
    let lines: Vec<&str> = lines.lines().collect();
    fs::write(&journal, format!("{}\n\0\0{}\n{}\n", lines[0], &lines[1][9..], lines[2])).unwrap();
    let said = succeed(spoilt.path(), &format!("--resume {cells}"));
    assert!(said.contains("line 2 is not a measurement") && said.contains("[1/1]"), "{said}");
    same(whole.path(), spoilt.path());
}

#[test]
fn a_run_from_another_machine_is_not_resumed() {
    let folder = tempfile::tempdir().unwrap();
    let cells = "--workload null-syscall --monitor none";
    succeed(folder.path(), cells);
    let path = folder.path().join("run.json");
    let description = fs::read_to_string(&path).unwrap();
    fs::write(&path, description.replace("\"memory_mib\": ", "\"memory_mib\": 1")).unwrap();
    let (code, said) = run(folder.path(), &format!("--resume {cells}"));
    assert_eq!(code, Some(1));
    // The message does not suggest to resume, either.
    assert!(
        said.contains("has changed since the run began; start a new run") && !said.contains("resume with"),
        "{said}"
    );
}

#[test]
fn a_folder_without_a_run_is_not_resumed() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("thesis.tex"), "").unwrap();
    for out in [folder.path(), &folder.path().join("nowhere")] {
        let (code, said) = run(out, "--resume --workload null-syscall --monitor none");
        assert_eq!(code, Some(2));
        assert!(said.contains("holds no run to resume"), "{said}");
    }
}

#[test]
fn a_run_does_not_overwrite_another() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("run.json"), "{}").unwrap();
    let (code, said) = run(folder.path(), "--workload null-syscall --monitor none");
    assert_eq!(code, Some(2));
    assert!(said.contains("--resume"), "{said}");
}

#[test]
fn failed_cells_are_results_and_set_the_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    let (code, said) = run(folder.path(), "--workload null-syscall --monitor audit+idle --fault panic");
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("failed: the guest's kernel panicked"), "{said}");
    let run = load(folder.path()).unwrap();
    assert_eq!(run.count("failed"), 2);
    let csv = fs::read_to_string(folder.path().join("results.csv")).unwrap();
    assert!(csv.contains(",failed,the guest's kernel panicked"), "{csv}");
    let report = hookbench(&format!("report {}", folder.path().display()));
    assert_eq!(report.status.code(), Some(0));
    assert!(text(&report.stdout).contains("panicked"));
}

#[test]
fn an_unknown_name_is_a_usage_error_that_lists_the_known_ones() {
    for (arguments, known) in [
        ("run --kernel 4.4", "6.1, 6.12"),
        ("run --workload quake", "execve-noop"),
        ("run --monitor bpf-lsm+telepathy", "bpf-lsm+ringbuf"),
        ("run --schedule leisurely", "paced"),
        ("run --plan nothing", "quick"),
        ("run --workload mprotect-storm --param to=x", "r|rw"),
        ("list dreams", "monitors"),
    ] {
        let output = hookbench(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments}: {output:?}");
        assert!(text(&output.stderr).contains(known), "{arguments}: {}", text(&output.stderr));
    }
}

#[test]
fn a_missing_qemu_is_reported_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in ["run --workload null-syscall --monitor none --out", "doctor --offline"] {
        let mut command = Command::new(HOOKBENCH);
        command.args(arguments.split_whitespace()).env("PATH", folder.path());
        if arguments.ends_with("--out") {
            command.arg(folder.path().join("run"));
        }
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments}");
        let said = text(&output.stderr) + &text(&output.stdout);
        assert!(said.contains("qemu-system-x86"), "{arguments}: {said}");
    }
}

#[test]
fn a_file_that_is_not_a_kernel_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("empty"), "").unwrap();
    let empty = folder.path().join("empty").display().to_string();
    for kernel in ["Cargo.toml", "/etc/passwd", "/bin/true", "/etc", "/no/such", "/dev/null", empty.as_str()]
    {
        let (code, said) = run(&folder.path().join("run"), &format!("--kernel {kernel}"));
        assert_eq!(code, Some(2), "{said}");
        assert!(said.contains(kernel), "{said}");
    }
}

#[test]
fn a_custom_kernel_is_measured_by_its_path() {
    let folder = tempfile::tempdir().unwrap();
    // The cached kernel under another name stands in for a locally built one.
    succeed(&folder.path().join("warm"), "--workload null-syscall --monitor none");
    let cache = hookbench_vm::cache::Cache::open().unwrap();
    let own = folder.path().join("vmlinux-own");
    fs::copy(cache.root().join("kernels/6.1/vmlinux"), &own).unwrap();
    let out = folder.path().join("own");
    let cells = "--workload null-syscall --monitor bpf-lsm+count --kernel";
    succeed(&out, &format!("{cells} {}", own.display()));
    let run = load(&out).unwrap();
    assert_eq!(run.count("measured"), 2);
    assert_eq!(run.measurements[0].cell.kernel, own.display().to_string());
}

#[test]
fn a_kernel_without_btf_fails_only_bpf_monitors() {
    let folder = tempfile::tempdir().unwrap();
    succeed(&folder.path().join("warm"), "--workload null-syscall --monitor none");
    let cache = hookbench_vm::cache::Cache::open().unwrap();
    let mut bytes = fs::read(cache.root().join("kernels/6.1/vmlinux")).unwrap();
    // BTF begins with its magic, version 1, flags 0 and a header of 24 bytes.
    let header = [0x9f, 0xeb, 1, 0, 24, 0, 0, 0, 0, 0, 0, 0];
    let begin = bytes.windows(header.len()).position(|window| window == header).unwrap();
    bytes[begin] = 0;
    let kernel = folder.path().join("vmlinux-without-btf");
    fs::write(&kernel, bytes).unwrap();
    let out = folder.path().join("run");
    let cells = "--workload mprotect-storm --param to=r --monitor bpf-lsm+count,audit+rules --kernel";
    let (code, said) = run(&out, &format!("{cells} {}", kernel.display()));
    assert_eq!(code, Some(1), "{said}");
    let run = load(&out).unwrap();
    assert_eq!((run.count("measured"), run.count("failed")), (2, 1), "{said}");
    assert!(said.contains("BTF"), "{said}");
}
