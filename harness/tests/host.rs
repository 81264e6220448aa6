//! `--target host`, tested inside a guest: an ordinary machine with Debian's kernel, a
//! real-time clock (TCG without icount) and the usual file systems. This test program is
//! its first process. The kernel of the machine that runs the tests stays untouched.

mod common;

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use hookbench_analysis::agreement::agreement;
use hookbench_model::{Clock, Outcome, Target};
use hookbench_results::{Run, store};
use hookbench_vm::cache::Cache;
use hookbench_vm::kernel::Kernel;
use hookbench_vm::kernels;

use common::inside::{self, Files};
use common::{HOOKBENCH, text};

/// The test that the guest's first process runs.
const INSIDE: &str = "inside_the_guest";
const LEDGER: &str = "/var/lib/hookbench/host.ledger";
const TRACING: &str = "/sys/kernel/tracing";
const PATIENCE: Duration = Duration::from_secs(240);

#[test]
fn a_run_on_the_host_leaves_the_machine_as_it_was() {
    let place = tempfile::tempdir().unwrap();
    let image = place.path().join("image.cpio");
    let mut files = Files::new(&["proc", "sys", "dev", "tmp", "var/lib", "run"]);
    files.program(&std::env::current_exe().unwrap(), "init");
    files.program(Path::new(HOOKBENCH), "bin/hookbench");
    fs::write(&image, files.image()).unwrap();
    let cache = Cache::open().unwrap();
    let kernel = Kernel::fetch(kernels::find("6.1").unwrap(), &cache, &|_| ()).unwrap();
    let (vmlinux, image) = (kernel.vmlinux.display().to_string(), image.display().to_string());
    let machine = "microvm,isa-serial=on,acpi=off,rtc=on,pic=on,pit=on";
    let cpu = "max,-la57,-avx,-avx2";
    let line = boot_line();
    let said = inside::boot(
        &[
            "-accel", "tcg", "-machine", machine, "-cpu", cpu, "-m", "1G", "-smp", "1", "-kernel", &vmlinux,
            "-initrd", &image, "-append", &line,
        ],
        &place.path().join("console"),
        PATIENCE,
    );
    assert!(said.contains(inside::PASSED), "what the guest said is above");
}

fn boot_line() -> String {
    let words =
        "console=ttyS0 quiet loglevel=1 panic=-1 reboot=t tsc=reliable cryptomgr.notests lsm=lockdown,bpf";
    format!("{words} rdinit=/init -- {INSIDE} --exact --ignored --nocapture --test-threads=1")
}

/// The part inside the guest. It does nothing unless it is the first process of a machine.
#[test]
#[ignore = "the first process of the other test's guest"]
fn inside_the_guest() {
    inside::as_first_process(|| {
        inside::mount_all(&[
            ("proc", "/proc"),
            ("sysfs", "/sys"),
            ("devtmpfs", "/dev"),
            ("tmpfs", "/tmp"),
            ("tracefs", TRACING),
            ("securityfs", "/sys/kernel/security"),
        ]);
        measures_and_leaves_nothing();
        a_placebo_is_in_the_rounds_of_its_monitor();
        enforcing_monitors_are_refused();
        an_interrupted_run_undoes_what_it_did();
        for (monitors, mark) in [("audit+rules", "audit-rule"), ("ftrace+kprobe-event", "kprobe_events")] {
            a_killed_run_is_undone_by_the_next_command(monitors, mark);
        }
    });
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

/// Everything that a run may change and must restore.
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
        // The time between the two events is less than the time around both.
        assert!(pairs.iter().all(|&(tsc, trace)| 0 < trace && trace < tsc), "{cell}: {pairs:?}");
        println!("{cell}: {:?}", agreement(&pairs).unwrap());
        let faults = measured.others.iter().find(|other| other.what == "page faults");
        assert_eq!(faults.map(|faults| faults.samples.len()), Some(60), "{cell}: {:?}", measured.notes);
        assert!(measured.notes.iter().any(|note| note.contains("no cycles, user")), "{:?}", measured.notes);
    }
}

fn a_placebo_is_in_the_rounds_of_its_monitor() {
    let before = state();
    let output =
        run("run --target host --monitor kprobe+count,audit+rules --placebo --workload mprotect-storm \
                      --param to=r --rounds 2 --samples 20 --out /tmp/placebo");
    assert!(output.status.success());
    assert_eq!(state(), before);
    let run = store::load(Path::new("/tmp/placebo")).unwrap();
    let order = &run.environment.hardware.as_ref().unwrap().order;
    assert!(order.iter().all(|round| round.len() == 5), "{order:?}");
    let of = |monitor: &str| {
        let found = run.measurements.iter().find(|found| found.cell.tuned_monitor() == monitor);
        &found.unwrap_or_else(|| panic!("no {monitor}")).outcome
    };
    let Outcome::Measured(placebo) = of("kprobe+count[placebo=yes]") else { panic!("{run:?}") };
    assert_eq!((placebo.samples.len(), &placebo.events), (40, &None));
    let Outcome::Unsupported(why) = of("audit+rules[placebo=yes]") else { panic!("{run:?}") };
    assert!(why.contains("cannot be detached for a placebo: once audit was on"), "{why}");
    assert!(text(&output.stdout).contains("over placebo interval"));
}

fn enforcing_monitors_are_refused() {
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
    // SAFETY: the process is a child that this process has not waited for yet.
    unsafe { libc::kill(interrupted.id() as i32, libc::SIGINT) };
    assert_eq!(interrupted.wait().unwrap().signal(), Some(libc::SIGINT));
    assert_eq!(state(), before);
}

/// Starts a run and returns while it measures a cell of `monitors`, as soon as the ledger
/// contains `mark`.
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
    // Give it time to take some samples.
    std::thread::sleep(Duration::from_millis(500));
    child
}

/// Kills a run once the ledger contains `mark`, and checks what it leaves behind.
fn a_killed_run_is_undone_by_the_next_command(monitors: &str, mark: &str) {
    let before = state();
    let mut killed = start(monitors, mark);
    killed.kill().unwrap();
    killed.wait().unwrap();
    // Everything that the run started ends with it.
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
