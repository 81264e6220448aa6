//! x86-64: the names and values of this architecture. How QEMU's arguments are
//! put together is in `machine`, how packages are fetched is in `debian`.

mod firmware;
mod kernel_image;

pub(crate) use firmware::firmware;
pub(crate) use kernel_image::{check_entry, compressed_kernel};

use hookbench_model::channel::CPUS_HELD_BACK;
use hookbench_model::channel::port::{DEBUG_CONSOLE, DEBUG_EXIT, DEBUG_EXIT_SIZE};

/// QEMU's program.
pub(crate) const QEMU: &str = "qemu-system-x86_64";

/// Debian's package of that program.
pub(crate) const QEMU_PACKAGE: &str = "qemu-system-x86";

/// The CPU model under TCG: a named version of a model is the same CPU in every
/// QEMU, and `enforce` makes a QEMU that lacks a feature refuse to start.
/// `docs/method/exact-clock.md` gives the reasons.
pub(crate) const CPU: &str = concat!(
    "EPYC-Milan-v1,enforce",
    // icount counts each repetition of `rep stosb`.
    ",-erms,-fsrm",
    // TCG calls a function for each AVX instruction.
    ",-avx,-avx2,-f16c,-fma",
    // TCG has them since QEMU 8 to 10.
    ",-3dnowprefetch,-rdpid,-rdseed,-sha-ni,-wbnoinvd,-xsaveerptr",
    // A guest that resumes would get other random numbers than one that boots.
    ",-rdrand",
    // No TCG has them.
    ",-amd-ssbd,-amd-stibp,-clzero,-fxsr-opt,-ibpb,-ibrs,-invpcid,-misalignsse,-nrip-save,-osvw,-pcid",
    ",-perfctr-core,-topoext,-xsavec,-xsaves",
    // Guests run no guests.
    ",-svm",
);

/// The machine type with one CPU: the smallest that QEMU has.
pub(crate) const ONE_CPU_MACHINE: &str = "microvm,isa-serial=on,acpi=off,rtc=on,pic=on,pit=on";

/// The machine type with several CPUs. The kernel finds them only in ACPI's
/// tables. Without the HPET, each CPU's own timer is the only one, as above.
pub(crate) const SEVERAL_CPUS_MACHINE: &str = "pc,hpet=off";

/// The kernel's console is the serial port.
pub(crate) const CONSOLE_WORD: &str = "console=ttyS0";

/// How the kernel resets the machine after a panic: by a triple fault, because
/// the smallest machine has no ACPI.
pub(crate) const RESET_WORD: &str = "reboot=t";

/// Tells the kernel to trust the clock.
pub(crate) const CLOCK_WORD: &str = "tsc=reliable";

/// The words that several CPUs add to the kernel's command line.
pub(crate) const SEVERAL_CPUS_WORDS: &[&str] = &[
    CPUS_HELD_BACK,
    // Each word below saves a loop of many pauses. QEMU visits all CPUs after
    // each pause. The loops calibrate the local timer and the delay loop (the
    // clock gives that rate), test the timer, and wait for old hardware.
    "nolapic_timer",
    "lpj=4000000",
    "no_timer_check",
    "cpu_init_udelay=0",
];

/// The devices that the agent writes to, as values of `-device`: its messages,
/// the end of the guest, and the stop for a snapshot.
pub(crate) fn agent_devices() -> [String; 3] {
    [
        format!("isa-debugcon,iobase={DEBUG_CONSOLE:#x},chardev=answer"),
        format!("isa-debug-exit,iobase={DEBUG_EXIT:#x},iosize={DEBUG_EXIT_SIZE}"),
        "pvpanic".into(),
    ]
}

/// What a user may pass as a kernel.
pub(crate) const KERNEL_FILES: &str = "a bzImage or vmlinux";

/// Debian's name of the architecture.
pub(crate) const DEBIAN: &str = "amd64";

/// Debian's multiarch triple, a folder of libraries.
pub(crate) const TRIPLE: &str = "x86_64-linux-gnu";

/// The prefix of the compilers and tools that build for this architecture.
pub(crate) const TOOL_PREFIX: &str = "x86_64-linux-gnu-";

/// The number of this machine in ELF files.
pub(crate) const ELF_MACHINE: u16 = object::elf::EM_X86_64;

/// The file name of the C library's loader.
pub(crate) const LOADER: &str = "ld-linux-x86-64.so.2";

/// The folder in which programs expect the loader, relative to the root.
pub(crate) const LOADER_FOLDER: &str = "lib64";

/// The folders of libraries, relative to a merged root. The guest's loader
/// searches them in this order.
pub(crate) const LIBRARY_FOLDERS: [&str; 2] = ["usr/lib/x86_64-linux-gnu", "usr/lib"];

/// Debian's `modpost` and `objtool` start a program with one of these suffixes.
pub(crate) const REAL_TOOL_SUFFIXES: [&str; 2] = [".real-lsb-64", ".real-x86"];
