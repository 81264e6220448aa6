//! `--target host`, proven inside a guest: an ordinary machine with Debian's kernel, a
//! clock of real time (TCG without icount) and the usual file systems, whose first
//! process is this very test program. Nothing here touches the kernel of the machine
//! that runs the tests.

mod common;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use hookbench_results::agreement::agreement;
use hookbench_results::{Clock, Run, Target, store};
use hookbench_vm::cache::Cache;
use hookbench_vm::image::{self, Content, GuestFile};
use hookbench_vm::kernel::Kernel;
use hookbench_vm::{elf, kernels};

use common::{HOOKBENCH, text};

/// What the guest's first process is asked for.
const INSIDE: &str = "inside_the_guest";
const LEDGER: &str = "/var/lib/hookbench/host.ledger";
const TRACING: &str = "/sys/kernel/tracing";
const PATIENCE: Duration = Duration::from_secs(240);

#[test]
fn a_machine_is_measured_by_itself_and_left_as_it_was() {
    let place = tempfile::tempdir().unwrap();
    let image = place.path().join("image.cpio");
    fs::write(&image, image::build(&files()).unwrap().bytes).unwrap();
    let cache = Cache::open().unwrap();
    let kernel = Kernel::fetch(kernels::find("6.1").unwrap(), &cache, &|_| ()).unwrap();
    let console = place.path().join("console");
    let mut guest = Command::new("qemu-system-x86_64")
        .args(["-accel", "tcg", "-machine", "microvm,isa-serial=on,acpi=off,rtc=on,pic=on,pit=on"])
        .args(["-cpu", "max,-la57,-avx,-avx2", "-m", "1G", "-smp", "1", "-nodefaults", "-no-user-config"])
        .args(["-display", "none", "-no-reboot", "-serial"])
        .arg(format!("file:{}", console.display()))
        .arg("-kernel")
        .arg(&kernel.vmlinux)
        .arg("-initrd")
        .arg(&image)
        .args(["-append", &boot_line()])
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    let begin = Instant::now();
    while guest.try_wait().unwrap().is_none() {
        if begin.elapsed() > PATIENCE {
            guest.kill().unwrap();
            guest.wait().unwrap();
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    let said = text(&fs::read(&console).unwrap());
    println!("{said}\n({:.0} s)", begin.elapsed().as_secs_f64());
    assert!(said.contains("test result: ok. 1 passed"), "what the guest said is above");
}

fn boot_line() -> String {
    let words =
        "console=ttyS0 quiet loglevel=1 panic=-1 reboot=t tsc=reliable cryptomgr.notests lsm=lockdown,bpf";
    format!("{words} rdinit=/init -- {INSIDE} --exact --ignored --nocapture --test-threads=1")
}

/// This program as the first process, the command, and the libraries of both.
fn files() -> Vec<GuestFile> {
    let mut files = Vec::new();
    let own = std::env::current_exe().unwrap();
    let mut wanted = vec![(own, "init".to_string()), (HOOKBENCH.into(), "bin/hookbench".to_string())];
    while let Some((path, name)) = wanted.pop() {
        if files.iter().any(|file: &GuestFile| file.path == name) {
            continue;
        }
        let bytes = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let needs = elf::needs(&bytes).unwrap();
        let folders = ["/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib64"];
        for library in needs.libraries {
            let found =
                folders.iter().map(|folder| Path::new(folder).join(&library)).find(|path| path.exists());
            wanted.push((found.unwrap_or_else(|| panic!("no {library}")), format!("lib/{library}")));
        }
        wanted.extend(
            needs.interpreter.map(|path| (PathBuf::from(&path), path.trim_start_matches('/').into())),
        );
        let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        files.push(GuestFile { path: name, mode, content: Content::File(bytes) });
    }
    let folders = ["proc", "sys", "dev", "tmp", "var/lib", "run"];
    files.extend(folders.map(|path| GuestFile {
        path: path.into(),
        mode: 0o755,
        content: Content::Directory,
    }));
    files
}

/// The guest's half; nothing where it is not the first process of a machine.
#[test]
#[ignore = "the first process of the other test's guest"]
fn inside_the_guest() {
    if std::process::id() != 1 {
        return;
    }
    let told = std::panic::catch_unwind(|| {
        mount_all();
        measures_and_leaves_nothing();
        what_enforces_is_refused();
        an_interrupted_run_undoes_what_it_did();
        for (monitors, mark) in [("audit+rules", "audit-rule"), ("ftrace+kprobe-event", "kprobe_events")] {
            a_killed_run_is_undone_by_the_next_command(monitors, mark);
        }
    });
    // The harness of tests says it when this returns; then nobody would end the machine.
    let said = if told.is_ok() { "test result: ok. 1 passed" } else { "test result: FAILED" };
    println!("{said}");
    // SAFETY: the machine ends.
    unsafe {
        libc::sync();
        libc::reboot(libc::RB_AUTOBOOT);
    }
}

fn mount_all() {
    for (kind, place) in [
        ("proc", "/proc"),
        ("sysfs", "/sys"),
        ("devtmpfs", "/dev"),
        ("tmpfs", "/tmp"),
        ("tracefs", TRACING),
        ("securityfs", "/sys/kernel/security"),
    ] {
        let (kind, place) = (std::ffi::CString::new(kind).unwrap(), std::ffi::CString::new(place).unwrap());
        // SAFETY: all strings end in NUL and outlive the call.
        let result =
            unsafe { libc::mount(kind.as_ptr(), place.as_ptr(), kind.as_ptr(), 0, std::ptr::null()) };
        assert_eq!(result, 0, "{place:?}: {}", std::io::Error::last_os_error());
    }
}

fn hookbench(line: &str) -> Command {
    let mut command = Command::new("/bin/hookbench");
    command.args(line.split_whitespace()).env("HOME", "/tmp").env("HOOKBENCH_CACHE", "/tmp/cache");
    command
}

fn run(line: &str) -> Output {
    let output = hookbench(line).output().unwrap();
    println!("$ hookbench {line}: {}\n{}{}", output.status, text(&output.stdout), text(&output.stderr));
    output
}

/// All that a run may change and has to leave as it was.
fn state() -> String {
    let doctor = text(&hookbench("doctor --offline").output().unwrap().stdout);
    let audit = doctor.lines().find(|line| line.contains("host, audit")).unwrap_or_default().to_string();
    let read = |file: &str| fs::read_to_string(format!("{TRACING}/{file}")).unwrap();
    let instances: Vec<_> =
        fs::read_dir(format!("{TRACING}/instances")).unwrap().map(|entry| entry.unwrap().path()).collect();
    let files =
        ["kprobe_events", "set_event", "current_tracer", "set_ftrace_filter", "trace_clock", "tracing_on"];
    let files = files.map(|file| format!("{file}: {}", read(file)));
    format!("{audit}\n{}{instances:?}\nledger: {}\n", files.concat(), Path::new(LEDGER).exists())
}

const MONITORS: [&str; 4] = ["none", "audit+rules", "kprobe+count", "ftrace+kprobe-event"];

fn measures_and_leaves_nothing() {
    print!("{}", text(&hookbench("doctor --offline").output().unwrap().stdout));
    let before = state();
    println!("{before}");
    assert!(before.contains("rules: 0,") && before.contains("ledger: false"), "{before}");
    let monitors = MONITORS.join(",");
    let output = run(&format!(
        "run --target host --monitor {monitors} --workload mprotect-storm --param to=rw --clock tsc,perf,ftrace \
         --rounds 3 --seed 7 --samples 20 --out /tmp/r"
    ));
    assert!(output.status.success());
    assert_eq!(state(), before);
    let run = store::load(Path::new("/tmp/r")).unwrap();
    assert_eq!((run.environment.target, run.environment.clock), (Target::Host, Clock::Tsc));
    let hardware = run.environment.hardware.as_ref().unwrap();
    assert_eq!((hardware.rounds, hardware.seed, hardware.order.len()), (3, 7, 3));
    assert!(hardware.hypervisor.starts_with("TCG"), "{hardware:?}");
    each_cell_is_measured(&run);
}

fn each_cell_is_measured(run: &Run) {
    assert_eq!(run.measurements.len(), MONITORS.len());
    for (measurement, monitor) in run.measurements.iter().zip(MONITORS) {
        let cell = &measurement.cell;
        assert_eq!(cell.monitor.to_string(), monitor);
        let measured = measurement.measured().unwrap_or_else(|| panic!("{cell}: {:?}", measurement.outcome));
        assert_eq!((measured.samples.len(), &measured.rounds[..]), (60, &[20, 20, 20][..]), "{cell}");
        if let Some(events) = &measured.events {
            assert_eq!((events.seen, events.lost), (events.expected, 0), "{cell}");
        } else {
            assert_eq!(monitor, "none");
        }
        let trace = measured.others.iter().find(|other| other.clock == Clock::Ftrace).unwrap();
        assert_eq!((trace.lost, trace.samples.len()), (0, 60), "{cell}");
        assert!(trace.calibration > 0 && trace.cost.is_some());
        let pairs: Vec<(u64, u64)> =
            measured.samples.iter().copied().zip(trace.samples.iter().copied()).collect();
        // From one event to the other it is less than what is around both.
        assert!(pairs.iter().all(|&(tsc, trace)| 0 < trace && trace < tsc), "{cell}: {pairs:?}");
        println!("{cell}: {:?}", agreement(&pairs).unwrap());
        let faults = measured.others.iter().find(|other| other.what == "page faults");
        assert_eq!(faults.map(|faults| faults.samples.len()), Some(60), "{cell}: {:?}", measured.notes);
        assert!(measured.notes.iter().any(|note| note.contains("no cycles, user")), "{:?}", measured.notes);
    }
}

fn what_enforces_is_refused() {
    let output = run(
        "run --target host --monitor bpf-lsm+deny --workload mprotect-storm --samples 5 --out /tmp/refused",
    );
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("--enforce-on-host"));
    assert!(!Path::new("/tmp/refused").exists());
}

fn an_interrupted_run_undoes_what_it_did() {
    let before = state();
    let mut interrupted = start("audit+rules", "audit-rule");
    // SAFETY: the process is our child, which has not been waited for.
    unsafe { libc::kill(interrupted.id() as i32, libc::SIGINT) };
    assert_eq!(interrupted.wait().unwrap().signal(), Some(libc::SIGINT));
    assert_eq!(state(), before);
}

/// Starts a run that is at work on a cell of `monitors` when this returns: the ledger
/// has `mark`.
fn start(monitors: &str, mark: &str) -> Child {
    let line = format!(
        "run --target host --monitor {monitors} --workload mprotect-storm --param to=r --clock tsc,ftrace \
         --rounds 50 --samples 1000"
    );
    let mut command = hookbench(&line);
    let child = command.current_dir("/tmp").stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let begin = Instant::now();
    while !fs::read_to_string(LEDGER).is_ok_and(|ledger| ledger.contains(mark)) {
        assert!(begin.elapsed() < Duration::from_secs(60), "the ledger never had {mark}");
        std::thread::sleep(Duration::from_millis(20));
    }
    // In the middle of its samples.
    std::thread::sleep(Duration::from_millis(500));
    child
}

/// Kills a run once the ledger has `mark`, and looks at what it leaves.
fn a_killed_run_is_undone_by_the_next_command(monitors: &str, mark: &str) {
    let before = state();
    let mut killed = start(monitors, mark);
    killed.kill().unwrap();
    killed.wait().unwrap();
    // All that it started ends with it.
    std::thread::sleep(Duration::from_millis(500));
    let left = state();
    println!("after SIGKILL:\n{left}");
    assert!(left.contains("ledger: true") && left != before, "{left}");
    let again = run("run --target host --monitor none --workload null-syscall --samples 5 --out /tmp/again");
    assert_eq!(again.status.code(), Some(1));
    assert!(text(&again.stderr).contains("hookbench clean-host"));
    assert!(run("clean-host").status.success());
    assert_eq!(state(), before);
    assert!(text(&run("clean-host").stdout).contains("nothing is left"));
}
