//! The build configuration of a custom kernel: the file next to the kernel, under the
//! names that Debian's packages and the kernel's own makefiles give it.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

/// The names that a kernel's file begins with, before its release.
const PREFIXES: [&str; 4] = ["vmlinuz-", "vmlinux-", "bzImage-", "kernel-"];

/// The names in the folder of a kernel without a release in its name.
const PLAIN: [&str; 2] = ["config", ".config"];

/// From the folder of a bzImage to the folder in which it was built.
const BUILT_IN: &str = "arch/x86/boot";

/// The most bytes of a configuration's first lines.
const HEADER: u64 = 4096;

/// Returns the configuration next to the kernel `path` of this release. A file of
/// another version is not its configuration: it may be left over from another build.
pub(super) fn find(path: &Path, release: &str) -> Option<PathBuf> {
    let path = fs::canonicalize(path).ok()?;
    let folder = path.parent()?;
    let name = path.file_name()?.to_str()?;
    let suffix = PREFIXES.iter().find_map(|prefix| name.strip_prefix(prefix));
    let suffixed = suffix.map(|suffix| folder.join(format!("config-{suffix}")));
    let of_release = folder.join(format!("config-{release}"));
    let built_in = if folder.ends_with(BUILT_IN) { folder.ancestors().nth(3) } else { None };
    let plain = [Some(folder), built_in].into_iter().flatten();
    let plain = plain.flat_map(|folder| PLAIN.map(|name| folder.join(name)));
    let mut places = suffixed.into_iter().chain([of_release]).chain(plain);
    places.find(|place| is_of(place, release))
}

/// Whether `config` is a configuration of the same series as `release`. Debian's
/// releases differ from the versions in their configurations after that.
fn is_of(config: &Path, release: &str) -> bool {
    let mut bytes = Vec::new();
    let Ok(file) = File::open(config) else { return false };
    let is_file = file.metadata().is_ok_and(|metadata| metadata.is_file());
    if !is_file || file.take(HEADER).read_to_end(&mut bytes).is_err() {
        return false;
    }
    let text = String::from_utf8_lossy(&bytes);
    let version = text.lines().take(5).find_map(|line| line.strip_prefix("# Linux/")?.split(' ').nth(1));
    version.is_some_and(|version| series(version).is_some() && series(version) == series(release))
}

/// Returns the first two numbers of a version.
fn series(version: &str) -> Option<(u32, u32)> {
    let mut numbers = version.split(|c: char| !c.is_ascii_digit()).map(|number| number.parse().ok());
    Some((numbers.next()??, numbers.next()??))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RELEASE: &str = "6.1.0-56-cloud-amd64";

    fn header(version: &str) -> String {
        format!(
            "#\n# Automatically generated file; DO NOT EDIT.\n# Linux/x86 {version} Kernel Configuration\n#\n"
        )
    }

    /// The name of the configuration of the kernel `kernel` in a folder with `files`.
    fn found(kernel: &str, files: &[(&str, &str)]) -> Option<String> {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files.iter().chain([&(kernel, "")]) {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let root = folder.path().canonicalize().unwrap();
        let found = find(&folder.path().join(kernel), RELEASE)?;
        Some(found.strip_prefix(root).unwrap().display().to_string())
    }

    #[test]
    fn the_configuration_has_the_release_of_the_kernel_or_is_in_its_folder() {
        let text = header("6.1.176");
        let named = format!("config-{RELEASE}");
        for kernel in [format!("vmlinuz-{RELEASE}"), format!("vmlinux-{RELEASE}"), "bzImage".into()] {
            let files = [(named.as_str(), text.as_str()), (".config", &text)];
            assert_eq!(found(&kernel, &files).as_deref(), Some(named.as_str()), "{kernel}");
        }
        assert_eq!(found("vmlinuz-new", &[("config-new", &text)]).as_deref(), Some("config-new"));
        assert_eq!(found("bzImage", &[(".config", &text)]).as_deref(), Some(".config"));
        assert_eq!(found("arch/x86/boot/bzImage", &[(".config", &text)]).as_deref(), Some(".config"));
        assert_eq!(found("a/bzImage", &[(".config", &text)]), None);
    }

    #[test]
    fn a_file_of_another_version_is_not_the_configuration() {
        for text in [header("6.12.3"), header("6.10.1"), header("x"), String::new(), "[core]\n".into()] {
            assert_eq!(found("bzImage", &[("config", &text), (".config", &text)]), None, "{text}");
        }
        let right = header("6.1.1");
        assert_eq!(
            found("bzImage", &[("config", "[core]"), (".config", &right)]).as_deref(),
            Some(".config")
        );
    }
}
