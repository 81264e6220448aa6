//! Policies of security modules, compiled by Debian's own compilers when the
//! guest's userland is made. The compilers run out of their unpacked packages,
//! with the C library beside them, and not with this machine's.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

/// What the compilers read.
const SOURCES: &[(&str, &str)] = &[
    ("selinux.conf", include_str!("../../policies/selinux.conf")),
    ("apparmor.profile", include_str!("../../policies/apparmor.profile")),
    ("apparmor.features", include_str!("../../policies/apparmor.features")),
    ("parser.conf", ""),
];

/// A policy and what compiles it.
struct Policy {
    /// Where it is in the guest.
    path: &'static str,
    /// The compiler, below the folder of unpacked packages.
    compiler: &'static str,
    /// Its arguments but for the last one, the file that it writes.
    arguments: &'static [&'static str],
}

const POLICIES: &[Policy] = &[
    Policy {
        path: "policy/selinux",
        compiler: "usr/bin/checkpolicy",
        // What the policy does not name is allowed; version 30 is one that all kernels read.
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

/// The loader and the libraries of the unpacked C library.
const LOADER: &str = "lib64/ld-linux-x86-64.so.2";
const LIBRARIES: &str = "lib/x86_64-linux-gnu";

/// All sources: what compiled policies depend on beside their compilers.
pub(crate) fn sources() -> String {
    SOURCES.iter().map(|(name, text)| format!("{name}\n{text}\n")).collect()
}

/// The policies, compiled in the folder `scratch` by the packages `unpacked`: path
/// in the guest and bytes.
///
/// # Errors
/// When a compiler is not there, or refuses; its words are in the error.
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
        let below = |path: &str| -> PathBuf {
            // Packages know both /lib and /usr/lib; unpacked, there are no links between them.
            let path = Path::new(path);
            [unpacked.join(path), unpacked.join("usr").join(path)]
                .into_iter()
                .find(|path| path.exists())
                .unwrap_or_else(|| unpacked.join(path))
        };
        let compiler = below(self.compiler);
        let output = Command::new(below(LOADER))
            .arg("--library-path")
            .arg(below(LIBRARIES))
            .arg(&compiler)
            .args(self.arguments)
            .arg(OUT)
            .current_dir(scratch)
            .output()
            .with_context(|| format!("failed to start {}", compiler.display()))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            bail!("{} failed on the policy {}: {}", compiler.display(), self.path, said.trim());
        }
        let path = scratch.join(OUT);
        let bytes = fs::read(&path).with_context(|| format!("failed to read {}", path.display()))?;
        fs::remove_file(&path).with_context(|| format!("failed to remove {}", path.display()))?;
        Ok((self.path.into(), bytes))
    }
}
