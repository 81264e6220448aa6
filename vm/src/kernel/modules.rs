//! Kernel modules: built once for each kernel, against the headers of its package
//! and by the compiler that built it, both from the mirror and unpacked only. They
//! are never loaded here. What they do is known to those who have the sources.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use hookbench_results::store::write_whole;
use serde::{Deserialize, Serialize};

use crate::cache::{Cache, Kind, Lease, Lock, Wanted};
use crate::debian::apt::Apt;
use crate::debian::command::output;
use crate::debian::package_names;
use crate::debian::toolchain::{self, Toolchain};
use crate::files::digest;
use crate::kernel::Kernel;
use crate::kernel::table::{self, KernelRow};

/// Counts up when the files of an entry become others.
const FORMAT: u32 = 2;
/// The file in an entry that says what built it.
const FACTS: &str = "modules.json";
/// No module is larger.
pub const LARGEST: u64 = 1 << 20;

/// The modules of one kernel. They stay in the cache as long as this lives.
#[derive(Debug, Clone)]
pub struct Modules {
    lease: Lease,
    /// Their compiler, by name and version.
    pub compiler: String,
    /// The SHA-256 of all, one after another in the order of their names.
    pub sha256: String,
}

/// What is known of modules in the cache.
#[derive(Serialize, Deserialize)]
struct Facts {
    compiler: String,
    sha256: String,
    packages: Vec<(String, String)>,
}

/// The compiler, or the kernel's build, was tried and did not do it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotBuilt(pub String);

/// A source file: its name and its text.
pub type Source = (&'static str, &'static str);

impl Modules {
    /// The modules that `sources` make for `kernel`: those in the cache, or else
    /// built now. Among the sources is a `Kbuild`.
    ///
    /// # Errors
    /// [`NotBuilt`] is in the chain when they cannot be built, and
    /// [`NoPackage`](crate::debian::apt::NoPackage) when the mirror lacks what they are built
    /// with. Anything else, such as no network, may be mended by trying again.
    pub fn obtain(
        kernel: &Kernel,
        sources: &[Source],
        cache: &Cache,
        progress: &dyn Fn(&str),
    ) -> Result<Modules> {
        let Some(row) = table::rows()?.iter().find(|row| row.name == kernel.name) else {
            bail!(NotBuilt(
                "no package of headers is known for a kernel that is given by its path, or was built from source".into()
            ));
        };
        let toolchain = toolchain::find(&row.toolchain)?;
        let recipe = Recipe { kernel, row, toolchain, sources };
        let key = recipe.key()?;
        let wanted = Wanted { kind: Kind::MODULES, key: &key, source: "" };
        let lease = cache
            .obtain(&wanted, progress, |lock, made| recipe.make(lock, made, progress))
            .with_context(|| format!("failed to build kernel modules for {}", kernel.name))?;
        let path = lease.file(FACTS);
        let facts = fs::read(&path).with_context(|| format!("failed to read {}", path.display()))?;
        let Facts { compiler, sha256, .. } = serde_json::from_slice(&facts)
            .with_context(|| format!("failed to understand {}", path.display()))?;
        Ok(Modules { lease, compiler, sha256 })
    }

    /// The file of the module called `name`, without its suffix.
    ///
    /// # Errors
    /// When there is none, or it is too large to be handed to a guest.
    pub fn file(&self, name: &str) -> Result<PathBuf> {
        let path = self.lease.file(&format!("{name}.ko"));
        let size = fs::metadata(&path).with_context(|| format!("there is no module {name}"))?.len();
        if size > LARGEST {
            bail!("the module {name} has {size} bytes, more than {LARGEST}");
        }
        Ok(path)
    }
}

/// All that modules are made of.
struct Recipe<'a> {
    kernel: &'a Kernel,
    row: &'a KernelRow,
    toolchain: &'a Toolchain,
    sources: &'a [Source],
}

impl Recipe<'_> {
    /// The name of the entry in the cache.
    fn key(&self) -> Result<String> {
        let Recipe { kernel, row, toolchain, sources } = self;
        let all = (FORMAT, &kernel.package, &kernel.version, &row.headers, toolchain, sources);
        let json = serde_json::to_string(&all).context("failed to render what modules are made of")?;
        Ok(digest::sha256(json.as_bytes())[..32].to_owned())
    }

    /// Builds them into the folder `made`; what they are.
    fn make(&self, lock: &Lock, made: &Path, progress: &dyn Fn(&str)) -> Result<String> {
        let root = lock.scratch()?;
        // The headers first: where they are gone, the compiler is not needed.
        let headers = self.headers()?;
        let mut packages = Apt::open(lock, &self.row.suites, progress)?.fetch(&headers, root.path())?;
        let compiler = Apt::open(lock, &self.toolchain.suites, progress)?;
        packages.extend(compiler.fetch(&self.toolchain.packages, root.path())?);
        progress(&format!("building kernel modules for {}", self.kernel.name));
        toolchain::settle(root.path())?;
        let build = Build { root: root.path(), toolchain: self.toolchain };
        build.run(self.sources)?;
        let facts = Facts {
            compiler: build.version()?,
            sha256: build.take(made)?,
            packages: packages.into_iter().map(|package| (package.name, package.version)).collect(),
        };
        let json = serde_json::to_vec_pretty(&facts).context("failed to render what built modules")?;
        write_whole(&made.join(FACTS), &json)?;
        Ok(format!("for {} by {}", self.kernel.package, facts.compiler))
    }

    /// The packages of headers for this very build of the kernel.
    fn headers(&self) -> Result<Vec<String>> {
        let Some(stood_for) = package_names::stands_for(&self.row.package, &self.kernel.package) else {
            bail!("the cached kernel {} is none of {}", self.kernel.package, self.row.package);
        };
        Ok(self.row.headers.iter().map(|pattern| pattern.replace('*', stood_for)).collect())
    }
}

