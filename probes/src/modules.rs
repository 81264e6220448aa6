//! The sources of the kernel modules in `modules/`, for those who build them: the
//! harness, once for each kernel. They are loaded in guests only.

macro_rules! sources {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../modules/", $name)))),*]
    };
}

/// Where in the guest the module is that a cell's monitor loads, from the root.
pub const MODULE: &str = "own/module.ko";

/// Every file by name, with its text.
pub static SOURCES: &[(&str, &str)] = sources![
    "Kbuild",
    "functions.h",
    "hookbench-ftrace-ops.c",
    "hookbench-inline.c",
    "hookbench-livepatch.c",
    "hookbench-lstar.c",
    "hookbench-syscall-table.c",
    "hookbench.h",
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
        let files: BTreeSet<String> =
            folder.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
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
