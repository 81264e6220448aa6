//! The sources of the kernel modules in `modules/`. The harness builds them once for each
//! kernel and loads them in guests only.

macro_rules! sources {
    (made: [$($made:literal),*], $($name:literal),* $(,)?) => {
        &[
            $(($name, include_str!(concat!("../modules/", $name))),)*
            $(($made, include_str!(concat!(env!("OUT_DIR"), "/", $made))),)*
        ]
    };
}

/// The path in the guest, relative to the root, of the module that a cell's monitor loads.
pub const MODULE: &str = "own/module.ko";

/// Every file by name, with its text. `build.rs` makes one.
pub static SOURCES: &[(&str, &str)] = sources![
    made: ["numbers.h"],
    "Kbuild",
    "functions.h",
    "hookbench-ftrace-ops.c",
    "hookbench-inline.c",
    "hookbench-livepatch.c",
    "hookbench-lstar.c",
    "hookbench-syscall-table.c",
    "hookbench.h",
    "stub.h",
    "syscalls.h",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::monitors;
    use std::collections::BTreeSet;

    #[test]
    fn each_file_has_its_row_and_each_module_a_monitor() {
        let folder = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/modules")).unwrap();
        let mut files: BTreeSet<String> =
            folder.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
        files.insert("numbers.h".into());
        assert_eq!(files, SOURCES.iter().map(|(name, _)| name.to_string()).collect());
        let built: BTreeSet<&str> = SOURCES.iter().filter_map(|(name, _)| name.strip_suffix(".c")).collect();
        assert_eq!(built, monitors().filter_map(|monitor| monitor.sink.requires.module).collect());
        for module in built {
            assert!(
                SOURCES[0].1.contains(&format!("{module}.o "))
                    || SOURCES[0].1.contains(&format!("{module}.o\n"))
            );
        }
    }
}
