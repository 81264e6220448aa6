//! Debian's kernels, out of the mirror's packages or out of the user's cache.

use std::fs;

use hookbench_vm::cache::Cache;
use hookbench_vm::kernel::Kernel;
use hookbench_vm::{digest, kernels};

#[test]
fn every_kernel_of_the_table_is_fetched_once() {
    let cache = Cache::open().unwrap();
    for row in kernels::rows().unwrap() {
        let kernel = Kernel::fetch(row, &cache, &|line| println!("{line}")).unwrap();
        let again = Kernel::fetch(row, &cache, &|line| panic!("{line}")).unwrap();
        assert_eq!(again, kernel);
        let series = row.name.trim_end_matches("-generic");
        assert!(kernel.version.starts_with(&format!("{series}.")), "{kernel:?}");
        let apart = row.package.starts_with("linux-binary-");
        let known = |value| (!apart || !row.with.is_empty()).then_some(value);
        assert_eq!(kernel.config_has("CONFIG_DEBUG_INFO_BTF", 'y').unwrap(), known(true));
        assert_eq!(kernel.config_has("CONFIG_DEBUG_INFO_BTF", 'n').unwrap(), known(false));
        assert_eq!(kernel.config_has("CONFIG_DEBUG", 'y').unwrap(), known(false));
    }
}

#[test]
fn a_custom_kernel_needs_no_mirror() {
    let known = Kernel::fetch(kernels::default().unwrap(), &Cache::open().unwrap(), &|_| ()).unwrap();
    let temporary = tempfile::tempdir().unwrap();
    let cache = Cache::at(temporary.path()).unwrap();
    for _ in ["extracted", "cached"] {
        let own = Kernel::from_path(&known.vmlinux, &cache, &|_| ()).unwrap();
        assert_eq!(own.sha256, known.sha256);
        assert!(own.version.starts_with("6.1."), "{}", own.version);
        assert_eq!(own.config_has("CONFIG_BPF", 'y').unwrap(), Some(true), "it is next to the kernel");
    }
}

#[test]
fn a_damaged_custom_kernel_is_unpacked_again() {
    let known = Kernel::fetch(kernels::default().unwrap(), &Cache::open().unwrap(), &|_| ()).unwrap();
    let temporary = tempfile::tempdir().unwrap();
    let cache = Cache::at(temporary.path()).unwrap();
    let first = Kernel::from_path(&known.vmlinux, &cache, &|_| ()).unwrap().vmlinux;
    let mut bytes = fs::read(&first).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&first, bytes).unwrap();
    let progress = std::cell::RefCell::new(String::new());
    let again =
        Kernel::from_path(&known.vmlinux, &cache, &|line| progress.borrow_mut().push_str(line)).unwrap();
    assert_eq!(digest::sha256(&fs::read(&again.vmlinux).unwrap()), known.sha256);
    assert!(progress.borrow().contains("its vmlinux was changed"), "{}", progress.borrow());
}
