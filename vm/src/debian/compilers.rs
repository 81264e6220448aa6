//! Debian's compilers of AppArmor's and SELinux's policies, for policies that guests get as files of their payload. The
//! policies that are part of the guest's image are in `policies.rs`: they are compiled by an older release.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Context, Result};
use hookbench_results::store::write_whole;

use super::unpacked;
use crate::arch::LOADER;
use crate::cache::{Cache, Kind, Lease, Lock, Wanted};
use crate::debian::apt::Apt;
use crate::files::digest;
use crate::image::closure::Closure;

/// The first release whose AppArmor has rules on user namespaces, and rules with priorities, and whose SELinux has rules
/// that deny.
const SUITES: [&str; 2] = ["trixie", "trixie-security"];

/// The packages: the compilers, and the libraries of both.
const PACKAGES: [&str; 4] = ["apparmor", "secilc", "libsepol2", "libc6"];

const APPARMOR: &str = "usr/sbin/apparmor_parser";
const SELINUX: &str = "usr/bin/secilc";

/// The features that AppArmor's profiles name: the version of their language.
const FEATURES: &str = "etc/apparmor.d/abi/4.0";

/// The features of kernels. All kernels read what is compiled for these; a class of rules that a kernel does not know
/// does nothing there.
const KERNEL_FEATURES: &str = include_str!("../../policies/scenarios.features");

/// The version of SELinux's policies. All kernels since 4.13 read it.
const VERSION: &str = "31";

/// The version of the files of an entry. Raise it when they change.
const FORMAT: u32 = 1;

/// Compilers in the cache.
#[derive(Debug, Clone)]
pub struct Compilers(Lease);

impl Compilers {
    /// Returns the cached compilers, without using the network, or else the mirror's newest.
    ///
    /// # Errors
    /// When the packages cannot be fetched. [`NoPackage`](super::no_package::NoPackage) when there are none.
    pub fn obtain(cache: &Cache, progress: &dyn Fn(&str)) -> Result<Compilers> {
        let key = digest::sha256(format!("{FORMAT} {SUITES:?} {PACKAGES:?}").as_bytes());
        let wanted = Wanted { kind: Kind::COMPILERS, key: &key[..32], source: "" };
        let lease = cache
            .obtain(&wanted, progress, |lock, made| download(lock, made, progress))
            .context("failed to get the compilers of AppArmor's and SELinux's policies")?;
        Ok(Compilers(lease))
    }

    /// Compiles an AppArmor profile.
    ///
    /// # Errors
    /// When the compiler refuses it; the error contains its message.
    pub fn apparmor(&self, profile: &str) -> Result<Vec<u8>> {
        let base = self.0.file("etc/apparmor.d");
        let base = format!("--base={}", base.display());
        let files = [("profile", profile), ("kernel.features", KERNEL_FEATURES), ("parser.conf", "")];
        let arguments = [
            "--skip-kernel-load",
            "--skip-cache",
            "--config-file=parser.conf",
            "--kernel-features=kernel.features",
            "--quiet",
            &base,
            "profile",
            "--ofile",
        ];
        self.compile(APPARMOR, &files, &arguments)
    }

    /// Compiles an SELinux policy of these modules in the Common Intermediate Language: their file names and texts.
    ///
    /// # Errors
    /// When the compiler refuses it; the error contains its message.
    pub fn selinux(&self, modules: &[(&str, &str)]) -> Result<Vec<u8>> {
        let names = modules.iter().map(|(name, _)| *name);
        let arguments: Vec<&str> =
            ["-c", VERSION, "-f", "contexts"].into_iter().chain(names).chain(["-o"]).collect();
        self.compile(SELINUX, modules, &arguments)
    }

    /// Runs a compiler, whose last argument is the file that it writes, in a folder with these files.
    fn compile(&self, compiler: &str, files: &[(&str, &str)], arguments: &[&str]) -> Result<Vec<u8>> {
        const OUT: &str = "compiled";
        let folder = tempfile::tempdir().context("failed to make a temporary folder")?;
        for (name, text) in files {
            write_whole(&folder.path().join(name), text.as_bytes())?;
        }
        unpacked::run(self.0.folder(), compiler, &[arguments, &[OUT]].concat(), folder.path())?;
        let path = folder.path().join(OUT);
        fs::read(&path).with_context(|| format!("failed to read {}", path.display()))
    }
}

/// Puts the compilers, with the libraries that they need, into the folder `made`. Returns a description.
fn download(lock: &Lock, made: &Path, progress: &dyn Fn(&str)) -> Result<String> {
    let apt = Apt::open(lock, &SUITES.map(String::from), progress)?;
    let unpacked = lock.scratch()?;
    let packages = apt.fetch(&PACKAGES.map(String::from), unpacked.path())?;
    let mut closure = Closure::new(unpacked.path());
    closure.program(APPARMOR)?;
    closure.program(SELINUX)?;
    closure.copy(FEATURES)?;
    for (path, (_, bytes)) in &closure.files {
        let target = made.join(path);
        let folder = target.parent().unwrap_or(made);
        fs::create_dir_all(folder).with_context(|| format!("failed to make {}", folder.display()))?;
        write_whole(&target, bytes)?;
        if path.ends_with(LOADER) {
            fs::set_permissions(&target, Permissions::from_mode(0o700))
                .with_context(|| format!("failed to make {} a program", target.display()))?;
        }
    }
    let names = packages.iter().take(2).map(|package| format!("{} {}", package.name, package.version));
    Ok(names.collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_features_of_kernels_are_whole() {
        let count = |bracket| KERNEL_FEATURES.matches(bracket).count();
        assert_eq!(count('{'), count('}'));
        assert!(KERNEL_FEATURES.contains("userns_create"));
    }
}
