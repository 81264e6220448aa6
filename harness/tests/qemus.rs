//! The same machine under two QEMUs: the installed one, Debian 12's QEMU 7.2, and QEMU 10.0 from its backports. The
//! tests take minutes, and download packages the first time.

mod common;

use std::fs;
use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::time::Duration;

use hookbench::run::runner::spec;
use hookbench::session::Session;
use hookbench::session::guests::{Attributed, ExactSession, Needs};
use hookbench_analysis::Summary;
use hookbench_analysis::attribution::{Baseline, record};
use hookbench_model::Schedule;
use hookbench_plan::Planned;
use hookbench_vm::cache::Cache;
use hookbench_vm::kernel::Kernel;
use hookbench_vm::kernels;
use hookbench_vm::machine::{CPU, Qemu};

use common::cells::{LONG, planned, session_with};
use common::inside::{self, Files};

/// The suite with the other QEMU.
const SUITE: &str = "bookworm-backports";

/// Operations of a monitor, and of the baseline.
const OPERATIONS: u32 = 60;
const OF_BASELINE: u32 = 300;

/// A workload with its parameters.
type Work = (&'static str, &'static [(&'static str, &'static str)]);

const WORKLOADS: [Work; 2] = [("mprotect-storm", &[("to", "r")]), ("execve-noop", &[])];

const MONITORS: [&str; 6] =
    ["bpf-lsm+count", "bpf-lsm+ringbuf", "kprobe+count", "fentry+count", "seccomp+allow", "audit+rules"];

/// The test that the first process of a machine runs.
const INSIDE: &str = "inside_the_machine";

fn qemus() -> [Qemu; 2] {
    let cache = Cache::open().unwrap();
    let other = Qemu::of_suite(SUITE, &cache, &|message| eprintln!("{message}")).unwrap();
    let qemus = [Qemu::default(), other];
    let versions = qemus.each_ref().map(|qemu| qemu.version().unwrap());
    assert!(versions[1].contains("version 10.0"), "{versions:?}");
    assert_ne!(versions[0], versions[1]);
    qemus
}

/// A cell under one QEMU.
#[derive(Debug, PartialEq)]
struct Found {
    cell: String,
    samples: Vec<u64>,
    /// The monitor's own cost.
    direct: i64,
}

fn cell(kernel: &str, (workload, params): Work, monitor: &str, samples: u32) -> Planned {
    Planned { samples, ..planned(kernel, workload, monitor, params, Schedule::Paced) }
}

/// What every monitor costs on `kernel` under `qemu`.
fn costs(kernel: &str, qemu: &Qemu) -> Vec<Found> {
    let session = session_with(Needs { qemu: Some(qemu.clone()), ..Needs::kernel(kernel) }, LONG);
    assert_eq!(session.environment().qemu, qemu.version().unwrap());
    let mut costs = Vec::new();
    for work in WORKLOADS {
        let none = cell(kernel, work, "none", OF_BASELINE);
        let attributed = attribute(&session, &none);
        let baseline = Baseline::new(&attributed.profile()).unwrap();
        costs.push(Found { cell: none.cell.to_string(), samples: attributed.measured.samples, direct: 0 });
        for monitor in MONITORS {
            let planned = cell(kernel, work, monitor, OPERATIONS);
            let attributed = attribute(&session, &planned);
            let direct = record(&baseline.split(&attributed.profile())).unwrap().direct_p50;
            costs.push(Found {
                cell: planned.cell.to_string(),
                samples: attributed.measured.samples,
                direct,
            });
        }
    }
    costs
}

fn attribute(session: &ExactSession, planned: &Planned) -> Attributed {
    let attributed = session.attribute(&planned.cell, &spec(planned, None));
    attributed.unwrap_or_else(|error| panic!("{}: {error:#}", planned.cell))
}

fn median(samples: &[u64]) -> u64 {
    Summary::from_samples(samples).unwrap().p50
}

#[test]
#[ignore = "slow: two QEMUs attribute fourteen cells each on two kernels"]
fn both_qemus_give_the_same_samples_and_the_same_costs() {
    let qemus = qemus();
    for kernel in ["6.1", "7.3"] {
        let [one, other] = qemus.each_ref().map(|qemu| costs(kernel, qemu));
        for (one, other) in one.iter().zip(&other) {
            let medians = [one, other].map(|found| median(&found.samples));
            println!("{}: medians {medians:?}, direct {} and {}", one.cell, one.direct, other.direct);
            assert_eq!(one, other);
        }
    }
}

#[test]
#[ignore = "slow: two machines boot with this test as their first process"]
fn both_qemus_have_the_same_cpu_with_the_same_vulnerabilities() {
    let place = tempfile::tempdir().unwrap();
    let kernel = Kernel::fetch(kernels::find("6.1").unwrap(), &Cache::open().unwrap(), &|_| ()).unwrap();
    let mut files = Files::new(&["proc", "sys", "dev", "tmp"]);
    files.program(&std::env::current_exe().unwrap(), "init");
    let image = place.path().join("image.cpio");
    fs::write(&image, files.image()).unwrap();
    let said = qemus().map(|qemu| {
        let (vmlinux, image) = (kernel.vmlinux.display().to_string(), image.display().to_string());
        let line = format!(
            "console=ttyS0 quiet loglevel=1 panic=-1 reboot=t tsc=reliable cryptomgr.notests rdinit=/init -- \
             {INSIDE} --exact --ignored --nocapture --test-threads=1"
        );
        let machine = "microvm,isa-serial=on,acpi=off,rtc=on,pic=on,pit=on";
        let arguments = ["-accel", "tcg", "-machine", machine, "-cpu", CPU, "-m", "2G", "-kernel", &vmlinux];
        let arguments = [&arguments[..], &["-initrd", &image, "-append", &line]].concat();
        inside::boot_under(&qemu, &arguments, &place.path().join("console"), Duration::from_secs(300))
    });
    let facts =
        said.each_ref().map(|said| said.lines().filter(|line| line.starts_with("cpu: ")).collect::<Vec<_>>());
    assert!(
        facts[0].iter().any(|fact| fact.starts_with("cpu: flags") && fact.contains(" smap ")),
        "{facts:?}"
    );
    assert!(
        facts[0].iter().any(|fact| fact.starts_with("cpu: bugs") && fact.contains(" spectre_v2 ")),
        "{facts:?}"
    );
    assert!(facts[0].iter().any(|fact| fact.contains("meltdown: Not affected")), "{facts:?}");
    assert_eq!(facts[0], facts[1]);
}

/// The part inside the machine: it prints what the kernel says of the CPU. It does nothing unless it is the first
/// process of one.
#[test]
#[ignore = "the first process of the other test's machines"]
fn inside_the_machine() {
    inside::as_first_process(AssertUnwindSafe(|| {
        inside::mount_all(&[("proc", "/proc"), ("sysfs", "/sys")]);
        println!();
        for line in fs::read_to_string("/proc/cpuinfo").unwrap().lines() {
            if ["model name", "flags", "bugs"].iter().any(|fact| line.starts_with(fact)) {
                println!("cpu: {line} ");
            }
        }
        let folder = Path::new("/sys/devices/system/cpu/vulnerabilities");
        let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        for file in files {
            let name = file.file_name().unwrap().to_string_lossy().into_owned();
            println!("cpu: {name}: {}", fs::read_to_string(&file).unwrap().trim());
        }
    }));
}
