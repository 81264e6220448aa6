//! One kernel, ready to be started: a Debian package's or the user's own. Knows
//! what a kernel's package looks like inside and how it lies in the cache.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use hookbench_results::store::write_whole;
use serde::{Deserialize, Serialize};

use crate::apt::Apt;
use crate::cache::{Cache, Lock};
use crate::kernels::KernelRow;
use crate::{digest, elf, names, vmlinux};

/// A user's own kernel larger than this is not read.
const LARGEST_FILE: u64 = 1 << 30;

/// The file beside a cached kernel that says what it is; written last.
const MANIFEST: &str = "kernel.json";

/// A kernel that QEMU can start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kernel {
    /// The row's name, `6.1`, or the path that was given.
    pub name: String,
    /// Debian's package of its image; empty for one's own.
    pub package: String,
    /// The package's version, `6.1.176-1`; the release for one's own.
    pub version: String,
    /// The uncompressed ELF file.
    pub vmlinux: PathBuf,
    /// Its build configuration, where it is known.
    pub config: Option<PathBuf>,
    /// The SHA-256 of `vmlinux`, in hexadecimal.
    pub sha256: String,
}

/// What is known of a cached kernel.
#[derive(Serialize, Deserialize)]
struct Manifest {
    /// How it was found; another row is another kernel.
    row: Option<KernelRow>,
    package: String,
    version: String,
    sha256: String,
    bytes: u64,
}

impl Kernel {
    /// The kernel of `row`: the cached one, without asking the network or apt
    /// whether there is a newer one, or else the newest that the mirror has.
    ///
    /// # Errors
    /// When it must be fetched and cannot be: no mirror, no network, no such
    /// package, no space.
    pub fn fetch(row: &KernelRow, cache: &Cache, progress: &dyn Fn(&str)) -> Result<Kernel> {
        let folder = cache.folder("kernels")?.join(&row.name);
        if let Some(kernel) = cached(&folder, &row.name, Some(row)) {
            return Ok(kernel);
        }
        let lock = cache.lock(progress)?;
        // Another hookbench may have fetched it while this one waited.
        if let Some(kernel) = cached(&folder, &row.name, Some(row)) {
            return Ok(kernel);
        }
        download(row, &lock, &folder, progress)
            .with_context(|| format!("failed to get the kernel {}", row.name))?;
        cached(&folder, &row.name, Some(row))
            .with_context(|| format!("the kernel in {} vanished; try again", folder.display()))
    }

    /// One's own kernel, a bzImage or an ELF vmlinux. What is unpacked stays in
    /// `cache`; the file itself may change and is then another kernel.
    ///
    /// # Errors
    /// When the file cannot be read or is not a kernel that QEMU can start.
    pub fn from_path(path: &Path, cache: &Cache) -> Result<Kernel> {
        let name = path.display().to_string();
        let file = read(path)?;
        let folder = cache.folder("kernels/own")?.join(digest::sha256(&file));
        if let Some(kernel) = cached(&folder, &name, None) {
            return Ok(kernel);
        }
        let vmlinux = vmlinux::extract(file).with_context(|| format!("cannot use {name} as a kernel"))?;
        let version = elf::release(&vmlinux).unwrap_or("unknown").to_owned();
        let lock = cache.lock(&|_| ())?;
        let made = lock.scratch()?;
        let manifest = Manifest {
            row: None,
            package: String::new(),
            version,
            sha256: digest::sha256(&vmlinux),
            bytes: vmlinux.len() as u64,
        };
        store(made.path(), &manifest, &vmlinux, None)?;
        lock.publish(made, &folder)?;
        cached(&folder, &name, None)
            .with_context(|| format!("the kernel in {} vanished; try again", folder.display()))
    }

    /// Whether the kernel was built with `option` set to `value`, as in
    /// `("CONFIG_DEBUG_INFO_BTF", 'y')`; `None` when its configuration is not known.
    ///
    /// # Errors
    /// When the configuration is there and cannot be read.
    pub fn config_has(&self, option: &str, value: char) -> Result<Option<bool>> {
        let Some(path) = &self.config else {
            return Ok(None);
        };
        let config =
            fs::read_to_string(path).with_context(|| format!("failed to read {}", path.display()))?;
        Ok(Some(has(&config, option, value)))
    }
}

