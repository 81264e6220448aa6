//! A kernel in the cache, ready to be started: its files, its origin and its
//! configuration. `fetch` puts kernels there.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use hookbench_results::store::write_whole;
use serde::{Deserialize, Serialize};

use crate::cache::Lease;
use crate::files::digest;

/// The most bytes of a kernel's file.
const LARGEST_FILE: u64 = 1 << 30;

/// The file with the facts about a cached kernel.
const FACTS: &str = "kernel.json";

/// The version of the files of a cached kernel. Raise it when they change.
pub(super) const FORMAT: u32 = 1;

/// A kernel that QEMU can start. It stays in the cache as long as this value lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kernel {
    /// The name of its row, for example `6.1`, the name of a kernel that hookbench built,
    /// or the path that the user passed.
    pub name: String,
    /// Debian's package of its image or of its source; empty for a path.
    pub package: String,
    /// The package's version, for example `6.1.176-1`; the release for a path.
    pub version: String,
    /// The uncompressed ELF file.
    pub vmlinux: PathBuf,
    /// The path of its build configuration, if that is known.
    pub config: Option<PathBuf>,
    /// The SHA-256 of `vmlinux`, in hexadecimal.
    pub sha256: String,
    _lease: Lease,
}

/// The facts about a cached kernel.
#[derive(Serialize, Deserialize)]
struct KernelFacts {
    package: String,
    version: String,
    sha256: String,
}

impl Kernel {
    /// Opens the kernel in `subfolder` of an entry of the cache.
    pub(super) fn open(name: &str, lease: Lease, subfolder: &Path) -> Result<Kernel> {
        let folder = lease.folder().join(subfolder);
        let path = folder.join(FACTS);
        let facts = fs::read(&path).with_context(|| format!("failed to read {}", path.display()))?;
        let KernelFacts { package, version, sha256 } =
            serde_json::from_slice(&facts).with_context(|| format!("failed to parse {}", path.display()))?;
        let config = Some(folder.join("config")).filter(|path| path.exists());
        let vmlinux = folder.join("vmlinux");
        Ok(Kernel { name: name.to_owned(), package, version, vmlinux, config, sha256, _lease: lease })
    }

    /// Whether the kernel was built with `option` set to `value`, for example
    /// `("CONFIG_DEBUG_INFO_BTF", 'y')`. Returns `None` if its configuration is unknown.
    ///
    /// # Errors
    /// When the configuration cannot be read.
    pub fn config_has(&self, option: &str, value: char) -> Result<Option<bool>> {
        let Some(path) = &self.config else {
            return Ok(None);
        };
        Ok(Some(has(&read_text(path)?, option, value)))
    }

    /// Returns the text to which `option` is set; `None` if it is not set, or the
    /// configuration is unknown.
    ///
    /// # Errors
    /// When the configuration cannot be read.
    pub fn config_text(&self, option: &str) -> Result<Option<String>> {
        let Some(path) = &self.config else {
            return Ok(None);
        };
        let config = read_text(path)?;
        Ok(values(&config, option).next().map(|text| text.trim_matches('"').to_string()))
    }
}

fn read_text(config: &Path) -> Result<String> {
    fs::read_to_string(config).with_context(|| format!("failed to read {}", config.display()))
}

fn has(config: &str, option: &str, value: char) -> bool {
    values(config, option).any(|set| set.chars().eq([value]))
}

/// Returns the values to which `option` is set.
fn values<'a>(config: &'a str, option: &str) -> impl Iterator<Item = &'a str> {
    config.lines().filter_map(move |line| line.strip_prefix(option)?.strip_prefix('='))
}

/// Where a kernel comes from.
pub(super) struct Origin {
    /// The package; empty for a path.
    pub(super) package: String,
    /// The package's version, or the release.
    pub(super) version: String,
}

/// Writes a kernel into the folder of an entry, for [`Kernel::open`].
pub(super) fn store(folder: &Path, origin: Origin, vmlinux: &[u8], config: Option<&Path>) -> Result<()> {
    let Origin { package, version } = origin;
    if let Some(config) = config {
        write_whole(&folder.join("config"), &read(config)?)?;
    }
    write_whole(&folder.join("vmlinux"), vmlinux)?;
    let facts = KernelFacts { package, version, sha256: digest::sha256(vmlinux) };
    let json = serde_json::to_vec_pretty(&facts).context("failed to render the facts about the kernel")?;
    write_whole(&folder.join(FACTS), &json)
}

/// Reads a file that may be a kernel. Its size is bounded.
pub(super) fn read(path: &Path) -> Result<Vec<u8>> {
    let context = || format!("failed to read {}", path.display());
    let metadata = fs::metadata(path).with_context(context)?;
    ensure!(metadata.is_file(), "{} is not a file", path.display());
    ensure!(metadata.len() <= LARGEST_FILE, "{} is too large to be a kernel", path.display());
    fs::read(path).with_context(context)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_is_set_only_as_a_whole_word() {
        let config = "CONFIG_A_B=y\nCONFIG_M=m\n# CONFIG_N is not set\nCONFIG_S=\"y\"\n";
        assert!(has(config, "CONFIG_A_B", 'y') && has(config, "CONFIG_M", 'm'));
        for option in ["CONFIG_A", "CONFIG_M", "CONFIG_N", "CONFIG_S", ""] {
            assert!(!has(config, option, 'y'), "{option}");
        }
    }
}
