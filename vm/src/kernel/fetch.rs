//! Puts kernels into the cache: a Debian package's, or a file of the user. Knows the
//! layout of kernel packages.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::configuration;
use super::stored::{FORMAT, Kernel, Origin, read, store};
use super::table::KernelRow;
use super::vmlinux;
use crate::arch::KERNEL_FILES;
use crate::cache::{Cache, Kind, Lock, Wanted};
use crate::debian::apt::{Apt, Package};
use crate::files::{digest, elf};

impl Kernel {
    /// Returns the kernel of `row`: the cached one, without asking apt or the network
    /// for a newer one, or else the mirror's newest.
    ///
    /// # Errors
    /// When the kernel cannot be fetched: no mirror, no network, no such package, or no
    /// space.
    pub fn fetch(row: &KernelRow, cache: &Cache, progress: &dyn Fn(&str)) -> Result<Kernel> {
        // Whether the kernel is the default does not change its files.
        let source = serde_json::to_string(&(FORMAT, &row.suites, &row.package, &row.with))
            .context("failed to render the origin of the kernel")?;
        let wanted = Wanted { kind: Kind::KERNELS, key: &row.name, source: &source };
        let lease = cache
            .obtain(&wanted, progress, |lock, made| download(row, lock, made, progress))
            .with_context(|| {
                format!(
                    "failed to get the kernel {} (try another kernel, or pass the path of {KERNEL_FILES})",
                    row.name
                )
            })?;
        Kernel::open(&row.name, lease, Path::new(""))
    }

    /// Returns the custom kernel in the file `path`, a bzImage or an ELF vmlinux, with
    /// the configuration next to it. The unpacked kernel stays in `cache`. If the file
    /// changes, it is another kernel.
    ///
    /// # Errors
    /// [`NotAKernel`] when the file cannot be read, or is not a kernel that QEMU can start.
    pub fn from_path(path: &Path, cache: &Cache, progress: &dyn Fn(&str)) -> Result<Kernel> {
        let name = path.display().to_string();
        let refuse = |error: anyhow::Error| NotAKernel { path: name.clone(), why: format!("{error:#}") };
        let file = read(path).map_err(refuse)?;
        let wanted =
            Wanted { kind: Kind::OWN_KERNELS, key: &digest::sha256(&file), source: &FORMAT.to_string() };
        let lease = cache.obtain(&wanted, progress, |_, made| {
            let vmlinux = vmlinux::extract(file, vmlinux::LARGEST).map_err(refuse)?;
            let version = elf::release(&vmlinux).unwrap_or("unknown").to_owned();
            let origin = Origin { package: String::new(), version: version.clone() };
            store(made, origin, &vmlinux, None)?;
            Ok(format!("{version}, from {name}"))
        })?;
        let mut kernel = Kernel::open(&name, lease, Path::new(""))?;
        kernel.config = configuration::find(path, &kernel.version);
        Ok(kernel)
    }
}

/// A file that the user passed is not a kernel that hookbench can boot.
#[derive(Debug, thiserror::Error)]
#[error(
    "{path} is not a kernel that QEMU can start: {why}; pass {KERNEL_FILES} of a kernel with CONFIG_PVH=y"
)]
pub struct NotAKernel {
    path: String,
    why: String,
}

/// Fetches the newest kernel of `row` into the folder `made`. Returns a description.
fn download(row: &KernelRow, lock: &Lock, made: &Path, progress: &dyn Fn(&str)) -> Result<String> {
    let apt = Apt::open(lock, &row.suites, progress)?;
    let unpacked = lock.scratch()?;
    let patterns: Vec<String> = [&row.package].into_iter().chain(&row.with).cloned().collect();
    let fetched = apt.fetch(&patterns, unpacked.path())?;
    let Package { name: image, version } = fetched.into_iter().next().context("apt fetched nothing")?;

    progress(&format!("unpacking {image}"));
    let compressed = find_file(unpacked.path(), "vmlinuz").with_context(|| {
        format!("the package {image} contains no kernel; check the row in vm/kernels.toml")
    })?;
    let vmlinux = vmlinux::extract(read(&compressed)?, vmlinux::LARGEST)
        .with_context(|| format!("cannot use the kernel of {image}"))?;
    let config = find_file(unpacked.path(), "config");
    let about = format!("{image} {version}");
    store(made, Origin { package: image, version }, &vmlinux, config.as_deref())?;
    Ok(about)
}

