//! QEMU's arguments for the exact clock, and for those of hardware, and the kernel's command line. Each
//! was chosen for a reason that METHOD.md gives; a change of any changes numbers.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use hookbench_model::Profile;

use crate::guest::Boot;

/// The program.
pub const QEMU: &str = "qemu-system-x86_64";

/// The CPU model: everything TCG has, without `rep stosb` for clearing pages
/// (TCG's icount counts each repetition), without five-level page tables, and
/// without AVX, which TCG calls a function for at each instruction.
pub const CPU: &str = "max,-erms,-fsrm,-la57,-avx,-avx2";

/// The security modules of the profile `lean`. BPF LSM is among them for all
/// monitors, so that all have the same baseline.
const LEAN_LSM: &str = "lockdown,bpf";

/// The name of the fw_cfg file that holds the cell.
pub const CELL_FILE: &str = "opt/org.hookbench/cell";

/// The names of the fw_cfg files that hold archives: what the monitor brings, such as
/// the kernel module that it loads, and what the workload brings. They are there for
/// all, and empty for most, so that all have the same machine.
pub const MONITOR_FILE: &str = "opt/org.hookbench/monitor";
/// See [`MONITOR_FILE`].
pub const WORKLOAD_FILE: &str = "opt/org.hookbench/workload";

/// The words of the kernel's command line in every profile, beside `lsm=`.
const WORDS: &[&str] = &[
    "console=ttyS0",
    "quiet",
    // A panic ends the machine at once; there is no ACPI to reset it by.
    "panic=-1",
    "reboot=t",
];

/// And those that follow in the profile `lean`.
const LEAN_WORDS: &[&str] = &["mitigations=off", "nokaslr", "norandmaps"];

/// And those that follow in every profile.
const LAST_WORDS: &[&str] = &[
    "tsc=reliable",
    // Self-tests of ciphers are more than half of an ordinary boot.
    "cryptomgr.notests",
];

/// And those at the end where there are several CPUs.
const CPUS_WORDS: &[&str] = &[
    // The agent brings the others up: see there why the kernel cannot.
    "maxcpus=1",
    // Each of these spares a loop of many pauses, after each of which QEMU goes
    // through all CPUs: the calibration of the local timer, and of the loops that
    // wait, whose rate the clock gives; the trial of the timer; a wait that only
    // old hardware needs.
    "nolapic_timer",
    "lpj=4000000",
    "no_timer_check",
    "cpu_init_udelay=0",
];

/// The machine. With one CPU the smallest there is; several are only found by ACPI's
/// tables, and this one has a timer beside the CPUs' own ones then as well.
const ONE_CPU: &str = "microvm,isa-serial=on,acpi=off,rtc=on,pic=on,pit=on";
const SEVERAL_CPUS: &str = "pc,hpet=off";

/// The words that so many CPUs add to the kernel's command line, at its end.
pub fn words_for(cpus: u16) -> &'static [&'static str] {
    if cpus == 1 { &[] } else { CPUS_WORDS }
}

/// What a monitor adds to the kernel's command line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Additions<'a> {
    /// Security modules, which come before those that the profile has; what it has
    /// already stays where it is, unless the order is what matters.
    pub lsm: &'a [&'a str],
    /// Whether there are no others than those.
    pub lsm_alone: bool,
    /// Words at the end.
    pub words: &'a [&'a str],
}

/// The kernel's command line. `built_in` is the kernel's own list of security
/// modules, which the distribution boots with.
pub fn boot_line(profile: Profile, built_in: &str, additions: Additions<'_>) -> String {
    let (lsm, own): (&str, &[&str]) = match profile {
        Profile::Lean => (LEAN_LSM, LEAN_WORDS),
        Profile::Debian => (built_in, &[]),
    };
    let lsm = if additions.lsm_alone { "" } else { lsm };
    let has = |module: &str| lsm.split(',').any(|other| other == module);
    // Of the large modules only the first that is named comes to work.
    let first = |module: &str| EXCLUSIVE.contains(&module);
    let added = additions.lsm.iter().copied().filter(|module| first(module) || !has(module));
    let moved = |module: &str| first(module) && additions.lsm.contains(&module);
    let rest = lsm.split(',').filter(|module| !(module.is_empty() || moved(module)));
    let lsm = format!("lsm={}", added.chain(rest).collect::<Vec<_>>().join(","));
    let words = WORDS.iter().chain(own).chain(LAST_WORDS).copied();
    words.chain([lsm.as_str()]).chain(additions.words.iter().copied()).collect::<Vec<_>>().join(" ")
}

