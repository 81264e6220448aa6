//! Builds hookbench's kernel modules, once for each kernel, against the headers of its
//! package and with the compiler that built the kernel. Both come from the mirror and
//! are only unpacked. This machine never loads the modules.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use hookbench_results::store::write_whole;
use serde::{Deserialize, Serialize};

use super::make::{compiler_arguments, first_error};
use super::stored::Kernel;
use super::table::{self, KernelRow};
use crate::cache::{Cache, Kind, Lease, Lock, Wanted};
use crate::debian::apt::Apt;
use crate::debian::command::output;
use crate::debian::package_names;
use crate::debian::toolchain::{self, Toolchain};
use crate::files::digest;

/// The version of the files of an entry. Raise it when they change.
const FORMAT: u32 = 2;
/// The file in an entry with the facts about the modules.
const FACTS: &str = "modules.json";
/// The most bytes of a module.
pub const LARGEST: u64 = 1 << 20;

/// The modules of one kernel. They stay in the cache as long as this value lives.
#[derive(Debug, Clone)]
pub struct Modules {
    lease: Lease,
    /// The name and version of their compiler.
    pub compiler: String,
    /// The SHA-256 of all modules, one after another in the order of their names.
    pub sha256: String,
}

/// The facts about modules in the cache.
#[derive(Serialize, Deserialize)]
struct ModulesFacts {
    compiler: String,
    sha256: String,
    packages: Vec<(String, String)>,
}

/// The modules cannot be built for this kernel: the build failed, or the kernel has no
/// headers.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotBuilt(pub String);

/// A source file: its name and its text.
pub type Source = (&'static str, &'static str);

impl Modules {
    /// Returns the modules that `sources` make for `kernel`: the cached ones, or else
    /// builds them now. The sources include a `Kbuild`.
    ///
    /// # Errors
    /// [`NotBuilt`] is in the chain when the modules cannot be built, and
    /// [`NoPackage`](crate::apt::NoPackage) when the mirror has no headers or no
    /// compiler for them. Other errors, such as no network, may be temporary.
    pub fn obtain(
        kernel: &Kernel,
        sources: &[Source],
        cache: &Cache,
        progress: &dyn Fn(&str),
    ) -> Result<Modules> {
        let Some(row) = table::rows()?.iter().find(|row| row.name == kernel.name) else {
            bail!(NotBuilt(
                "hookbench knows no headers for a kernel that was passed by path or built from source".into()
            ));
        };
        let toolchain = toolchain::find(&row.toolchain)?;
        let recipe = ModulesRecipe { kernel, row, toolchain, sources };
        let key = recipe.key()?;
        let wanted = Wanted { kind: Kind::MODULES, key: &key, source: "" };
        let lease = cache
            .obtain(&wanted, progress, |lock, made| recipe.make(lock, made, progress))
            .with_context(|| format!("failed to build kernel modules for {}", kernel.name))?;
        let path = lease.file(FACTS);
        let facts = fs::read(&path).with_context(|| format!("failed to read {}", path.display()))?;
        let ModulesFacts { compiler, sha256, .. } =
            serde_json::from_slice(&facts).with_context(|| format!("failed to parse {}", path.display()))?;
        Ok(Modules { lease, compiler, sha256 })
    }

    /// Returns the file of the module `name`, a name without the suffix `.ko`.
    ///
    /// # Errors
    /// When there is no such module, or it is too large for a guest.
    pub fn file(&self, name: &str) -> Result<PathBuf> {
        let path = self.lease.file(&format!("{name}.ko"));
        let size = fs::metadata(&path).with_context(|| format!("there is no module {name}"))?.len();
        if size > LARGEST {
            bail!("the module {name} has {size} bytes; a module may have {LARGEST}");
        }
        Ok(path)
    }
}

/// Everything that modules are made of.
struct ModulesRecipe<'a> {
    kernel: &'a Kernel,
    row: &'a KernelRow,
    toolchain: &'a Toolchain,
    sources: &'a [Source],
}

