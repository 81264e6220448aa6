//! How the audit pair is built: from an unpacked source, with the toolchain of the
//! release it is of, one after the other in the same tree. The second compiles most
//! of it again: a task has fields that are audit's, and all know tasks. Nothing in the kernels tells when, where or
//! by whom. What the pair is, is in `pair.rs`.

use std::collections::BTreeSet;
use std::env;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use anyhow::{Context, Result, bail, ensure};
use hookbench_results::store::write_whole;

use crate::cache::Lock;
use crate::debian::apt::Apt;
use crate::debian::command::output;
use crate::debian::toolchain::{self, Toolchain};
use crate::kernel::audit_pair::{HALVES, Half, PACKAGE, SUITES, TOOLCHAIN};
use crate::kernel::vmlinux;
use crate::kernel::{Origin, read, store};

/// What the kernel's makefiles start on this machine, and what they include: any of
/// these shows that it is there; and the package that has it.
const NEEDS: [(&str, &str); 7] = [
    ("flex", "flex"),
    ("bison", "bison"),
    ("bc", "bc"),
    ("make", "make"),
    ("gcc", "gcc"),
    ("xz", "xz-utils"),
    ("/usr/include/gelf.h", "libelf-dev"),
];

/// So many files are compiled from one line of progress to the next.
const STEP: usize = 100;

/// Builds both into the folder `made`; what they are.
pub(crate) fn make(lock: &Lock, made: &Path, progress: &dyn Fn(&str)) -> Result<String> {
    let path = env::var_os("PATH").unwrap_or_default();
    let lack = lacking(&env::split_paths(&path).collect::<Vec<_>>());
    ensure!(lack.is_empty(), "these packages are needed for it: {}; install them first", lack.join(" "));
    let root = lock.scratch()?;
    let toolchain = toolchain::find(TOOLCHAIN)?;
    Apt::open(lock, &toolchain.suites, progress)?.fetch(&toolchain.packages, root.path())?;
    toolchain::settle(root.path())?;
    let fetched =
        Apt::open(lock, &SUITES.map(String::from), progress)?.fetch(&[PACKAGE.into()], root.path())?;
    let source = fetched.into_iter().next().context("apt fetched nothing")?;
    progress(&format!("unpacking {} {}", source.name, source.version));
    let build = Build { root: root.path(), tree: unpack(root.path())?, toolchain };
    for half in HALVES {
        build.configure(half)?;
        build.compile(half, progress)?;
        let vmlinux = vmlinux::extract(read(&build.tree.join("vmlinux"))?, vmlinux::LARGEST)
            .context("cannot use the kernel that was built")?;
        let origin = Origin { package: source.name.clone(), version: source.version.clone() };
        let place = made.join(half.audit);
        fs::create_dir(&place).with_context(|| format!("failed to make {}", place.display()))?;
        store(&place, origin, &vmlinux, Some(&build.tree.join(".config")))?;
    }
    let [n, y] = HALVES.map(|half| fs::read_to_string(made.join(half.audit).join("config")));
    let other = differing(&n?, &y?);
    ensure!(other.is_empty(), "the two differ in more than audit: {}", other.join(", "));
    Ok(format!("{} {} without and with audit", source.name, source.version))
}

/// The packages of what is missing.
fn lacking(path: &[PathBuf]) -> Vec<&'static str> {
    let there = |evidence: &str| match evidence.starts_with('/') {
        true => Path::new(evidence).exists(),
        false => path.iter().any(|folder| folder.join(evidence).is_file()),
    };
    NEEDS.iter().filter(|(evidence, _)| !there(evidence)).map(|(_, package)| *package).collect()
}

/// Unpacks the archive that the package of the source is, and removes it; the tree.
fn unpack(root: &Path) -> Result<PathBuf> {
    let archive = root.join("usr/src").join(format!("{PACKAGE}.tar.xz"));
    let mut tar = Command::new("tar");
    output(tar.args(["-xJ", "--no-same-owner", "-f"]).arg(&archive).arg("-C").arg(root)).with_context(
        || format!("failed to unpack the source into {}; check that there is space", root.display()),
    )?;
    fs::remove_file(&archive).with_context(|| format!("failed to remove {}", archive.display()))?;
    Ok(root.join(PACKAGE))
}

/// A source with a compiler.
struct Build<'a> {
    root: &'a Path,
    tree: PathBuf,
    toolchain: &'a Toolchain,
}

