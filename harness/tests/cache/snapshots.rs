//! Snapshots when making them fails, when the cache is damaged or full, or when the guest
//! does not boot. Each test has a separate cache.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use hookbench_model::{Failure, FailureKind, Outcome};
use hookbench_results::Run;
use hookbench_results::store::load;

use super::common::{same, send, wait};
use super::private_cache::{HOOKBENCH, PrivateCache, flip, text, unshared};

/// Three cells that share one snapshot.
const CELLS: &str = "run --samples 10 --workload null-syscall --monitor audit+idle,kprobe+count --out";

/// The folder of the only snapshot.
fn snapshot(private: &PrivateCache) -> PathBuf {
    let mut all = fs::read_dir(private.path("snapshots")).unwrap().map(|entry| entry.unwrap().path());
    let first = all.next().unwrap();
    assert_eq!(all.next(), None);
    first
}

/// Asserts that the cache holds no incomplete item.
fn nothing_is_half(private: &PrivateCache) {
    let names = fs::read_dir(private.root()).unwrap().map(|entry| entry.unwrap().file_name());
    assert_eq!(names.filter(|name| name.to_string_lossy().starts_with("part-")).count(), 0);
}

/// The failures of a run in which every cell failed.
fn failures(out: &Path) -> Vec<Failure> {
    let Run { measurements, .. } = load(out).unwrap();
    let failures = measurements.into_iter().map(|measurement| match measurement.outcome {
        Outcome::Failed(failure) => failure,
        other => panic!("{}: {other:?}", measurement.cell),
    });
    failures.collect()
}

/// The process ids of QEMUs that are making an item of the cache.
fn making(private: &PrivateCache) -> Vec<i32> {
    let part = private.path("part-").display().to_string();
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let pids = processes.filter_map(|entry| entry.file_name().to_string_lossy().parse().ok());
    // Compare the name that QEMU has after exec: for a moment, the process has another name.
    let is = |pid: &i32| {
        let words = text(&fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default());
        words.starts_with("qemu") && words.contains(&part)
    };
    pids.filter(is).collect()
}

#[test]
fn a_qemu_killed_while_making_a_snapshot_fails_all_its_cells() {
    let private = PrivateCache::new();
    private.succeed(&format!("{CELLS} whole"));
    private.succeed("cache clean snapshots");
    let mut command = private.command();
    command.args(CELLS.split_whitespace()).args(["killed", "--jobs", "2"]);
    let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    wait("a snapshot is made", || !making(&private).is_empty());
    send(making(&private)[0], libc::SIGKILL);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    let at = |name: &str| private.folder.path().join(name);
    let failures = failures(&at("killed"));
    assert_eq!(failures.len(), 3);
    for failure in failures {
        assert!(failure.kind == FailureKind::Qemu && failure.message.contains("SIGKILL"), "{failure:?}");
    }
    nothing_is_half(&private);
    private.succeed(&format!("{CELLS} killed --resume"));
    same(&at("whole"), &at("killed"));
}

/// Shortens a file by one byte.
fn cut(path: &Path) {
    let file = fs::OpenOptions::new().write(true).open(path).unwrap();
    file.set_len(file.metadata().unwrap().len() - 1).unwrap();
}

fn remove(path: &Path) {
    fs::remove_file(path).unwrap();
}

/// A kind of damage to a file of a snapshot.
type Damage = fn(&Path);

#[test]
fn a_damaged_snapshot_is_remade_and_gives_the_same_numbers() {
    let private = PrivateCache::new();
    private.succeed(&format!("{CELLS} whole"));
    let damages: [(&str, Damage); 6] = [
        ("memory", flip),
        ("memory", cut),
        ("device", flip),
        ("device", cut),
        ("said", remove),
        ("entry.json", remove),
    ];
    for (number, (file, damage)) in damages.into_iter().enumerate() {
        let path = snapshot(&private).join(file);
        damage(&path);
        let damaged = fs::read(&path).ok();
        private.succeed(&format!("{CELLS} {number}"));
        assert!(fs::read(&path).ok() != damaged, "{file} is still damaged");
        same(&private.folder.path().join("whole"), &private.folder.path().join(number.to_string()));
    }
    private.is_private();
}