impl ModulesRecipe<'_> {
    /// Returns the name of the entry in the cache.
    fn key(&self) -> Result<String> {
        let ModulesRecipe { kernel, row, toolchain, sources } = self;
        let all = (FORMAT, &kernel.package, &kernel.version, &row.headers, toolchain, sources);
        let json = serde_json::to_string(&all).context("failed to render the recipe of modules")?;
        Ok(digest::sha256(json.as_bytes())[..32].to_owned())
    }

    /// Builds the modules into the folder `made`. Returns a description.
    fn make(&self, lock: &Lock, made: &Path, progress: &dyn Fn(&str)) -> Result<String> {
        let root = lock.scratch()?;
        // The headers first: if the mirror no longer has them, no compiler is needed.
        let headers = self.headers()?;
        let mut packages = Apt::open(lock, &self.row.suites, progress)?.fetch(&headers, root.path())?;
        let compiler = Apt::open(lock, &self.toolchain.suites, progress)?;
        packages.extend(compiler.fetch(&self.toolchain.packages, root.path())?);
        progress(&format!("building kernel modules for {}", self.kernel.name));
        toolchain::settle(root.path())?;
        let build = ModuleBuild { root: root.path(), toolchain: self.toolchain };
        build.run(self.sources)?;
        let facts = ModulesFacts {
            compiler: build.compiler_version()?,
            sha256: build.copy_modules(made)?,
            packages: packages.into_iter().map(|package| (package.name, package.version)).collect(),
        };
        let json = serde_json::to_vec_pretty(&facts).context("failed to render the facts about modules")?;
        write_whole(&made.join(FACTS), &json)?;
        Ok(format!("for {} by {}", self.kernel.package, facts.compiler))
    }

    /// Returns the packages of headers for exactly this build of the kernel.
    fn headers(&self) -> Result<Vec<String>> {
        let Some(star) = package_names::match_star(&self.row.package, &self.kernel.package) else {
            bail!("the cached kernel {} does not match {}", self.kernel.package, self.row.package);
        };
        Ok(self.row.headers.iter().map(|pattern| pattern.replace('*', star)).collect())
    }
}

/// A build in the folder into which headers and compiler were unpacked.
struct ModuleBuild<'a> {
    root: &'a Path,
    toolchain: &'a Toolchain,
}

impl ModuleBuild<'_> {
    /// The folder of the sources and the modules.
    fn folder(&self) -> PathBuf {
        self.root.join("modules")
    }

    /// Writes the sources and runs make.
    fn run(&self, sources: &[Source]) -> Result<()> {
        let folder = self.folder();
        fs::create_dir(&folder).with_context(|| format!("failed to make {}", folder.display()))?;
        for (name, text) in sources {
            write_whole(&folder.join(name), text.as_bytes())?;
        }
        let tree = self.tree()?;
        let mut make = self.command("make");
        make.arg("-C").arg(&tree).arg(format!("M={}", folder.display()));
        make.args(compiler_arguments(self.toolchain));
        // Without debug information a module contains no path of this machine. BTF would
        // need that of the kernel.
        make.args(["KCFLAGS=-g0", "KAFLAGS=-g0", "CONFIG_DEBUG_INFO_BTF_MODULES=", "modules"]);
        let ended = make.output().context("failed to start make (Debian: make)")?;
        if ended.status.success() {
            return Ok(());
        }
        let errors = String::from_utf8_lossy(&ended.stderr).replace(&format!("{}/", self.root.display()), "");
        bail!(NotBuilt(format!("the kernel's headers do not build the module: {}", first_error(&errors))))
    }

    /// Returns the folder of the kernel's headers. Their makefiles name each other by
    /// the path of an installed package, which this replaces.
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
                let relocated = text.replace("/usr/src/", &format!("{}/", sources.display()));
                write_whole(&makefile, relocated.as_bytes())?;
                tree = Some(path);
            }
        }
        tree.with_context(|| format!("no kernel headers in {}", sources.display()))
    }

    /// Returns the name and version of the compiler.
    fn compiler_version(&self) -> Result<String> {
        let printed = output(self.command(&self.toolchain.compiler).arg("--version"))?;
        // The first word is the compiler's name, which is another one here.
        let rest = printed.lines().next().unwrap_or_default().split_once(' ').map(|(_, rest)| rest);
        Ok(format!("{} {}", self.toolchain.compiler, rest.unwrap_or("of unknown version")))
    }

    /// Returns a command that uses only make, a shell and its tools from this machine.
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

    /// Copies the modules into `made`. Returns their SHA-256.
    fn copy_modules(&self, made: &Path) -> Result<String> {
        let folder = self.folder();
        let context = || format!("failed to list {}", folder.display());
        let mut modules = BTreeMap::new();
        for entry in fs::read_dir(&folder).with_context(context)? {
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