impl Build<'_> {
    /// Sets all options of `half`, and sees to it that they are set.
    fn configure(&self, half: Half) -> Result<()> {
        let asked = self.root.join("asked.config");
        write_whole(&asked, half.options().as_bytes())?;
        let mut make = self.make();
        output(make.arg("-s").arg("allnoconfig").env("KCONFIG_ALLCONFIG", &asked))
            .context("failed to configure the kernel")?;
        let config = self.tree.join(".config");
        let config =
            fs::read_to_string(&config).with_context(|| format!("failed to read {}", config.display()))?;
        let unset = unset(&half.options(), &config);
        ensure!(unset.is_empty(), "this source cannot be built with {}", unset.join(", "));
        Ok(())
    }

    /// Compiles, and says now and then how far it is.
    fn compile(&self, half: Half, progress: &dyn Fn(&str)) -> Result<()> {
        progress(&format!("building {} ({})", half.name, half.about));
        let complaints = self.root.join("complaints");
        let context = || format!("failed to keep what make says in {}", complaints.display());
        let stderr = File::create(&complaints).with_context(context)?;
        let jobs = thread::available_parallelism().map_or(1, usize::from);
        let mut make = self.make();
        make.arg(format!("-j{jobs}")).arg("vmlinux").stdout(Stdio::piped()).stderr(stderr);
        let mut child = make.spawn().context("failed to start make (Debian: make)")?;
        let mut compiled = 0;
        for line in child.stdout.take().into_iter().flat_map(|said| BufReader::new(said).lines()) {
            let Some(file) = line.ok().and_then(|line| compiled_file(&line)) else { continue };
            compiled += 1;
            if compiled % STEP == 0 {
                progress(&format!("building {}: {compiled} files compiled, now {file}", half.name));
            }
        }
        if child.wait().context("failed to wait for make")?.success() {
            return Ok(());
        }
        let said =
            String::from_utf8_lossy(&read(&complaints)?).replace(&format!("{}/", self.root.display()), "");
        bail!("the source does not build: {}", crate::kernel::modules::first_error(&said))
    }

    /// A make in the tree that knows nothing of this machine, nor of the time.
    fn make(&self) -> Command {
        let mut make = Command::new("nice");
        let path = format!("{}:/usr/bin:/bin", self.root.join("usr/bin").display());
        make.env_clear().env("PATH", path).env("LC_ALL", "C").stdin(Stdio::null());
        make.env("KBUILD_BUILD_TIMESTAMP", "Thu Jan  1 00:00:00 UTC 2026").env("KBUILD_BUILD_VERSION", "1");
        make.env("KBUILD_BUILD_USER", "hookbench").env("KBUILD_BUILD_HOST", "hookbench");
        make.args(["make", "-C"]).arg(&self.tree);
        make.args(["CROSS_COMPILE=x86_64-linux-gnu-", &format!("CC={}", self.toolchain.compiler)]);
        make
    }
}

/// The file of a line that says that one is compiled.
fn compiled_file(line: &str) -> Option<String> {
    let mut words = line.split_whitespace();
    let compiles = words.next() == Some("CC");
    words.next_back().filter(|_| compiles).map(str::to_owned)
}

/// Lines of a configuration that say something, with `=n` for what it leaves out.
fn settings(config: &str) -> impl Iterator<Item = String> {
    config.lines().filter_map(|line| {
        match line.strip_prefix("# ").and_then(|l| l.strip_suffix(" is not set")) {
            Some(option) => Some(format!("{option}=n")),
            None => line.starts_with("CONFIG_").then(|| line.to_owned()),
        }
    })
}

/// What is asked for and not so in `config`.
fn unset(asked: &str, config: &str) -> Vec<String> {
    let set: BTreeSet<String> = settings(config).collect();
    settings(asked).filter(|setting| !set.contains(setting)).collect()
}

/// What is set in one alone, but for what belongs to audit.
fn differing(one: &str, other: &str) -> Vec<String> {
    let (one, other): (BTreeSet<String>, BTreeSet<String>) =
        (settings(one).collect(), settings(other).collect());
    one.symmetric_difference(&other).filter(|setting| !setting.starts_with("CONFIG_AUDIT")).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_that_the_source_does_not_take_is_named() {
        let config = "CONFIG_A=y\n# CONFIG_B is not set\nCONFIG_S=\"x\"\n# CONFIG_C=y\n";
        assert!(unset("# why\n\nCONFIG_A=y\nCONFIG_B=n\nCONFIG_S=\"x\"\n", config).is_empty());
        assert_eq!(
            unset("CONFIG_A=n\nCONFIG_B=y\nCONFIG_C=y\n", config),
            ["CONFIG_A=n", "CONFIG_B=y", "CONFIG_C=y"]
        );
    }

    #[test]
    fn only_audit_may_differ() {
        let n = "CONFIG_A=y\n# CONFIG_AUDIT is not set\n";
        let y = "CONFIG_A=y\nCONFIG_AUDIT=y\nCONFIG_AUDITSYSCALL=y\n";
        assert!(differing(n, y).is_empty());
        assert_eq!(differing(n, &format!("{y}CONFIG_B=y\n")), ["CONFIG_B=y"]);
        assert_eq!(differing(n, "CONFIG_AUDIT=y\n"), ["CONFIG_A=y"]);
    }

    #[test]
    fn a_missing_program_is_told_by_its_package() {
        let folder = tempfile::tempdir().unwrap();
        for program in ["flex", "bc", "make", "gcc", "xz"] {
            fs::write(folder.path().join(program), "").unwrap();
        }
        let lack = lacking(&[folder.path().to_owned()]);
        assert!(lack.contains(&"bison") && !lack.contains(&"flex"), "{lack:?}");
    }

    #[test]
    fn a_line_of_make_is_a_file_that_is_compiled_or_nothing() {
        assert_eq!(compiled_file("  CC      kernel/audit.o").as_deref(), Some("kernel/audit.o"));
        for other in ["  LD      vmlinux", "make: nothing", "", "  CC"] {
            assert_eq!(compiled_file(other), None, "{other}");
        }
    }
}