/// A build in a folder into which headers and compiler were unpacked.
struct Build<'a> {
    root: &'a Path,
    toolchain: &'a Toolchain,
}

impl Build<'_> {
    fn place(&self) -> PathBuf {
        self.root.join("modules")
    }

    fn run(&self, sources: &[Source]) -> Result<()> {
        let place = self.place();
        fs::create_dir(&place).with_context(|| format!("failed to make {}", place.display()))?;
        for (name, text) in sources {
            write_whole(&place.join(name), text.as_bytes())?;
        }
        let tree = self.tree()?;
        let mut make = self.command("make");
        make.arg("-C").arg(&tree).arg(format!("M={}", place.display()));
        make.args(["CROSS_COMPILE=x86_64-linux-gnu-", &format!("CC={}", self.toolchain.compiler)]);
        // No debug information, and so no path of this machine in a module; and no
        // BTF, for which the kernel's own would have to be there.
        make.args(["KCFLAGS=-g0", "KAFLAGS=-g0", "CONFIG_DEBUG_INFO_BTF_MODULES=", "modules"]);
        let ended = make.output().context("failed to start make (Debian: make)")?;
        if ended.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&ended.stderr).replace(&format!("{}/", self.root.display()), "");
        bail!(NotBuilt(format!("the kernel's headers do not build the module: {}", first_error(&said))))
    }

    /// The folder of the kernel's headers, whose makefiles name each other by where
    /// they would be installed.
    fn tree(&self) -> Result<PathBuf> {
        let sources = self.root.join("usr/src");
        let context = || format!("failed to list {}", sources.display());
        let mut tree = None;
        for entry in fs::read_dir(&sources).with_context(context)? {
            let path = entry.with_context(context)?.path();
            let makefile = path.join("Makefile");
            if path.join(".config").exists() && makefile.exists() {
                let text = fs::read_to_string(&makefile)
                    .with_context(|| format!("failed to read {}", makefile.display()))?;
                let here = text.replace("/usr/src/", &format!("{}/", sources.display()));
                write_whole(&makefile, here.as_bytes())?;
                tree = Some(path);
            }
        }
        tree.with_context(|| format!("no headers of a kernel in {}", sources.display()))
    }

    fn version(&self) -> Result<String> {
        let said = output(self.command(&self.toolchain.compiler).arg("--version"))?;
        // It begins with its name, which is another here.
        let rest = said.lines().next().unwrap_or_default().split_once(' ').map(|(_, rest)| rest);
        Ok(format!("{} {}", self.toolchain.compiler, rest.unwrap_or("of a version it does not tell")))
    }

    /// Nothing of this machine but make, a shell and its tools.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(if program == "make" {
            program.into()
        } else {
            self.root.join("usr/bin").join(program)
        });
        let path = format!("{}:/usr/bin:/bin", self.root.join("usr/bin").display());
        command.env_clear().env("PATH", path).env("LC_ALL", "C").stdin(Stdio::null());
        command
    }

    /// Copies what was built into `made`; its SHA-256.
    fn take(&self, made: &Path) -> Result<String> {
        let place = self.place();
        let context = || format!("failed to list {}", place.display());
        let mut modules = BTreeMap::new();
        for entry in fs::read_dir(&place).with_context(context)? {
            let path = entry.with_context(context)?.path();
            if path.extension().is_some_and(|end| end == "ko") {
                let bytes = fs::read(&path).with_context(|| format!("failed to read {}", path.display()))?;
                modules.extend(path.file_name().map(|name| (name.to_owned(), bytes)));
            }
        }
        for (name, bytes) in &modules {
            write_whole(&made.join(name), bytes)?;
        }
        Ok(digest::sha256(&modules.into_values().collect::<Vec<_>>().concat()))
    }
}

/// The first line that says what is wrong, and not that something is.
pub(crate) fn first_error(said: &str) -> String {
    let lines = || said.lines().map(str::trim).filter(|line| !line.is_empty());
    let wrong = lines().find(|line| line.to_lowercase().contains("error") && !line.starts_with("make"));
    wrong.or_else(|| lines().next()).unwrap_or("it said nothing").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_said_and_not_that_make_stopped() {
        let said = "warning: old\nmake[1]: *** Error 2\na.c:3:1: error: no such field\nmake: *** Error 2\n";
        assert_eq!(first_error(said), "a.c:3:1: error: no such field");
        assert_eq!(first_error("pahole: not found\n"), "pahole: not found");
        assert_eq!(first_error(""), "it said nothing");
    }

    #[test]
    fn a_source_that_does_not_compile_is_told_by_its_own_error() {
        let cache = Cache::open().unwrap();
        let kernel = Kernel::fetch(table::default().unwrap(), &cache, &|_| ()).unwrap();
        let sources =
            [("Kbuild", "obj-m := wrong.o\n"), ("wrong.c", "int wrong(void) { return nothing; }\n")];
        let error = Modules::obtain(&kernel, &sources, &cache, &|line| println!("{line}")).unwrap_err();
        let said = error.downcast_ref::<NotBuilt>().unwrap().to_string();
        assert!(said.contains("wrong.c:1") && said.contains("'nothing' undeclared"), "{said}");
        assert!(!said.contains("part-"), "{said}");
    }
}