fn has(config: &str, option: &str, value: char) -> bool {
    config.lines().any(|line| {
        let set = line.strip_prefix(option).and_then(|rest| rest.strip_prefix('='));
        set.is_some_and(|set| set.chars().eq([value]))
    })
}

/// The kernel in `folder` when it is whole and is that of `row`.
fn cached(folder: &Path, name: &str, row: Option<&KernelRow>) -> Option<Kernel> {
    let manifest: Manifest = serde_json::from_slice(&fs::read(folder.join(MANIFEST)).ok()?).ok()?;
    let vmlinux = folder.join("vmlinux");
    // The default is a matter of the table and does not make another kernel.
    let same = match (row, &manifest.row) {
        (Some(wanted), Some(had)) => {
            (&wanted.package, &wanted.suites, &wanted.with) == (&had.package, &had.suites, &had.with)
        }
        (None, None) => true,
        _ => false,
    };
    if !same || fs::metadata(&vmlinux).ok()?.len() != manifest.bytes {
        return None;
    }
    let config = Some(folder.join("config")).filter(|path| path.exists());
    let Manifest { package, version, sha256, .. } = manifest;
    Some(Kernel { name: name.to_owned(), package, version, vmlinux, config, sha256 })
}

/// Fetches the newest kernel of `row` into `folder`.
fn download(row: &KernelRow, lock: &Lock, folder: &Path, progress: &dyn Fn(&str)) -> Result<()> {
    let apt = Apt::open(lock, &row.suites, progress)?;
    let image = apt.newest(&row.package)?;
    let update = names::stands_for(&row.package, &image).unwrap_or_default();
    let mut packages = vec![image.clone()];
    packages.extend(row.with.iter().map(|pattern| pattern.replace('*', update)));
    let unpacked = lock.scratch()?;
    let fetched = apt.fetch(&packages, unpacked.path())?;
    let version = fetched.first().map(|package| package.version.clone()).unwrap_or_default();

    progress(&format!("unpacking {image}"));
    let compressed = find(unpacked.path(), "vmlinuz").with_context(|| {
        format!("no kernel in the package {image}: does vm/kernels.toml name the right one?")
    })?;
    let vmlinux =
        vmlinux::extract(read(&compressed)?).with_context(|| format!("cannot use the kernel of {image}"))?;
    let config = find(unpacked.path(), "config");
    let manifest = Manifest {
        row: Some(row.clone()),
        package: image,
        version,
        sha256: digest::sha256(&vmlinux),
        bytes: vmlinux.len() as u64,
    };
    let made = lock.scratch()?;
    store(made.path(), &manifest, &vmlinux, config.as_deref())?;
    lock.publish(made, folder)
}

fn store(folder: &Path, manifest: &Manifest, vmlinux: &[u8], config: Option<&Path>) -> Result<()> {
    if let Some(config) = config {
        write_whole(&folder.join("config"), &read(config)?)?;
    }
    write_whole(&folder.join("vmlinux"), vmlinux)?;
    let json = serde_json::to_vec_pretty(manifest).context("failed to render what the kernel is")?;
    write_whole(&folder.join(MANIFEST), &json)
}

/// The file `vmlinuz` or `config` of an unpacked package: in `boot` with the
/// release as a suffix, or, since 7.0, beside the modules.
fn find(unpacked: &Path, name: &str) -> Option<PathBuf> {
    let prefix = format!("{name}-");
    let suffixed = entries(&unpacked.join("boot"))
        .into_iter()
        .find(|path| path.file_name().is_some_and(|file| file.to_string_lossy().starts_with(&prefix)));
    suffixed.or_else(|| {
        let modules = ["usr/lib/modules", "lib/modules"].map(|folder| entries(&unpacked.join(folder)));
        modules.into_iter().flatten().map(|release| release.join(name)).find(|path| path.exists())
    })
}

/// What is in `folder`, sorted; nothing when it is not there.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

