//! One kernel, ready to be started: a Debian package's or the user's own. Knows
//! what a kernel's package looks like inside and what of it goes into the cache.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use hookbench_results::store::write_whole;
use serde::{Deserialize, Serialize};

use crate::cache::{Cache, Kind, Lease, Lock, Wanted};
use crate::debian::apt::{Apt, Package};
use crate::files::{digest, elf};
use crate::kernel::table::KernelRow;
use crate::kernel::vmlinux;

/// A user's own kernel larger than this is not read.
const LARGEST_FILE: u64 = 1 << 30;

/// The file beside a cached kernel that says what it is.
const FACTS: &str = "kernel.json";

/// Counts up when the files of a cached kernel become others.
const FORMAT: u32 = 1;

/// A kernel that QEMU can start. It stays in the cache as long as this lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kernel {
    /// The row's name, `6.1`, that of one built here, or the path that was given.
    pub name: String,
    /// Debian's package of its image, or of its source; empty for one's own.
    pub package: String,
    /// The package's version, `6.1.176-1`; the release for one's own.
    pub version: String,
    /// The uncompressed ELF file.
    pub vmlinux: PathBuf,
    /// Its build configuration, where it is known.
    pub config: Option<PathBuf>,
    /// The SHA-256 of `vmlinux`, in hexadecimal.
    pub sha256: String,
    _lease: Lease,
}

/// What is known of a cached kernel.
#[derive(Serialize, Deserialize)]
struct Facts {
    package: String,
    version: String,
    sha256: String,
}

impl Kernel {
    /// The kernel of `row`: the cached one, without asking the network or apt
    /// whether there is a newer one, or else the newest that the mirror has.
    ///
    /// # Errors
    /// When it must be fetched and cannot be: no mirror, no network, no such
    /// package, no space.
    pub fn fetch(row: &KernelRow, cache: &Cache, progress: &dyn Fn(&str)) -> Result<Kernel> {
        // The default is a matter of the table and does not make another kernel.
        let source = serde_json::to_string(&(FORMAT, &row.suites, &row.package, &row.with))
            .context("failed to render where the kernel is from")?;
        let wanted = Wanted { kind: Kind::KERNELS, key: &row.name, source: &source };
        let lease = cache
            .obtain(&wanted, progress, |lock, made| download(row, lock, made, progress))
            .with_context(|| {
                format!(
                    "failed to get the kernel {} (another one may be there, or give the path of a bzImage \
                     or vmlinux)",
                    row.name
                )
            })?;
        Kernel::open(&row.name, lease, Path::new(""))
    }

    /// One's own kernel, a bzImage or an ELF vmlinux. What is unpacked stays in
    /// `cache`; the file itself may change and is then another kernel.
    ///
    /// # Errors
    /// When the file cannot be read or is not a kernel that QEMU can start.
    pub fn from_path(path: &Path, cache: &Cache, progress: &dyn Fn(&str)) -> Result<Kernel> {
        let name = path.display().to_string();
        let file = read(path)?;
        let wanted =
            Wanted { kind: Kind::OWN_KERNELS, key: &digest::sha256(&file), source: &FORMAT.to_string() };
        let lease = cache
            .obtain(&wanted, progress, |_, made| {
                let vmlinux = vmlinux::extract(file, vmlinux::LARGEST)
                    .with_context(|| format!("cannot use {name} as a kernel"))?;
                let version = elf::release(&vmlinux).unwrap_or("unknown").to_owned();
                let origin = Origin { package: String::new(), version: version.clone() };
                store(made, origin, &vmlinux, None)?;
                Ok(format!("{version}, of {name}"))
            })
            .with_context(|| format!("failed to unpack the kernel {name}"))?;
        Kernel::open(&name, lease, Path::new(""))
    }

    /// The kernel in the folder `place` of an entry of the cache.
    pub(crate) fn open(name: &str, lease: Lease, place: &Path) -> Result<Kernel> {
        let folder = lease.folder().join(place);
        let path = folder.join(FACTS);
        let facts = fs::read(&path).with_context(|| format!("failed to read {}", path.display()))?;
        let Facts { package, version, sha256 } = serde_json::from_slice(&facts)
            .with_context(|| format!("failed to understand {}", path.display()))?;
        let config = Some(folder.join("config")).filter(|path| path.exists());
        let vmlinux = folder.join("vmlinux");
        Ok(Kernel { name: name.to_owned(), package, version, vmlinux, config, sha256, _lease: lease })
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
        Ok(Some(has(&text(path)?, option, value)))
    }

    /// The text that `option` is set to; `None` when it is not set, or nothing is known.
    ///
    /// # Errors
    /// When the configuration cannot be read.
    pub fn config_text(&self, option: &str) -> Result<Option<String>> {
        let Some(path) = &self.config else {
            return Ok(None);
        };
        let config = text(path)?;
        Ok(set(&config, option).next().map(|text| text.trim_matches('"').to_string()))
    }
}

fn text(config: &Path) -> Result<String> {
    fs::read_to_string(config).with_context(|| format!("failed to read {}", config.display()))
}

fn has(config: &str, option: &str, value: char) -> bool {
    set(config, option).any(|set| set.chars().eq([value]))
}

/// What an option is set to.
fn set<'a>(config: &'a str, option: &str) -> impl Iterator<Item = &'a str> {
    config.lines().filter_map(move |line| line.strip_prefix(option)?.strip_prefix('='))
}

