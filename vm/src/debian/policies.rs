//! Compiles the policies of security modules with Debian's own compilers, when
//! hookbench makes the guest's userland. The compilers run from their unpacked
//! packages with the C library there, not with this machine's.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::unpacked;

/// The files that the compilers read.
const SOURCES: &[(&str, &str)] = &[
    ("selinux.conf", include_str!("../../policies/selinux.conf")),
    ("apparmor.profile", include_str!("../../policies/apparmor.profile")),
    ("apparmor.features", include_str!("../../policies/apparmor.features")),
    ("parser.conf", ""),
];

/// A policy and its compiler.
struct Policy {
    /// Its path in the guest.
    path: &'static str,
    /// The compiler, relative to the folder of unpacked packages.
    compiler: &'static str,
    /// The compiler's arguments before the last one, the output file.
    arguments: &'static [&'static str],
}

const POLICIES: &[Policy] = &[
    Policy {
        path: "policy/selinux",
        compiler: "usr/bin/checkpolicy",
        // The policy allows everything that it does not name. All kernels read version 30.
        arguments: &["-U", "allow", "-c", "30", "selinux.conf", "-o"],
    },
    Policy {
        path: "policy/apparmor",
        compiler: "sbin/apparmor_parser",
        arguments: &[
            "--skip-kernel-load",
            "--skip-cache",
            "--config-file=parser.conf",
            "--base=.",
            "--kernel-features=apparmor.features",
            "--policy-features=apparmor.features",
            "apparmor.profile",
            "--ofile",
        ],
    },
];

/// Returns all sources as one text. The compiled policies depend on it and on the
/// compilers.
pub(crate) fn sources() -> String {
    SOURCES.iter().map(|(name, text)| format!("{name}\n{text}\n")).collect()
}

/// Compiles the policies in the folder `scratch` with the packages in `unpacked`.
/// Returns path in the guest and bytes of each.
///
/// # Errors
/// When a compiler is missing or fails; the error contains its message.
pub(crate) fn compile(unpacked: &Path, scratch: &Path) -> Result<Vec<(String, Vec<u8>)>> {
    for (name, text) in SOURCES {
        let path = scratch.join(name);
        fs::write(&path, text).with_context(|| format!("failed to write {}", path.display()))?;
    }
    POLICIES.iter().map(|policy| policy.compile(unpacked, scratch)).collect()
}

impl Policy {
    fn compile(&self, unpacked: &Path, scratch: &Path) -> Result<(String, Vec<u8>)> {
        const OUT: &str = "compiled";
        let arguments = [self.arguments, &[OUT]].concat();
        unpacked::run(unpacked, self.compiler, &arguments, scratch)
            .with_context(|| format!("failed to compile the policy {}", self.path))?;
        let path = scratch.join(OUT);
        let bytes = fs::read(&path).with_context(|| format!("failed to read {}", path.display()))?;
        fs::remove_file(&path).with_context(|| format!("failed to remove {}", path.display()))?;
        Ok((self.path.into(), bytes))
    }
}
