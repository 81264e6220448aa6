//! Modules out of the package of a Debian kernel, for scenarios: those of a fixed list, and the modules that these
//! need. They are of exactly the cached kernel's version. An entry of the cache has the files that a guest gets; which
//! of them a guest gets, and when it loads them, is not known here.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use hookbench_results::store::write_whole;

use super::loadable::{Loadable, ModuleFolder};
use super::stored::Kernel;
use super::table::{self, KernelRow};
use crate::cache::{Cache, Kind, Lease, Lock, Wanted};
use crate::debian::apt::{Apt, NoPackage, Package};
use crate::debian::package_names;
use crate::files::digest;

/// The version of the files of an entry. Raise it when they change.
const FORMAT: u32 = 2;

/// The modules that an entry of any kernel has, as far as the kernel has them as modules.
pub const NAMES: &[&str] = &[
    "autofs4",
    "binfmt_misc",
    "brd",
    "dummy",
    "dummy_hcd",
    "fuse",
    "g_mass_storage",
    "ifb",
    "loop",
    "overlay",
    "scsi_debug",
    "sd_mod",
    "squashfs",
    "usb_storage",
    "vfat",
    "veth",
];

/// The file with a line for each module: the modules that it needs, in the order in which to load them, and at the end
/// the module itself.
pub const ORDER: &str = "order";

/// The modules of one kernel. They stay in the cache as long as this value lives.
#[derive(Debug, Clone)]
pub struct StockModules {
    lease: Lease,
    order: String,
}

/// The mirror no longer has the modules of this kernel, or the kernel is not Debian's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Gone(pub String);

impl StockModules {
    /// Returns the modules of `kernel`: the cached ones, or else those of its package.
    ///
    /// # Errors
    /// [`Gone`] is in the chain when there is no such package. Other errors, such as no network, may be temporary.
    pub fn obtain(kernel: &Kernel, cache: &Cache, progress: &dyn Fn(&str)) -> Result<StockModules> {
        let Some(row) = table::rows()?.iter().find(|row| row.name == kernel.name) else {
            bail!(Gone("hookbench knows no package of modules for a kernel that is not Debian's".into()));
        };
        let package = package_of(row, &kernel.package)?;
        let names = names(row);
        let recipe = serde_json::to_string(&(FORMAT, &package, &kernel.version, &names))
            .context("failed to render the recipe of modules")?;
        let key = &digest::sha256(recipe.as_bytes())[..32];
        let wanted = Wanted { kind: Kind::STOCK_MODULES, key, source: "" };
        let lease = cache
            .obtain(&wanted, progress, |lock, made| {
                let apt = Apt::open(lock, &row.suites, progress)?;
                download(&package, &kernel.version, &names, &apt, lock, made).map_err(no_package)
            })
            .with_context(|| format!("failed to get the modules of the kernel {}", kernel.name))?;
        let path = lease.file(ORDER);
        let order =
            fs::read_to_string(&path).with_context(|| format!("failed to read {}", path.display()))?;
        Ok(StockModules { lease, order })
    }

    /// Returns the files for a guest that needs the modules `names`: those modules, the modules that they need, and
    /// the file [`ORDER`]. With the module comes `NAME.ko.xz`, if the package has it compressed. A module that the
    /// package does not have is left out: the kernel may have it built in.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn files(&self, names: &[&str]) -> Result<Vec<(String, Vec<u8>)>> {
        let lines = self.order.lines().filter(|line| names.contains(&last(line)));
        let order: String = lines.clone().map(|line| format!("{line}\n")).collect();
        let mut files: Vec<String> = lines
            .flat_map(|line| line.split(' ').map(|name| format!("{name}.ko")).chain([compressed(last(line))]))
            .collect();
        files.sort();
        files.dedup();
        let mut found = vec![(ORDER.to_owned(), order.into_bytes())];
        for name in files {
            let path = self.lease.file(&name);
            if path.exists() {
                let bytes = fs::read(&path).with_context(|| format!("failed to read {}", path.display()))?;
                found.push((name, bytes));
            }
        }
        Ok(found)
    }
}

/// The last word of a line.
fn last(line: &str) -> &str {
    line.rsplit(' ').next().unwrap_or_default()
}

fn compressed(name: &str) -> String {
    format!("{name}.ko.xz")
}

/// The modules that an entry of this kernel has, as far as the kernel has them as modules.
fn names(row: &KernelRow) -> Vec<&str> {
    NAMES.iter().copied().chain(row.more_modules.iter().map(String::as_str)).collect()
}

/// Returns the name of the package with the modules of the kernel in the package `image`.
fn package_of(row: &KernelRow, image: &str) -> Result<String> {
    if row.modules.is_empty() {
        return Ok(image.to_owned());
    }
    let star = package_names::match_star(&row.package, image)
        .with_context(|| format!("the cached kernel {image} does not match {}", row.package))?;
    Ok(row.modules.replace('*', star))
}

