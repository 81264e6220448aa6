//! A step of `git bisect run`, with the exit codes that git expects.

use std::path::Path;
use std::process::Command;

use common::{HOOKBENCH, text};
use hookbench_vm::cache::Cache;
use hookbench_vm::kernel::Kernel;
use hookbench_vm::{kernels, pair};

mod common;

/// Runs `hookbench` with `line`. Returns its exit code and output.
fn hookbench(place: &Path, line: &str) -> (Option<i32>, String) {
    let words = shlex::split(line).unwrap();
    let output = Command::new(HOOKBENCH).args(words).current_dir(place).output().unwrap();
    (output.status.code(), text(&output.stdout) + &text(&output.stderr))
}

/// A folder with the run `base` of null-syscall on `kernel`.
fn base(kernel: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let line =
        format!("run --kernel {kernel} --workload null-syscall --monitor audit+off --samples 10 --out base");
    let (code, said) = hookbench(folder.path(), &line);
    assert_eq!(code, Some(0), "{said}");
    folder
}

#[test]
fn a_kernel_given_by_path_is_good_bad_or_skipped() {
    let cache = Cache::open().unwrap();
    let path = |name: &str| {
        let kernel = Kernel::fetch(kernels::find(name).unwrap(), &cache, &|_| ()).unwrap();
        kernel.vmlinux.display().to_string()
    };
    let folder = base("6.12");
    let step = |line: &str| hookbench(folder.path(), &format!("bisect-step base {line}"));
    let (same, other) = (path("6.12"), path("6.1"));
    for (line, code, part) in [
        (format!("--kernel {same} --limit 0% --out same"), 0, "bisect-step: good"),
        (format!("--kernel {other} --limit none=0% --out other"), 1, "bisect-step: bad"),
        (format!("--kernel {other} --limit 1000% --out lax"), 0, "bisect-step: good"),
        (format!("--kernel {same} --fault panic --out panic"), 125, "cannot be tested: nothing was measured"),
        (
            format!("--kernel {same} --workload mprotect-storm --monitor none"),
            129,
            "no measurement of 2 cells",
        ),
        ("--kernel ./nowhere".into(), 129, "there is no such file"),
        ("--kernel 6.1,6.12".into(), 129, "exactly one kernel"),
        ("--kernel 6.1 --speed 9".into(), 129, "unexpected argument"),
        (format!("--kernel {same} --limit nothing"), 129, "limit"),
    ] {
        let (found, said) = step(&line);
        assert_eq!(found, Some(code), "{line}: {said}");
        assert!(said.contains(part), "{line}: {said}");
    }
    let (code, said) = hookbench(folder.path(), "bisect-step nowhere --kernel 6.1");
    assert_eq!(code, Some(129), "{said}");
}

#[test]
#[ignore = "slow: needs the kernels that `hookbench kernel build audit-pair` makes; `cargo xtask test --slow` runs it"]
fn bisect_step_finds_three_instructions_of_audit_unless_the_limit_allows_them() {
    let cache = Cache::open().unwrap();
    let yes = pair::find("audit-pair-y").unwrap().open(&cache, &|_| ()).unwrap();
    let folder = base("audit-pair-n");
    for (limit, code) in [("0%", 1), ("2%", 0)] {
        let path = yes.vmlinux.display();
        let line = format!(
            "bisect-step base --kernel {path} --workload null-syscall --monitor none --limit {limit} --out {code}"
        );
        let (found, said) = hookbench(folder.path(), &line);
        assert_eq!(found, Some(code), "{said}");
    }
}
