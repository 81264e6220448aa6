//! Compiles the policies of security modules with Debian's own compilers, when
//! hookbench makes the guest's userland. The compilers run from their unpacked
//! packages with the C library there, not with this machine's.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::arch::{LOADER, LOADER_FOLDER, TRIPLE};

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
        let unpacked_path = |path: &str| -> PathBuf {
            // Packages have files in /lib and in /usr/lib. Unpacked, neither is a link.
            let path = Path::new(path);
            [unpacked.join(path), unpacked.join("usr").join(path)]
                .into_iter()
                .find(|path| path.exists())
                .unwrap_or_else(|| unpacked.join(path))
        };
        let compiler = unpacked_path(self.compiler);
        let output = Command::new(unpacked_path(&format!("{LOADER_FOLDER}/{LOADER}")))
            .arg("--library-path")
            .arg(unpacked_path(&format!("lib/{TRIPLE}")))
            .arg(&compiler)
            .args(self.arguments)
            .arg(OUT)
            .current_dir(scratch)
            .output()
            .with_context(|| format!("failed to start {}", compiler.display()))?;
        if !output.status.success() {
            let errors = String::from_utf8_lossy(&output.stderr);
            bail!("{} failed to compile the policy {}: {}", compiler.display(), self.path, errors.trim());
        }
        let path = scratch.join(OUT);
        let bytes = fs::read(&path).with_context(|| format!("failed to read {}", path.display()))?;
        fs::remove_file(&path).with_context(|| format!("failed to remove {}", path.display()))?;
        Ok((self.path.into(), bytes))
    }
}
