//! `--target kvm`, tested without KVM: QEMU's TCG emulates a CPU with SVM. On it, an
//! ordinary machine with Debian's kernel and kvm-amd runs hookbench, which runs guests
//! under KVM. The test is slow and its numbers mean nothing, because every instruction of
//! the innermost guest is emulated.

mod common;

use std::arch::x86_64::_rdtsc;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant, SystemTime};

use hookbench_model::{Clock, History, Target};
use hookbench_results::store;
use hookbench_vm::apt::Apt;
use hookbench_vm::cache::Cache;
use hookbench_vm::kernel::Kernel;
use hookbench_vm::kernels;

use common::inside::{self, Files};
use common::{HOOKBENCH, text};

/// The test that the machine's first process runs.
const INSIDE: &str = "inside_the_machine";
const PATIENCE: Duration = Duration::from_secs(1500);
/// KVM's modules, in the order of loading.
const MODULES: [&str; 3] = ["irqbypass.ko", "kvm.ko", "kvm-amd.ko"];
/// The files that QEMU reads to boot such a guest.
const FIRMWARE: [&str; 7] = [
    "qemu/qboot.rom",
    "qemu/bios-microvm.bin",
    "qemu/pvh.bin",
    "qemu/kvmvapic.bin",
    "qemu/linuxboot_dma.bin",
    "seabios/bios-microvm.bin",
    "seabios/bios-256k.bin",
];

#[test]
#[ignore = "slow: guests under KVM under emulation take minutes to boot"]
fn guests_under_kvm_are_measured_in_rounds() {
    let place = tempfile::tempdir().unwrap();
    // The cache now has everything that the machine needs, and knows what was used last.
    let line = "run --workload null-syscall --monitor none --samples 5 --out filled";
    let filled = Command::new(HOOKBENCH).args(line.split(' ')).current_dir(place.path()).output().unwrap();
    assert!(filled.status.success(), "{}", text(&filled.stderr));
    let cache = Cache::open().unwrap();
    let kernel = Kernel::fetch(kernels::find("6.1").unwrap(), &cache, &|_| ()).unwrap();
    let image = place.path().join("image.cpio");
    fs::write(&image, files(&cache, &kernel, place.path()).image()).unwrap();
    let (vmlinux, image) = (kernel.vmlinux.display().to_string(), image.display().to_string());
    let said = inside::boot(
        &[
            "-accel",
            "tcg,thread=single",
            "-machine",
            "microvm,isa-serial=on,acpi=off,rtc=on,pic=on,pit=on",
            "-cpu",
            "max,-la57,-avx,-avx2",
            "-m",
            "3G",
            "-kernel",
            &vmlinux,
            "-initrd",
            &image,
            "-append",
            &boot_line(),
        ],
        &place.path().join("console"),
        PATIENCE,
    );
    assert!(said.contains(inside::PASSED), "what the machine said is above");
}

/// A kernel that does not know the rate of its counter cannot run a guest, because KVM
/// asks for it in an endless loop (kvm_guest_time_update). On a busy machine, calibration
/// fails, so the boot line gives the rate.
fn boot_line() -> String {
    let (begin, first) = (Instant::now(), counter());
    std::thread::sleep(Duration::from_millis(200));
    let khz = u128::from(counter() - first) * 1_000_000 / begin.elapsed().as_nanos();
    let words = "console=ttyS0 quiet loglevel=1 panic=-1 reboot=t tsc=reliable cryptomgr.notests";
    format!(
        "{words} tsc_early_khz={khz} rdinit=/init -- {INSIDE} --exact --ignored --nocapture --test-threads=1"
    )
}

fn counter() -> u64 {
    // SAFETY: every x86-64 CPU has the counter, and Linux lets programs read it.
    unsafe { _rdtsc() }
}

fn files(cache: &Cache, kernel: &Kernel, place: &Path) -> Files {
    let mut files = Files::new(&["proc", "sys", "dev", "tmp", "run"]);
    files.program(&std::env::current_exe().unwrap(), "init");
    files.program(Path::new(HOOKBENCH), "bin/hookbench");
    // QEMU looks for its firmware next to its program.
    files.program(Path::new("/usr/bin/qemu-system-x86_64"), "usr/bin/qemu-system-x86_64");
    for firmware in FIRMWARE {
        let path = format!("usr/share/{firmware}");
        files.file(&Path::new("/").join(&path), &path);
    }
    files.folder(&cache.root().join("kernels/6.1"), "cache/kernels/6.1");
    for kind in ["images", "userland"] {
        let entry = used_last(&cache.root().join(kind));
        let name = entry.file_name().unwrap().to_string_lossy().into_owned();
        files.folder(&entry, &format!("cache/{kind}/{name}"));
    }
    let unpacked = place.join("package");
    fs::create_dir(&unpacked).unwrap();
    let lock = cache.lock(&|_| ()).unwrap();
    let suites = &kernels::find("6.1").unwrap().suites;
    Apt::open(&lock, suites, &|_| ())
        .unwrap()
        .fetch(std::slice::from_ref(&kernel.package), &unpacked)
        .unwrap();
    for module in MODULES {
        files.file(&find(&unpacked, module).unwrap_or_else(|| panic!("no {module}")), module);
    }
    files
}