/// Fetches the newest kernel of `row` into the folder `made`; what it is.
fn download(row: &KernelRow, lock: &Lock, made: &Path, progress: &dyn Fn(&str)) -> Result<String> {
    let apt = Apt::open(lock, &row.suites, progress)?;
    let unpacked = lock.scratch()?;
    let patterns: Vec<String> = [&row.package].into_iter().chain(&row.with).cloned().collect();
    let fetched = apt.fetch(&patterns, unpacked.path())?;
    let Package { name: image, version } = fetched.into_iter().next().context("apt fetched nothing")?;

    progress(&format!("unpacking {image}"));
    let compressed = find(unpacked.path(), "vmlinuz").with_context(|| {
        format!("no kernel in the package {image}: does vm/kernels.toml name the right one?")
    })?;
    let vmlinux = vmlinux::extract(read(&compressed)?, vmlinux::LARGEST)
        .with_context(|| format!("cannot use the kernel of {image}"))?;
    let config = find(unpacked.path(), "config");
    let about = format!("{image} {version}");
    store(made, Origin { package: image, version }, &vmlinux, config.as_deref())?;
    Ok(about)
}

/// What a kernel is of.
pub(crate) struct Origin {
    /// The package; empty for one's own.
    pub(crate) package: String,
    pub(crate) version: String,
}

/// Puts a kernel into the folder of an entry, from where [`Kernel::open`] has it.
pub(crate) fn store(folder: &Path, origin: Origin, vmlinux: &[u8], config: Option<&Path>) -> Result<()> {
    let Origin { package, version } = origin;
    if let Some(config) = config {
        write_whole(&folder.join("config"), &read(config)?)?;
    }
    write_whole(&folder.join("vmlinux"), vmlinux)?;
    let facts = Facts { package, version, sha256: digest::sha256(vmlinux) };
    let json = serde_json::to_vec_pretty(&facts).context("failed to render what the kernel is")?;
    write_whole(&folder.join(FACTS), &json)
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

/// The bytes of a file that may be a kernel, and is not endless.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    let context = || format!("failed to read {}", path.display());
    let metadata = fs::metadata(path).with_context(context)?;
    ensure!(metadata.is_file(), "{} is not a file", path.display());
    ensure!(metadata.len() <= LARGEST_FILE, "{} is too large to be a kernel", path.display());
    fs::read(path).with_context(context)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::table;
    use std::time::{Duration, Instant};

    #[test]
    fn fetches_every_kernel_of_the_table_once() {
        let cache = Cache::open().unwrap();
        for row in table::rows().unwrap() {
            let kernel = Kernel::fetch(row, &cache, &|line| println!("{line}")).unwrap();
            let begin = Instant::now();
            let again = Kernel::fetch(row, &cache, &|line| panic!("{line}")).unwrap();
            // It takes 30 ms where the processor knows SHA, and 150 ms elsewhere.
            assert!(begin.elapsed() < Duration::from_millis(500), "{:?}", begin.elapsed());
            assert_eq!(again, kernel);
            assert!(kernel.version.starts_with(&format!("{}.", row.name)), "{kernel:?}");
            let apart = row.package.starts_with("linux-binary-");
            let known = |value| (!apart || !row.with.is_empty()).then_some(value);
            assert_eq!(kernel.config_has("CONFIG_DEBUG_INFO_BTF", 'y').unwrap(), known(true));
            assert_eq!(kernel.config_has("CONFIG_DEBUG_INFO_BTF", 'n').unwrap(), known(false));
            assert_eq!(kernel.config_has("CONFIG_DEBUG", 'y').unwrap(), known(false));
        }
    }

    #[test]
    fn fetches_nothing_for_a_kernel_of_ones_own() {
        let known = Kernel::fetch(table::default().unwrap(), &Cache::open().unwrap(), &|_| ()).unwrap();
        let temporary = tempfile::tempdir().unwrap();
        let cache = Cache::at(temporary.path()).unwrap();
        for _ in ["extracted", "cached"] {
            let own = Kernel::from_path(&known.vmlinux, &cache, &|_| ()).unwrap();
            assert_eq!(own.sha256, known.sha256);
            assert!(own.version.starts_with("6.1."), "{}", own.version);
            assert_eq!(own.config_has("CONFIG_BPF", 'y').unwrap(), None);
        }
    }

    #[test]
    fn a_file_that_is_no_kernel_is_named() {
        let temporary = tempfile::tempdir().unwrap();
        let cache = Cache::at(temporary.path()).unwrap();
        let said =
            |path: &str| format!("{:#}", Kernel::from_path(Path::new(path), &cache, &|_| ()).unwrap_err());
        assert!(said("/etc/passwd").contains("/etc/passwd"));
        assert!(said("/etc/passwd").contains("not a kernel"));
        assert!(said("/no/such/file").contains("/no/such/file"));
        assert!(said("/dev/zero").contains("not a file"));
    }

    /// A cache with something in the place of `row`'s kernel.
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
            name: "0.1".into(),
            default: true,
            suites: vec!["nowhere".into()],
            package: "linux-image-0.1-*".into(),
            with: Vec::new(),
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
    fn a_damaged_kernel_of_ones_own_is_unpacked_again() {
        let known = Kernel::fetch(table::default().unwrap(), &Cache::open().unwrap(), &|_| ()).unwrap();
        let temporary = tempfile::tempdir().unwrap();
        let cache = Cache::at(temporary.path()).unwrap();
        let first = Kernel::from_path(&known.vmlinux, &cache, &|_| ()).unwrap().vmlinux;
        let mut bytes = fs::read(&first).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(&first, bytes).unwrap();
        let said = std::cell::RefCell::new(String::new());
        let again =
            Kernel::from_path(&known.vmlinux, &cache, &|line| said.borrow_mut().push_str(line)).unwrap();
        assert_eq!(digest::sha256(&fs::read(&again.vmlinux).unwrap()), known.sha256);
        assert!(said.borrow().contains("its vmlinux was changed"), "{}", said.borrow());
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