#[test]
fn a_snapshot_on_a_full_disk_fails_with_what_to_do() {
    let private = PrivateCache::new();
    private.succeed(&format!("{CELLS} whole"));
    let taken = private.folder.path().join("small");
    fs::create_dir(&taken).unwrap();
    let (cache, at) = (private.root().display().to_string(), taken.display());
    // Space for little more than the kernel, and for most of a boot.
    for size in [24, 60] {
        let out = private.folder.path().join(format!("small-{size}"));
        let (code, said) = unshared(&format!(
            "mount -t tmpfs -o size={size}m,mode=700 tmpfs {at}
             for kind in kernels userland images; do ln -s {cache}/$kind {at}/; done
             export HOOKBENCH_CACHE={at}; code=0; {HOOKBENCH} {CELLS} {} || code=$?
             find {at} -type f; exit $code",
            out.display()
        ));
        assert_eq!(code, Some(1), "{said}");
        let failures = failures(&out);
        assert_eq!(failures.len(), 3);
        for Failure { kind, message, .. } in failures {
            let room =
                message.contains("no space for a snapshot in") || message.contains("No space left on device");
            let said =
                room && message.contains(taken.to_str().unwrap()) && message.contains("set HOOKBENCH_CACHE");
            assert!(kind == FailureKind::Qemu && said, "{message}");
        }
        let inside = |line: &&str| line.starts_with(taken.to_str().unwrap()) && !line.contains(' ');
        let left: Vec<&str> = said.lines().filter(inside).collect();
        assert_eq!(left, [taken.join("lock").to_str().unwrap()]);
        private.succeed(&format!("{CELLS} {} --resume", out.display()));
        same(&private.folder.path().join("whole"), &out);
    }
}

#[test]
fn with_a_read_only_cache_a_snapshot_lives_as_long_as_its_run() {
    let private = PrivateCache::new();
    private.succeed(&format!("{CELLS} whole"));
    private.succeed("cache clean snapshots");
    let (root, out, temporary) =
        (private.root(), private.folder.path().join("out"), private.folder.path().join("temporary"));
    fs::create_dir(&temporary).unwrap();
    fs::set_permissions(&temporary, fs::Permissions::from_mode(0o700)).unwrap();
    let (code, said) = unshared(&format!(
        "mount --bind {at} {at}; mount -o remount,bind,ro {at}; export HOOKBENCH_CACHE={at} TMPDIR={}
         {HOOKBENCH} {CELLS} {}",
        temporary.display(),
        out.display(),
        at = root.display()
    ));
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("is read-only: each run boots the guests that are not in it"), "{said}");
    assert!(said.contains(temporary.to_str().unwrap()), "{said}");
    same(&private.folder.path().join("whole"), &out);
    assert_eq!(fs::read_dir(&temporary).unwrap().count(), 0);
}

/// A program in place of QEMU that logs its arguments and then executes QEMU.
fn noting(private: &PrivateCache) -> (String, PathBuf) {
    let (bin, notes) = (private.folder.path().join("bin"), private.folder.path().join("notes"));
    fs::create_dir(&bin).unwrap();
    let qemu = bin.join("qemu-system-x86_64");
    let path = std::env::var("PATH").unwrap();
    let script = format!(
        "#!/bin/sh\necho \"$*\" >> {}\nPATH='{path}' exec qemu-system-x86_64 \"$@\"\n",
        notes.display()
    );
    fs::write(&qemu, script).unwrap();
    fs::set_permissions(&qemu, fs::Permissions::from_mode(0o755)).unwrap();
    (format!("{}:{path}", bin.display()), notes)
}

#[test]
fn a_kernel_that_never_starts_the_agent_boots_once_for_all_its_cells() {
    let private = PrivateCache::new();
    let mut bytes = fs::read(private.path("kernels/6.1/vmlinux")).unwrap();
    // The kernel looks for its first program under another name.
    let name = b"/init\0";
    let places: Vec<usize> =
        (0..bytes.len() - name.len()).filter(|&at| bytes[at..].starts_with(name)).collect();
    assert!(!places.is_empty());
    places.into_iter().for_each(|at| bytes[at + 1] = b'X');
    let kernel = private.folder.path().join("vmlinux-lost");
    fs::write(&kernel, bytes).unwrap();
    let (path, notes) = noting(&private);
    let mut command = private.command();
    command.env("PATH", path).args(CELLS.split_whitespace()).arg("out").arg("--kernel").arg(&kernel);
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    let failures = failures(&private.folder.path().join("out"));
    assert_eq!(failures.len(), 3);
    for Failure { kind, message, console } in failures {
        assert!(kind == FailureKind::GuestPanic && message.contains("Unable to mount root fs"), "{message}");
        assert!(console.iter().any(|line| line.contains("Kernel panic")), "{console:#?}");
    }
    let notes = fs::read_to_string(notes).unwrap();
    assert_eq!(notes.lines().filter(|line| line.contains("-kernel")).count(), 1, "{notes}");
    nothing_is_half(&private);
}
