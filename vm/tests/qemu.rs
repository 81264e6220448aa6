//! QEMU as it starts and fails. No guest boots here: the kernel is not a kernel.

use std::fs;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use hookbench_vm::guest::{self, Boot, Error, GuestOptions, Orders, Start};
use hookbench_vm::machine::{Kvm, Machine, Qemu, Tcg};
use hookbench_vm::payload::Payload;
use hookbench_vm::scratch::Scratch;

/// Runs a guest on `machine` whose kernel is a text. Returns its error.
fn run_without_kernel(machine: Machine) -> Error {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let (kernel, image) = (file("vmlinux", "not a kernel"), file("image", ""));
    let scratch = Scratch::below(folder.path()).unwrap();
    let options = GuestOptions {
        budget: Duration::from_secs(60),
        samples: 0,
        qemu: &Qemu::default(),
        machine,
        scratch: &scratch,
        stop: &AtomicBool::new(false),
        console: None,
        payload: Payload::default(),
        plugin: None,
        sends_symbols: false,
        symbols: 0,
    };
    let boot = Boot { vmlinux: &kernel, image: &image, boot_line: "quiet" };
    let error = guest::run(Start::Boot(boot), Orders::only(b"{}"), &options).unwrap_err();
    let left: Vec<_> = fs::read_dir(scratch.path()).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
    error
}

#[test]
fn the_error_has_what_qemu_reports() {
    let machine = Machine::Tcg(Tcg { cpus: 1, memory_mib: 64 });
    let error = run_without_kernel(machine);
    assert!(matches!(&error, Error::Qemu { message } if message.contains("kernel")), "{error}");
}

#[test]
fn under_kvm_the_reason_of_qemus_end_is_the_error_and_not_its_silence() {
    let machine = Machine::Kvm(Kvm { host_cpu: 0, memory_mib: 64 });
    let error = run_without_kernel(machine);
    let Error::Qemu { message } = &error else { panic!("{error}") };
    // Without KVM QEMU names the accelerator, with it the kernel.
    assert!(message.contains("KVM") || message.contains("kvm") || message.contains("kernel"), "{message}");
    assert!(!message.contains("did not answer"), "{message}");
}
