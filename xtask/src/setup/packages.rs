//! The table of Debian packages that hookbench needs: the evidence that one is installed,
//! and the reason. `evidence.rs` looks for the evidence.

/// Something that a Debian package contains.
#[derive(Debug)]
pub(super) struct Need {
    /// The Debian package to install when it is missing.
    pub package: &'static str,
    /// Each of these shows that it is there: an absolute path, or a program in PATH. The
    /// first that exists is the one that is used.
    pub evidence: &'static [&'static str],
    /// The least version, major and minor, that the program in `evidence` must have.
    pub least: Option<(u32, u32)>,
    /// The environment variable by which the user names another program.
    pub variable: Option<&'static str>,
    /// The reason, as setup shows it.
    pub why: &'static str,
}

/// A need that any version meets.
const fn any(package: &'static str, evidence: &'static [&'static str], why: &'static str) -> Need {
    Need { package, evidence, least: None, variable: None, why }
}

/// For building and running.
pub(super) const NEEDS: [Need; 13] = [
    Need { least: Some((7, 2)), ..any("qemu-system-x86", &["qemu-system-x86_64"], "runs the kernels") },
    Need {
        least: Some((14, 0)),
        variable: Some("CLANG"),
        // In the order in which `probes/build.rs` looks for them.
        ..any(
            "clang-19",
            &[
                "clang-19", "clang", "clang-22", "clang-21", "clang-20", "clang-18", "clang-17", "clang-16",
                "clang-15", "clang-14",
            ],
            "compiles the BPF programs",
        )
    },
    any("gcc", &["gcc"], "compiles libbpf and links"),
    any("libc6-dev", &["/usr/include/stdio.h"], "C headers for libbpf"),
    any("linux-libc-dev", &["/usr/include/linux/bpf.h"], "kernel headers for libbpf"),
    any("libelf-dev", &["/usr/include/libelf.h"], "libbpf reads ELF files"),
    any("zlib1g-dev", &["/usr/include/zlib.h"], "libelf needs it"),
    any("pkg-config", &["pkg-config", "pkgconf"], "finds libelf for libbpf"),
    any("make", &["make"], "builds libbpf and kernel modules"),
    any("flex", &["flex"], "configures kernels for `hookbench kernel build`"),
    any("bison", &["bison"], "configures kernels for `hookbench kernel build`"),
    any("bc", &["bc"], "computes constants of kernels for `hookbench kernel build`"),
    any(
        "debian-archive-keyring",
        &["/usr/share/keyrings/debian-archive-keyring.gpg"],
        "verifies the kernels' packages",
    ),
];

/// For the tests, in addition to [`NEEDS`].
pub(super) const TEST_NEEDS: [Need; 1] =
    [any("chromium", &["chromium", "chromium-browser", "google-chrome"], "opens the report in the tests")];

/// For the slow tests, in addition to [`TEST_NEEDS`].
pub(super) const SLOW_TEST_NEEDS: [Need; 2] = [
    any("slurm-wlm", &["slurmctld"], "runs shards as Slurm jobs in the tests"),
    any("munge", &["munged"], "authenticates Slurm's daemons to each other"),
];

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
    fn compilers_are_tried_in_the_order_of_the_build() {
        let build = include_str!("../../../probes/build/compiler.rs");
        let (_, list) = build.split_once("COMPILERS: &[&str] = &[").unwrap();
        let (list, _) = list.split_once(']').unwrap();
        let tried: Vec<&str> = list.split('"').skip(1).step_by(2).collect();
        let clang = NEEDS.iter().find(|need| need.package == "clang-19").unwrap();
        assert_eq!(clang.evidence, tried);
    }
}
