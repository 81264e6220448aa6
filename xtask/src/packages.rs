//! The table of what hookbench needs from the system: by what one sees that it
//! is there, which Debian package has it, and why it is needed.

use std::env;
use std::path::{Path, PathBuf};

/// Something that a Debian package brings.
#[derive(Debug)]
pub(crate) struct Need {
    /// The Debian package to be installed when it is missing.
    pub package: &'static str,
    /// Any of these shows that it is there: an absolute path, or a program in PATH.
    pub evidence: &'static [&'static str],
    /// What it is needed for.
    pub why: &'static str,
}

/// For building and running.
pub(crate) const NEEDS: [Need; 13] = [
    Need { package: "qemu-system-x86", evidence: &["qemu-system-x86_64"], why: "runs the kernels" },
    Need {
        package: "clang-19",
        // Any since 14 compiles the BPF programs.
        evidence: &[
            "clang", "clang-14", "clang-15", "clang-16", "clang-17", "clang-18", "clang-19", "clang-20",
            "clang-21", "clang-22",
        ],
        why: "compiles the BPF programs",
    },
    Need { package: "gcc", evidence: &["gcc"], why: "compiles libbpf and links" },
    Need { package: "libc6-dev", evidence: &["/usr/include/stdio.h"], why: "C headers for libbpf" },
    Need {
        package: "linux-libc-dev",
        evidence: &["/usr/include/linux/bpf.h"],
        why: "kernel headers for libbpf",
    },
    Need { package: "libelf-dev", evidence: &["/usr/include/libelf.h"], why: "libbpf reads ELF files" },
    Need { package: "zlib1g-dev", evidence: &["/usr/include/zlib.h"], why: "libelf needs it" },
    Need { package: "pkg-config", evidence: &["pkg-config", "pkgconf"], why: "finds libelf for libbpf" },
    Need { package: "make", evidence: &["make"], why: "builds libbpf, and kernel modules" },
    Need {
        package: "flex",
        evidence: &["flex"],
        why: "a kernel's configuration, for `hookbench kernel build`",
    },
    Need {
        package: "bison",
        evidence: &["bison"],
        why: "a kernel's configuration, for `hookbench kernel build`",
    },
    Need { package: "bc", evidence: &["bc"], why: "a kernel's constants, for `hookbench kernel build`" },
    Need {
        package: "debian-archive-keyring",
        evidence: &["/usr/share/keyrings/debian-archive-keyring.gpg"],
        why: "checks the kernels' packages",
    },
];

/// For the tests, besides.
pub(crate) const TEST_NEEDS: [Need; 1] = [Need {
    package: "chromium",
    evidence: &["chromium", "chromium-browser", "google-chrome"],
    why: "tests look at the report in a browser",
}];

/// For the slow tests, besides those.
pub(crate) const SLOW_TEST_NEEDS: [Need; 2] = [
    Need { package: "slurm-wlm", evidence: &["slurmctld"], why: "tests measure shards as jobs of Slurm" },
    Need { package: "munge", evidence: &["munged"], why: "Slurm's daemons know each other by it" },
];

impl Need {
    /// Whether it is there already.
    pub(crate) fn met(&self) -> bool {
        self.evidence.iter().any(|evidence| exists(evidence, &folders()))
    }
}

/// The folders of PATH, and those of programs for root that it may lack.
fn folders() -> Vec<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).chain(["/usr/sbin", "/sbin"].map(PathBuf::from)).collect()
}

/// Whether `name`, an absolute path or a program, is there.
fn exists(name: &str, folders: &[PathBuf]) -> bool {
    if name.starts_with('/') {
        return Path::new(name).exists();
    }
    folders.iter().any(|folder| folder.join(name).is_file())
}

/// Whether the program `name` can be run.
pub(crate) fn program(name: &str) -> bool {
    exists(name, &folders())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_each_package_once_with_a_reason() {
        let mut packages: Vec<&str> =
            NEEDS.iter().chain(&TEST_NEEDS).chain(&SLOW_TEST_NEEDS).map(|need| need.package).collect();
        let number = packages.len();
        packages.sort_unstable();
        packages.dedup();
        assert_eq!(packages.len(), number);
        for need in NEEDS.iter().chain(&TEST_NEEDS).chain(&SLOW_TEST_NEEDS) {
            assert!(!need.why.is_empty() && !need.evidence.is_empty(), "{need:?}");
        }
    }

    #[test]
    fn a_program_and_a_file_are_seen() {
        let need = |evidence| Need { package: "p", evidence, why: "" };
        assert!(need(&["no-such-program", "sh"]).met());
        assert!(need(&["/proc/self/exe"]).met());
        assert!(!need(&["no-such-program", "/no/such/file"]).met());
        assert!(program("sh") && !program("no-such-program"));
    }
}