/// Security modules of which one alone can be active.
const EXCLUSIVE: &[&str] = &["selinux", "smack", "apparmor"];

/// The machine and its clock, the same for every kernel, cell and place with so
/// many CPUs and so much memory.
pub fn machine(cpus: u16, memory_mib: u32) -> Vec<OsString> {
    let machine = if cpus == 1 { ONE_CPU } else { SEVERAL_CPUS };
    let (memory, cpus) = (format!("{memory_mib}M"), cpus.to_string());
    [
        // One instruction is one nanosecond of the guest's time, whatever the
        // host does; idle time passes at once.
        ["-accel", "tcg"],
        ["-icount", "shift=0,sleep=off"],
        ["-seed", "1"],
        ["-rtc", "base=2026-01-01T00:00:00,clock=vm"],
        ["-cpu", CPU],
        ["-m", &memory],
        ["-smp", &cpus],
        ["-machine", machine],
        ["-display", "none"],
    ]
    .iter()
    .flatten()
    .chain(&["-nodefaults", "-no-user-config", "-no-reboot"])
    .map(OsString::from)
    .collect()
}

/// The machine under KVM, with one CPU that is the host's and so much memory. The same
/// devices as the exact one: the agent talks through them.
pub fn machine_under_kvm(memory_mib: u32) -> Vec<OsString> {
    let memory = format!("{memory_mib}M");
    [
        ["-accel", "kvm"],
        ["-cpu", "host"],
        ["-m", &memory],
        ["-smp", "1"],
        ["-machine", ONE_CPU],
        ["-display", "none"],
    ]
    .iter()
    .flatten()
    .chain(&["-nodefaults", "-no-user-config", "-no-reboot"])
    .map(OsString::from)
    .collect()
}

/// What is the same in a guest that boots and in one that goes on from a
/// snapshot: the files it talks through.
pub(crate) struct Files {
    pub(crate) cell: PathBuf,
    pub(crate) monitor: PathBuf,
    pub(crate) workload: PathBuf,
    pub(crate) answer: PathBuf,
    pub(crate) console: PathBuf,
}

impl Files {
    /// The files in a guest's folder.
    pub(crate) fn below(folder: &Path) -> Files {
        let file = |name| folder.join(name);
        Files {
            cell: file("cell"),
            monitor: file("of-monitor"),
            workload: file("of-workload"),
            answer: file("answer"),
            console: file("console"),
        }
    }
}

/// What becomes of a guest that stops itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stops {
    /// It goes on as if nothing had been.
    Not,
    /// It waits to be made a snapshot of.
    Here,
}

/// The devices that the agent talks to.
pub(crate) fn devices(files: &Files, stops: Stops) -> Vec<OsString> {
    let pause = if stops == Stops::Here { "panic=pause" } else { "panic=none" };
    vec![
        "-chardev".into(),
        with("file,id=console,path=", &files.console),
        "-serial".into(),
        "chardev:console".into(),
        "-chardev".into(),
        with("file,id=answer,path=", &files.answer),
        "-device".into(),
        "isa-debugcon,iobase=0xe9,chardev=answer".into(),
        "-device".into(),
        "isa-debug-exit,iobase=0xf4,iosize=4".into(),
        "-device".into(),
        "pvpanic".into(),
        "-action".into(),
        pause.into(),
        "-fw_cfg".into(),
        with(&format!("name={CELL_FILE},file="), &files.cell),
        "-fw_cfg".into(),
        with(&format!("name={MONITOR_FILE},file="), &files.monitor),
        "-fw_cfg".into(),
        with(&format!("name={WORKLOAD_FILE},file="), &files.workload),
    ]
}

