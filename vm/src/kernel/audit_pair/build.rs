//! Builds the audit pair from an unpacked source, with the toolchain of its release,
//! one kernel after the other in the same tree. The second build compiles most files
//! again: a task has fields for audit, and nearly all files know tasks. Nothing in the
//! kernels depends on when, where or by whom they were built.

use std::collections::BTreeSet;
use std::env;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use anyhow::{Context, Result, bail, ensure};
use hookbench_results::store::write_whole;

use super::halves::{HALVES, Half, PACKAGE, SUITES, TOOLCHAIN};
use crate::cache::Lock;
use crate::debian::apt::Apt;
use crate::debian::command::output;
use crate::debian::toolchain::{self, Toolchain};
use crate::kernel::make::{compiler_arguments, first_error};
use crate::kernel::stored::{Origin, read, store};
use crate::kernel::vmlinux;

/// Programs and headers of this machine that the kernel's makefiles need, each with its
/// package. A header is named by its path.
const NEEDS: [(&str, &str); 7] = [
    ("flex", "flex"),
    ("bison", "bison"),
    ("bc", "bc"),
    ("make", "make"),
    ("gcc", "gcc"),
    ("xz", "xz-utils"),
    ("/usr/include/gelf.h", "libelf-dev"),
];

/// hookbench reports progress each time make has compiled this many files.
const STEP: usize = 100;

/// Builds both kernels into the folder `made`. Returns a description.
///
/// # Errors
/// When a program for the build is missing, the source cannot be fetched or built, or
/// the kernels differ in more than audit.
pub(super) fn make(lock: &Lock, made: &Path, progress: &dyn Fn(&str)) -> Result<String> {
    let path = env::var_os("PATH").unwrap_or_default();
    let missing = missing_packages(&env::split_paths(&path).collect::<Vec<_>>());
    ensure!(missing.is_empty(), "the build needs these packages; install them first: {}", missing.join(" "));
    let root = lock.scratch()?;
    let toolchain = toolchain::find(TOOLCHAIN)?;
    Apt::open(lock, &toolchain.suites, progress)?.fetch(&toolchain.packages, root.path())?;
    toolchain::settle(root.path())?;
    let fetched =
        Apt::open(lock, &SUITES.map(String::from), progress)?.fetch(&[PACKAGE.into()], root.path())?;
    let source = fetched.into_iter().next().context("apt fetched nothing")?;
    progress(&format!("unpacking {} {}", source.name, source.version));
    let build = PairBuild { root: root.path(), tree: unpack(root.path())?, toolchain };
    for half in HALVES {
        build.configure(half)?;
        build.compile(half, progress)?;
        let vmlinux = vmlinux::extract(read(&build.tree.join("vmlinux"))?, vmlinux::LARGEST)
            .context("cannot use the kernel that was built")?;
        let origin = Origin { package: source.name.clone(), version: source.version.clone() };
        let folder = made.join(half.audit);
        fs::create_dir(&folder).with_context(|| format!("failed to make {}", folder.display()))?;
        store(&folder, origin, &vmlinux, Some(&build.tree.join(".config")))?;
    }
    let [n, y] = HALVES.map(|half| fs::read_to_string(made.join(half.audit).join("config")));
    let other = other_differences(&n?, &y?);
    ensure!(other.is_empty(), "the two kernels differ in more than audit: {}", other.join(", "));
    Ok(format!("{} {} without and with audit", source.name, source.version))
}

/// Returns the packages of missing programs and headers.
fn missing_packages(path: &[PathBuf]) -> Vec<&'static str> {
    let exists = |needed: &str| match needed.starts_with('/') {
        true => Path::new(needed).exists(),
        false => path.iter().any(|folder| folder.join(needed).is_file()),
    };
    NEEDS.iter().filter(|(needed, _)| !exists(needed)).map(|(_, package)| *package).collect()
}

/// Unpacks the archive in the package of the source, and removes the archive. Returns
/// the source tree.
fn unpack(root: &Path) -> Result<PathBuf> {
    let archive = root.join("usr/src").join(format!("{PACKAGE}.tar.xz"));
    let mut tar = Command::new("tar");
    output(tar.args(["-xJ", "--no-same-owner", "-f"]).arg(&archive).arg("-C").arg(root)).with_context(
        || format!("failed to unpack the source into {}; check that there is free space", root.display()),
    )?;
    fs::remove_file(&archive).with_context(|| format!("failed to remove {}", archive.display()))?;
    Ok(root.join(PACKAGE))
}

/// A source tree with a compiler.
struct PairBuild<'a> {
    root: &'a Path,
    tree: PathBuf,
    toolchain: &'a Toolchain,
}