/// The most recently used entry of the cache's folder `kind`.
fn used_last(kind: &Path) -> PathBuf {
    let used = |entry: &PathBuf| -> Option<SystemTime> {
        fs::metadata(entry.join("entry.json")).ok()?.modified().ok()
    };
    let entries = fs::read_dir(kind).unwrap().map(|entry| entry.unwrap().path());
    entries.max_by_key(used).unwrap()
}

fn find(folder: &Path, name: &str) -> Option<PathBuf> {
    let mut entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.find_map(|path| match path {
        path if path.is_dir() && !path.is_symlink() => find(&path, name),
        path => path.file_name().is_some_and(|own| own == name).then_some(path),
    })
}

/// The part inside the machine. It does nothing unless it is the first process of one.
#[test]
#[ignore = "the first process of the other test's machine"]
fn inside_the_machine() {
    inside::as_first_process(|| {
        inside::mount_all(&[("proc", "/proc"), ("sysfs", "/sys"), ("devtmpfs", "/dev"), ("tmpfs", "/tmp")]);
        without_its_modules_kvm_is_reported_missing();
        MODULES.iter().for_each(|module| load(module));
        two_cells_are_measured();
        enforcing_monitors_are_allowed_in_a_guest();
    });
}

fn hookbench(line: &str) -> (Option<i32>, String) {
    let begin = Instant::now();
    let mut command = Command::new("/bin/hookbench");
    command
        .args(line.split(' '))
        .env("HOME", "/tmp")
        .env("HOOKBENCH_CACHE", "/cache")
        .env("PATH", "/usr/bin:/bin");
    let output = command.output().unwrap();
    let said = text(&output.stdout) + &text(&output.stderr);
    println!("$ hookbench {line}: {} ({:.0} s)\n{said}", output.status, begin.elapsed().as_secs_f64());
    (output.status.code(), said)
}

fn without_its_modules_kvm_is_reported_missing() {
    let (code, said) = hookbench("run --target kvm --workload null-syscall --monitor none --out /tmp/none");
    assert_eq!(code, Some(1));
    assert!(said.contains("there is no /dev/kvm") && said.contains("--target tcg"), "{said}");
    assert!(!Path::new("/tmp/none").exists());
}

fn load(module: &str) {
    let file = fs::File::open(format!("/{module}")).unwrap();
    let parameters = c"";
    // SAFETY: the descriptor is open, the string ends in NUL, and both outlive the call.
    let result = unsafe {
        libc::syscall(libc::SYS_finit_module, std::os::fd::AsRawFd::as_raw_fd(&file), parameters.as_ptr(), 0)
    };
    assert_eq!(result, 0, "{module}: {}", std::io::Error::last_os_error());
}

fn enforcing_monitors_are_allowed_in_a_guest() {
    let (code, said) = hookbench(
        "run --target kvm --workload mprotect-storm --param to=r --monitor bpf-lsm+deny --placebo --samples 5 \
         --rounds 1 --timeout 600 --out /tmp/deny",
    );
    assert_eq!(code, Some(0), "{said}");
    let run = store::load(Path::new("/tmp/deny")).unwrap();
    let [_none, denied, placebo] =
        &run.measurements.iter().map(|found| found.measured().unwrap()).collect::<Vec<_>>()[..]
    else {
        panic!("{run:?}")
    };
    assert_eq!(denied.refused.as_ref().map(|refused| refused.operations), Some(5), "{denied:?}");
    assert!(denied.events.as_ref().is_some_and(|events| events.seen == events.expected), "{denied:?}");
    assert_eq!((&placebo.refused, &placebo.events, placebo.samples.len()), (&None, &None, 5), "{placebo:?}");
}

fn two_cells_are_measured() {
    let (code, said) = hookbench(
        "run --target kvm --workload null-syscall --monitor none,audit+idle --clock tsc,perf,ftrace --samples 10 \
         --rounds 2 --seed 7 --timeout 600 --out /tmp/r",
    );
    assert_eq!(code, Some(0), "{said}");
    let run = store::load(Path::new("/tmp/r")).unwrap();
    let environment = &run.environment;
    assert_eq!((environment.target, environment.clock), (Target::Kvm, Clock::Tsc));
    assert!(environment.machine.contains(&"kvm".to_string()), "{:?}", environment.machine);
    let line = &environment.kernels[0].boot_lines[0].1;
    assert!(line.ends_with("hookbench.clocks=tsc,perf,ftrace"), "{line}");
    let hardware = environment.hardware.as_ref().unwrap();
    assert_eq!((hardware.rounds, hardware.seed, hardware.order.len()), (2, 7, 2));
    let names: Vec<String> =
        run.measurements.iter().map(|measurement| measurement.cell.to_string()).collect();
    assert_eq!(names, ["6.1/kvm/null-syscall/paced/none", "6.1/kvm/null-syscall/paced/audit+idle"]);
    for measurement in &run.measurements {
        assert_eq!(measurement.history, Some(History::Cold));
        let measured = measurement.measured().unwrap_or_else(|| panic!("{:?}", measurement.outcome));
        assert_eq!((measured.samples.len(), &measured.rounds[..]), (20, &[10, 10][..]));
        assert!(measured.samples.iter().all(|sample| *sample > measured.calibration), "{measured:?}");
        let trace = measured.others.iter().find(|other| other.clock == Clock::Ftrace).unwrap();
        assert_eq!((trace.samples.len(), trace.lost), (20, 0), "{trace:?}");
        assert!(measured.others.iter().any(|other| other.what == "page faults"), "{:?}", measured.notes);
    }
}