/// Says of an error of apt that it means [`Gone`].
fn no_package(error: anyhow::Error) -> anyhow::Error {
    match error.downcast_ref::<NoPackage>() {
        Some(gone) => Gone(gone.reason()).into(),
        None => error,
    }
}

/// Puts the modules `names` of `package` into the folder `made`. Returns a description.
fn download(
    package: &str,
    version: &str,
    names: &[&str],
    apt: &Apt<'_>,
    lock: &Lock,
    made: &Path,
) -> Result<String> {
    let unpacked = lock.scratch()?;
    let fetched = apt.fetch(&[package.to_owned()], unpacked.path())?;
    let Package { name, version: newest } = fetched.into_iter().next().context("apt fetched nothing")?;
    if newest != version {
        bail!(Gone(format!(
            "the mirror has the modules of {name} {newest}, and the cached kernel is {version}; \
             run `hookbench cache clean kernels` to measure the newer one"
        )));
    }
    let folder = folder(unpacked.path()).with_context(|| format!("{name} contains no modules"))?;
    let kept = keep(&folder, names, made)?;
    Ok(format!("{} of {name} {version}", kept.join(", ")))
}

/// Finds `lib/modules/RELEASE` in an unpacked package.
fn folder(unpacked: &Path) -> Option<PathBuf> {
    let roots = ["usr/lib/modules", "lib/modules"].map(|folder| fs::read_dir(unpacked.join(folder)));
    roots.into_iter().flatten().flatten().flatten().map(|entry| entry.path()).find(|path| path.is_dir())
}

/// Copies the modules `names` in `folder`, and those that they need, into `made`. Returns the names of those that
/// were there.
fn keep<'a>(folder: &Path, names: &[&'a str], made: &Path) -> Result<Vec<&'a str>> {
    let source = ModuleFolder::open(folder).context("failed to list the modules")?;
    let mut order = String::new();
    let mut kept = Vec::new();
    for &name in names {
        let Some(file) = source.files.get(name) else { continue };
        let mut loadable = Loadable::default();
        loadable.add(&source, name)?;
        for (needed, bytes) in &loadable.modules {
            write_whole(&made.join(format!("{needed}.ko")), bytes)?;
        }
        if file.extension().is_some_and(|end| end == "xz") {
            let bytes = fs::read(file).with_context(|| format!("failed to read {}", file.display()))?;
            write_whole(&made.join(compressed(name)), &bytes)?;
        }
        let needed: Vec<&str> = loadable.modules.iter().map(|(name, _)| name.as_str()).collect();
        order += &format!("{}\n", needed.join(" "));
        kept.push(name);
    }
    write_whole(&made.join(ORDER), order.as_bytes())?;
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use super::super::loadable::tests::module;
    use super::*;

    fn package() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let modules = folder.path().join("usr/lib/modules/7.3.4-cloud-amd64/kernel");
        fs::create_dir_all(&modules).unwrap();
        let dummy = module("far");
        let mut packed = liblzma::read::XzEncoder::new(&*dummy, 1);
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut packed, &mut bytes).unwrap();
        fs::write(modules.join("dummy.ko.xz"), bytes).unwrap();
        fs::write(modules.join("far.ko"), module("")).unwrap();
        fs::write(modules.join("loop.ko"), module("")).unwrap();
        fs::write(modules.join("unlisted.ko"), module("")).unwrap();
        folder
    }

    #[test]
    fn a_guest_gets_what_it_needs_in_the_order_in_which_to_load_it() {
        let (package, root) = (package(), tempfile::tempdir().unwrap());
        let cache = Cache::at(root.path()).unwrap();
        let wanted = Wanted { kind: Kind::STOCK_MODULES, key: "k", source: "" };
        let lease = cache.obtain(&wanted, &|_| (), |_, made| {
            keep(&folder(package.path()).unwrap(), NAMES, made).map(|kept| kept.join(" "))
        });
        let lease = lease.unwrap();
        let order = fs::read_to_string(lease.file(ORDER)).unwrap();
        assert_eq!(order, "far dummy\nloop\n");
        let modules = StockModules { lease, order };
        let files = modules.files(&["dummy", "fuse"]).unwrap();
        let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["order", "dummy.ko", "dummy.ko.xz", "far.ko"]);
        assert_eq!(files[0].1, b"far dummy\n");
        assert_eq!(files[1].1, module("far"));
        assert_ne!(files[2].1, module("far"));
    }

    #[test]
    fn the_package_of_modules_is_of_the_same_build_as_the_kernel() {
        let mut row = table::find("7.3").unwrap().clone();
        let kernel = |package: &str| package_of(&row, package);
        assert_eq!(
            kernel("linux-binary-7.3.4+deb13-cloud-amd64").unwrap(),
            "linux-modules-7.3.4+deb13-cloud-amd64"
        );
        assert!(kernel("linux-image-7.3.4+deb13-cloud-amd64").is_err());
        row.modules.clear();
        assert_eq!(package_of(&row, "any").unwrap(), "any");
    }
}
