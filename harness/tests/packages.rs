//! Debian packages and programs of this machine in guests: what apt would install comes
//! with a package, and a command that cannot start is refused before a guest boots.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use common::{HOOKBENCH, text};
use hookbench_results::store::load;

mod common;

/// Runs `hookbench run` in `folder`. Returns the exit code and the standard error.
fn run(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(HOOKBENCH);
    command.arg("run").args(arguments).args(["--jobs", "1", "--out", "out"]).current_dir(folder);
    let output = command.output().unwrap();
    (output.status.code(), text(&output.stderr))
}

fn executable(file: &Path, text: &str) {
    fs::write(file, text).unwrap();
    fs::set_permissions(file, fs::Permissions::from_mode(0o755)).unwrap();
}

/// An interpreter that is a link into another package, looked up by `env`, with modules
/// and libraries of further packages; a link that a script makes; the shell.
const WATCH: &str = r#"#!/usr/bin/env python3
import ctypes, os, signal, sqlite3, ssl, time
signal.signal(signal.SIGINT, lambda *_: os._exit(0))
print("sqlite", sqlite3.connect(":memory:").execute("select 6 * 7").fetchone()[0], flush=True)
os.system("echo shell")
os.system("awk 'BEGIN { print \"awk\" }'")
print("ready", flush=True)
while True:
    time.sleep(0.01)  # shows that it is at work
"#;

#[test]
fn a_package_comes_with_what_apt_would_install() {
    let folder = tempfile::tempdir().unwrap();
    executable(&folder.path().join("watch.py"), WATCH);
    // libc6-i386 has only programs for 32 bits.
    let bring = "watch.py,python3,mawk,libc6-i386";
    // A shell has the tools of every Debian.
    let tools = "cmd:tools=sh -c 'ls / | grep -q usr'";
    let (code, said) = run(
        folder.path(),
        &[
            &["--workload", "cmd:python3 -c pass", "--workload", tools, "--monitor", "cmd:./watch.py"][..],
            &["--ready", "ready", "--bring", bring, "--samples", "5"],
        ]
        .concat(),
    );
    assert_eq!(code, Some(0), "{said}");
    assert!(!said.contains("from this machine"), "{said}");
    let run = load(&folder.path().join("out")).unwrap();
    assert_eq!(run.count("measured"), 4, "{said}");
    let notes = fs::read_to_string(folder.path().join("out/report.md")).unwrap();
    for line in ["sqlite 42", "shell", "awk", "ready"] {
        assert!(notes.contains(&format!("watch.py wrote: {line}")), "{line}: {notes}");
    }
}

#[test]
fn a_payload_that_does_not_fit_into_the_guest_is_told_with_its_size() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("large")).unwrap();
    for name in ["a", "b", "c"] {
        fs::write(folder.path().join("large").join(name), vec![1; 50 << 20]).unwrap();
    }
    let arguments = ["--workload", "null-syscall", "--monitor", "cmd:unshare", "--bring", "./large"];
    let (code, said) = run(folder.path(), &arguments);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("the payload of 151 MiB does not fit into the guest"), "{said}");
    assert!(said.contains("--memory"), "{said}");
}

#[test]
fn a_command_that_cannot_start_is_a_usage_error() {
    let folder = tempfile::tempdir().unwrap();
    executable(&folder.path().join("script"), "#!/usr/bin/env python3\n");
    let (workload, monitor) = ("--workload", "--monitor");
    for (arguments, part) in [
        (
            &[workload, "null-syscall", monitor, "cmd:nothing-here"][..],
            "no program \"nothing-here\" in the guest",
        ),
        (&[workload, "cmd:nothing-here", monitor, "none"], "in the guest or on this machine"),
        (
            &[workload, "null-syscall", monitor, "cmd:script", "--bring", "./script"],
            "started as cmd:./script",
        ),
        (&[workload, "null-syscall", monitor, "cmd:./script", "--bring", "./script"], "--bring python3"),
        (&[workload, "cmd:./script", monitor, "none"], "--bring python3"),
        (
            &[workload, "cmd:mawks", monitor, "none", "--bring", "mawk"],
            "the packages of --bring have awk, mawk, nawk",
        ),
        (
            &[workload, "cmd:true", monitor, "none", "--bring", "no-such-package"],
            "no package no-such-package",
        ),
    ] {
        let (code, said) = run(folder.path(), arguments);
        assert_eq!(code, Some(2), "{arguments:?}: {said}");
        assert!(said.contains(part), "{arguments:?}: {said}");
    }
}

#[test]
fn a_kernel_by_path_has_the_configuration_next_to_it() {
    let folder = tempfile::tempdir().unwrap();
    let (code, said) = run(folder.path(), &["--workload", "null-syscall", "--monitor", "none"]);
    assert_eq!(code, Some(0), "{said}");
    let cached = hookbench_vm::cache::Cache::open().unwrap().root().join("kernels/6.1");
    let config = fs::read_to_string(cached.join("config")).unwrap();
    let without = config.replace("CONFIG_BPF_LSM=y", "# CONFIG_BPF_LSM is not set");
    assert_ne!(config, without);
    fs::copy(cached.join("vmlinux"), folder.path().join("vmlinux-changed")).unwrap();
    fs::write(folder.path().join("config-changed"), without).unwrap();
    fs::remove_dir_all(folder.path().join("out")).unwrap();
    let (code, said) = run(
        folder.path(),
        &["--kernel", "./vmlinux-changed", "--workload", "null-syscall", "--monitor", "bpf-lsm+count"],
    );
    assert_eq!(code, Some(0), "{said}");
    let run = load(&folder.path().join("out")).unwrap();
    assert_eq!((run.count("measured"), run.count("unsupported")), (1, 1), "{said}");
}