/// What a guest boots. One that goes on from a snapshot has it in its memory.
pub(crate) fn boot_of(boot: &Boot<'_>) -> Vec<OsString> {
    vec![
        "-kernel".into(),
        boot.vmlinux.into(),
        "-initrd".into(),
        boot.image.into(),
        "-append".into(),
        boot.boot_line.into(),
    ]
}

/// Who sees what a guest writes to its memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Memory {
    /// The file: it is being made.
    Shared,
    /// The guest alone: each page is copied when it is first written.
    Private,
}

/// The guest's memory, so many MiB, is this file.
pub(crate) fn memory(file: &Path, mib: u32, memory: Memory) -> Vec<OsString> {
    let share = if memory == Memory::Shared { "on" } else { "off" };
    vec![
        "-object".into(),
        with(&format!("memory-backend-file,id=ram,size={mib}M,share={share},mem-path="), file),
        "-machine".into(),
        "memory-backend=ram".into(),
    ]
}

/// `before` and a path in one argument.
fn with(before: &str, path: &Path) -> OsString {
    let mut argument = OsString::from(before);
    // QEMU's option parser takes a comma for the end of a value, two for one.
    argument.push(path.to_string_lossy().replace(',', ",,"));
    argument
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_is_as_it_was() {
        let arguments: Vec<String> =
            machine(1, 256).iter().map(|a| a.to_string_lossy().into_owned()).collect();
        insta::assert_snapshot!(arguments.join("\n"));
    }

    #[test]
    fn the_machine_under_kvm_is_as_it_was() {
        let arguments: Vec<String> =
            machine_under_kvm(256).iter().map(|a| a.to_string_lossy().into_owned()).collect();
        insta::assert_snapshot!(arguments.join(" "), @"-accel kvm -cpu host -m 256M -smp 1 -machine microvm,isa-serial=on,acpi=off,rtc=on,pic=on,pit=on -display none -nodefaults -no-user-config -no-reboot");
    }

    #[test]
    fn several_cpus_have_another_machine_and_one_adds_no_word() {
        let four: Vec<String> = machine(4, 256).iter().map(|a| a.to_string_lossy().into_owned()).collect();
        assert!(four.join(" ").contains("-smp 4 -machine pc,"), "{four:?}");
        assert!(words_for(1).is_empty());
        assert!(words_for(2).contains(&"maxcpus=1"));
    }

    #[test]
    fn the_boot_line_is_as_it_was() {
        let line = |profile, lsm: &[&str]| {
            boot_line(
                profile,
                "yama,apparmor,selinux,bpf",
                Additions { lsm, lsm_alone: false, words: &["audit=0"] },
            )
        };
        insta::assert_snapshot!(line(Profile::Lean, &[]));
        let debian = line(Profile::Debian, &["selinux", "bpf", "landlock"]);
        assert!(debian.contains("lsm=selinux,landlock,yama,apparmor,bpf audit=0"), "{debian}");
        assert!(!debian.contains("mitigations"), "{debian}");
    }

    #[test]
    fn the_devices_are_as_they_were() {
        let arguments = devices(&Files::below(Path::new("/tmp")), Stops::Not);
        let arguments: Vec<String> = arguments.iter().map(|a| a.to_string_lossy().into_owned()).collect();
        insta::assert_snapshot!(arguments.join("\n"));
    }

    #[test]
    fn commas_in_paths_are_no_separators() {
        let path = Path::new("/tmp/a,b");
        let arguments =
            [devices(&Files::below(path), Stops::Here), memory(path, 256, Memory::Shared)].concat();
        assert!(arguments.contains(&"file,id=answer,path=/tmp/a,,b/answer".into()));
        assert!(arguments.contains(&"name=opt/org.hookbench/cell,file=/tmp/a,,b/cell".into()));
        assert!(arguments.iter().any(|a| a.to_string_lossy().ends_with("mem-path=/tmp/a,,b")));
    }
}