fn read(path: &Path) -> Result<Vec<u8>> {
    let context = || format!("failed to read {}", path.display());
    let metadata = fs::metadata(path).with_context(context)?;
    ensure!(metadata.is_file(), "{} is not a file", path.display());
    ensure!(metadata.len() <= LARGEST_FILE, "{} is too large to be a kernel", path.display());
    fs::read(path).with_context(context)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels;
    use std::time::{Duration, Instant};

    #[test]
    fn fetches_every_kernel_of_the_table_once() {
        let cache = Cache::open().unwrap();
        for row in kernels::rows().unwrap() {
            let kernel = Kernel::fetch(row, &cache, &|line| println!("{line}")).unwrap();
            let begin = Instant::now();
            let again = Kernel::fetch(row, &cache, &|line| panic!("{line}")).unwrap();
            assert!(begin.elapsed() < Duration::from_millis(100), "{:?}", begin.elapsed());
            assert_eq!(again, kernel);
            assert!(kernel.version.starts_with(&format!("{}.", row.name)), "{kernel:?}");
            assert_eq!(kernel.config_has("CONFIG_DEBUG_INFO_BTF", 'y').unwrap(), Some(true));
            assert_eq!(kernel.config_has("CONFIG_DEBUG_INFO_BTF", 'n').unwrap(), Some(false));
            assert_eq!(kernel.config_has("CONFIG_DEBUG", 'y').unwrap(), Some(false));
        }
    }

    #[test]
    fn fetches_nothing_for_a_kernel_of_ones_own() {
        let known = Kernel::fetch(kernels::default().unwrap(), &Cache::open().unwrap(), &|_| ()).unwrap();
        let temporary = tempfile::tempdir().unwrap();
        let cache = Cache::at(temporary.path()).unwrap();
        for _ in ["extracted", "cached"] {
            let own = Kernel::from_path(&known.vmlinux, &cache).unwrap();
            assert_eq!(own.sha256, known.sha256);
            assert!(own.version.starts_with("6.1."), "{}", own.version);
            assert_eq!(own.config_has("CONFIG_BPF", 'y').unwrap(), None);
        }
    }

    #[test]
    fn a_file_that_is_no_kernel_is_named() {
        let temporary = tempfile::tempdir().unwrap();
        let cache = Cache::at(temporary.path()).unwrap();
        let said = |path: &str| format!("{:#}", Kernel::from_path(Path::new(path), &cache).unwrap_err());
        assert!(said("/etc/passwd").contains("/etc/passwd"));
        assert!(said("/etc/passwd").contains("not a kernel"));
        assert!(said("/no/such/file").contains("/no/such/file"));
        assert!(said("/dev/zero").contains("not a file"));
    }

    #[test]
    fn a_row_that_changed_or_a_file_cut_short_is_not_taken_from_the_cache() {
        let folder = tempfile::tempdir().unwrap();
        let row = kernels::default().unwrap().clone();
        let manifest = Manifest {
            row: Some(row.clone()),
            package: "p".into(),
            version: "1".into(),
            sha256: "0".into(),
            bytes: 4,
        };
        store(folder.path(), &manifest, b"1234", None).unwrap();
        assert!(cached(folder.path(), "6.1", Some(&row)).is_some());
        assert!(cached(folder.path(), "6.1", Some(&KernelRow { default: false, ..row.clone() })).is_some());
        assert!(
            cached(folder.path(), "6.1", Some(&KernelRow { package: "q*".into(), ..row.clone() })).is_none()
        );
        assert!(cached(folder.path(), "6.1", None).is_none());
        fs::write(folder.path().join("vmlinux"), b"123").unwrap();
        assert!(cached(folder.path(), "6.1", Some(&row)).is_none());
    }

    #[test]
    fn both_layouts_of_a_package_are_known() {
        let folder = tempfile::tempdir().unwrap();
        let modules = folder.path().join("usr/lib/modules/7.3.4-cloud-amd64");
        fs::create_dir_all(&modules).unwrap();
        assert_eq!(find(folder.path(), "vmlinuz"), None);
        fs::write(modules.join("vmlinuz"), "").unwrap();
        assert_eq!(find(folder.path(), "vmlinuz"), Some(modules.join("vmlinuz")));
        fs::create_dir(folder.path().join("boot")).unwrap();
        let boot = folder.path().join("boot/vmlinuz-6.1.0-56-cloud-amd64");
        fs::write(&boot, "").unwrap();
        assert_eq!(find(folder.path(), "vmlinuz"), Some(boot));
    }

    #[test]
    fn an_option_is_set_only_as_a_whole_word() {
        let config = "CONFIG_A_B=y\nCONFIG_M=m\n# CONFIG_N is not set\nCONFIG_S=\"y\"\n";
        assert!(has(config, "CONFIG_A_B", 'y') && has(config, "CONFIG_M", 'm'));
        for option in ["CONFIG_A", "CONFIG_M", "CONFIG_N", "CONFIG_S", ""] {
            assert!(!has(config, option, 'y'), "{option}");
        }
    }
}