/// Finds the file `vmlinuz` or `config` of an unpacked package: in `boot` with the
/// release as a suffix, or, since 7.0, next to the modules.
fn find_file(unpacked: &Path, name: &str) -> Option<PathBuf> {
    let prefix = format!("{name}-");
    let suffixed = entries(&unpacked.join("boot"))
        .into_iter()
        .find(|path| path.file_name().is_some_and(|file| file.to_string_lossy().starts_with(&prefix)));
    suffixed.or_else(|| {
        let modules = ["usr/lib/modules", "lib/modules"].map(|folder| entries(&unpacked.join(folder)));
        modules.into_iter().flatten().map(|release| release.join(name)).find(|path| path.exists())
    })
}

/// Returns the sorted contents of `folder`; nothing if there is no such folder.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::table;

    #[test]
    fn an_error_names_a_file_that_is_not_a_kernel() {
        let temporary = tempfile::tempdir().unwrap();
        let cache = Cache::at(temporary.path()).unwrap();
        let error_of =
            |path: &str| format!("{:#}", Kernel::from_path(Path::new(path), &cache, &|_| ()).unwrap_err());
        assert!(error_of("/etc/passwd").contains("/etc/passwd"));
        assert!(error_of("/etc/passwd").contains("not a kernel"));
        assert!(error_of("/no/such/file").contains("/no/such/file"));
        assert!(error_of("/dev/zero").contains("not a file"));
        let empty = temporary.path().join("empty");
        fs::write(&empty, "").unwrap();
        for path in ["/etc/passwd", "/bin/true", "/etc", "/no/such/file", &empty.display().to_string()] {
            let error = Kernel::from_path(Path::new(path), &cache, &|_| ()).unwrap_err();
            assert!(error.is::<NotAKernel>(), "{error:#}");
            assert!(format!("{error:#}").contains("pass a bzImage or vmlinux"), "{error:#}");
        }
    }

    /// Returns a cache with a dummy as the kernel of `row`.
    fn with_kernel(root: &Path, row: &KernelRow) -> Cache {
        let cache = Cache::at(root).unwrap();
        let source = serde_json::to_string(&(FORMAT, &row.suites, &row.package, &row.with)).unwrap();
        let wanted = Wanted { kind: Kind::KERNELS, key: &row.name, source: &source };
        let config = root.join("config");
        fs::write(&config, "CONFIG_BPF=y\n").unwrap();
        let stored = cache.obtain(&wanted, &|_| (), |_, made| {
            let origin = Origin { package: "p".into(), version: "1".into() };
            store(made, origin, b"kernel", Some(&config))?;
            Ok(String::new())
        });
        stored.unwrap();
        cache
    }

    #[test]
    fn a_cached_kernel_needs_no_mirror() {
        let folder = tempfile::tempdir().unwrap();
        // No mirror has, or will have, such a package.
        let row = KernelRow {
            only_named: false,
            name: "0.1".into(),
            default: true,
            suites: vec!["nowhere".into()],
            package: "linux-image-0.1-*".into(),
            with: Vec::new(),
            modules: String::new(),
            more_modules: Vec::new(),
            headers: Vec::new(),
            toolchain: String::new(),
        };
        let cache = with_kernel(folder.path(), &row);
        let silent = |line: &str| panic!("{line}");
        let kernel = Kernel::fetch(&row, &cache, &silent).unwrap();
        assert_eq!(
            (kernel.name.as_str(), kernel.package.as_str(), kernel.version.as_str()),
            ("0.1", "p", "1")
        );
        assert_eq!(kernel.config_has("CONFIG_BPF", 'y').unwrap(), Some(true));
        let no_default = KernelRow { default: false, ..row.clone() };
        assert_eq!(Kernel::fetch(&no_default, &cache, &silent).unwrap(), kernel);
    }

    #[test]
    fn a_kernel_in_use_is_not_removed() {
        let folder = tempfile::tempdir().unwrap();
        let row = table::default().unwrap();
        let cache = with_kernel(folder.path(), row);
        let kernel = Kernel::fetch(row, &cache, &|_| ()).unwrap();
        let remove = || cache.lock(&|_| ()).unwrap().remove(Kind::KERNELS, &row.name).unwrap();
        assert!(!remove());
        drop(kernel);
        assert!(remove());
    }

    #[test]
    fn both_layouts_of_a_package_are_known() {
        let folder = tempfile::tempdir().unwrap();
        let modules = folder.path().join("usr/lib/modules/7.3.4-cloud-amd64");
        fs::create_dir_all(&modules).unwrap();
        assert_eq!(find_file(folder.path(), "vmlinuz"), None);
        fs::write(modules.join("vmlinuz"), "").unwrap();
        assert_eq!(find_file(folder.path(), "vmlinuz"), Some(modules.join("vmlinuz")));
        fs::create_dir(folder.path().join("boot")).unwrap();
        let boot = folder.path().join("boot/vmlinuz-6.1.0-56-cloud-amd64");
        fs::write(&boot, "").unwrap();
        assert_eq!(find_file(folder.path(), "vmlinuz"), Some(boot));
    }
}