impl PairBuild<'_> {
    /// Sets all options of `half`, and checks that the source accepts them.
    fn configure(&self, half: Half) -> Result<()> {
        let wanted = self.root.join("asked.config");
        write_whole(&wanted, half.options().as_bytes())?;
        let mut make = self.make();
        output(make.arg("-s").arg("allnoconfig").env("KCONFIG_ALLCONFIG", &wanted))
            .context("failed to configure the kernel")?;
        let config = self.tree.join(".config");
        let config =
            fs::read_to_string(&config).with_context(|| format!("failed to read {}", config.display()))?;
        let rejected = rejected_options(&half.options(), &config);
        ensure!(rejected.is_empty(), "this source cannot be built with {}", rejected.join(", "));
        Ok(())
    }

    /// Compiles `half`, and reports progress.
    fn compile(&self, half: Half, progress: &dyn Fn(&str)) -> Result<()> {
        progress(&format!("building {} ({})", half.name, half.about));
        let errors = self.root.join("complaints");
        let context = || format!("failed to write the errors of make to {}", errors.display());
        let stderr = File::create(&errors).with_context(context)?;
        let jobs = thread::available_parallelism().map_or(1, usize::from);
        let mut make = self.make();
        make.arg(format!("-j{jobs}")).arg("vmlinux").stdout(Stdio::piped()).stderr(stderr);
        let mut child = make.spawn().context("failed to start make (Debian: make)")?;
        let mut compiled = 0;
        for line in child.stdout.take().into_iter().flat_map(|output| BufReader::new(output).lines()) {
            let Some(file) = line.ok().and_then(|line| compiled_file(&line)) else { continue };
            compiled += 1;
            if compiled % STEP == 0 {
                progress(&format!("building {}: {compiled} files compiled, now {file}", half.name));
            }
        }
        if child.wait().context("failed to wait for make")?.success() {
            return Ok(());
        }
        let errors =
            String::from_utf8_lossy(&read(&errors)?).replace(&format!("{}/", self.root.display()), "");
        bail!("the source does not build: {}", first_error(&errors))
    }

    /// Returns a make in the source tree that depends on neither this machine nor the
    /// time.
    fn make(&self) -> Command {
        let mut make = Command::new("nice");
        let path = format!("{}:/usr/bin:/bin", self.root.join("usr/bin").display());
        make.env_clear().env("PATH", path).env("LC_ALL", "C").stdin(Stdio::null());
        make.env("KBUILD_BUILD_TIMESTAMP", "Thu Jan  1 00:00:00 UTC 2026").env("KBUILD_BUILD_VERSION", "1");
        make.env("KBUILD_BUILD_USER", "hookbench").env("KBUILD_BUILD_HOST", "hookbench");
        make.args(["make", "-C"]).arg(&self.tree);
        make.args(compiler_arguments(self.toolchain));
        make
    }
}

/// Returns the file if the line says that make compiles one.
fn compiled_file(line: &str) -> Option<String> {
    let mut words = line.split_whitespace();
    let compiles = words.next() == Some("CC");
    words.next_back().filter(|_| compiles).map(str::to_owned)
}

/// Returns the settings of a configuration, with `=n` for options that are not set.
fn settings(config: &str) -> impl Iterator<Item = String> {
    config.lines().filter_map(|line| {
        match line.strip_prefix("# ").and_then(|l| l.strip_suffix(" is not set")) {
            Some(option) => Some(format!("{option}=n")),
            None => line.starts_with("CONFIG_").then(|| line.to_owned()),
        }
    })
}

/// Returns the settings in `wanted` that `config` does not have.
fn rejected_options(wanted: &str, config: &str) -> Vec<String> {
    let set: BTreeSet<String> = settings(config).collect();
    settings(wanted).filter(|setting| !set.contains(setting)).collect()
}

/// Returns the settings that only one of the two has, except those of audit.
fn other_differences(one: &str, other: &str) -> Vec<String> {
    let (one, other): (BTreeSet<String>, BTreeSet<String>) =
        (settings(one).collect(), settings(other).collect());
    one.symmetric_difference(&other).filter(|setting| !setting.starts_with("CONFIG_AUDIT")).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_that_the_source_rejects_is_named() {
        let config = "CONFIG_A=y\n# CONFIG_B is not set\nCONFIG_S=\"x\"\n# CONFIG_C=y\n";
        assert!(rejected_options("# why\n\nCONFIG_A=y\nCONFIG_B=n\nCONFIG_S=\"x\"\n", config).is_empty());
        assert_eq!(
            rejected_options("CONFIG_A=n\nCONFIG_B=y\nCONFIG_C=y\n", config),
            ["CONFIG_A=n", "CONFIG_B=y", "CONFIG_C=y"]
        );
    }

    #[test]
    fn only_audit_may_differ() {
        let n = "CONFIG_A=y\n# CONFIG_AUDIT is not set\n";
        let y = "CONFIG_A=y\nCONFIG_AUDIT=y\nCONFIG_AUDITSYSCALL=y\n";
        assert!(other_differences(n, y).is_empty());
        assert_eq!(other_differences(n, &format!("{y}CONFIG_B=y\n")), ["CONFIG_B=y"]);
        assert_eq!(other_differences(n, "CONFIG_AUDIT=y\n"), ["CONFIG_A=y"]);
    }

    #[test]
    fn a_missing_program_is_named_by_its_package() {
        let folder = tempfile::tempdir().unwrap();
        for program in ["flex", "bc", "make", "gcc", "xz"] {
            fs::write(folder.path().join(program), "").unwrap();
        }
        let missing = missing_packages(&[folder.path().to_owned()]);
        assert!(missing.contains(&"bison") && !missing.contains(&"flex"), "{missing:?}");
    }

    #[test]
    fn only_lines_about_compiling_name_a_file() {
        assert_eq!(compiled_file("  CC      kernel/audit.o").as_deref(), Some("kernel/audit.o"));
        for other in ["  LD      vmlinux", "make: nothing", "", "  CC"] {
            assert_eq!(compiled_file(other), None, "{other}");
        }
    }
}
