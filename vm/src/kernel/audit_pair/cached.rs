//! The pair in the cache: opening one of the kernels, and building both.

use std::path::Path;

use anyhow::{Context, Result};

use super::build::make;
use super::halves::{COMMAND, Half, NAME, OPTIONS, PACKAGE, SUITES, TOOLCHAIN};
use crate::cache::{Cache, Kind, Lease, Wanted};
use crate::debian::toolchain;
use crate::kernel::Kernel;

/// The version of the files of an entry, and of the way to make them. Raise it when
/// either changes.
const FORMAT: u32 = 1;

impl Half {
    /// Opens the kernel, if it has been built.
    ///
    /// # Errors
    /// When it has not been built, or another hookbench built it from something else. The
    /// error names the command that builds it.
    pub fn open(self, cache: &Cache, progress: &dyn Fn(&str)) -> Result<Kernel> {
        let source = source()?;
        let lease = cache.find(&wanted(&source), progress).with_context(|| {
            format!("the kernel {} is not built; build it in some minutes with: {COMMAND}", self.name)
        })?;
        Kernel::open(self.name, lease, Path::new(self.audit))
    }
}

/// Returns the pair in the cache, or else builds it now. For that hookbench fetches the
/// package of the source and a compiler. An interrupted build leaves nothing.
///
/// # Errors
/// When a program for the build is missing, or the source cannot be fetched or built.
pub fn build(cache: &Cache, progress: &dyn Fn(&str)) -> Result<Lease> {
    let source = source()?;
    cache
        .obtain(&wanted(&source), progress, |lock, made| make(lock, made, progress))
        .with_context(|| format!("failed to build {NAME}"))
}

fn wanted(source: &str) -> Wanted<'_> {
    Wanted { kind: Kind::BUILT_KERNELS, key: NAME, source }
}

/// Returns everything that the pair is made from.
fn source() -> Result<String> {
    let all = (FORMAT, SUITES, PACKAGE, toolchain::find(TOOLCHAIN)?, OPTIONS);
    serde_json::to_string(&all).context("failed to render the recipe of the pair")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::audit_pair::{HALVES, find};

    #[test]
    fn an_error_about_a_missing_half_names_the_command_that_builds_it() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::at(folder.path()).unwrap();
        for half in HALVES {
            let error = half.open(&cache, &|line| panic!("{line}")).unwrap_err().to_string();
            assert!(error.contains(half.name) && error.contains(COMMAND), "{error}");
            assert_eq!(find(half.name), Some(half));
        }
        assert_eq!((find("6.1"), find(NAME)), (None, None));
    }

    #[test]
    fn each_half_is_opened_out_of_the_same_entry() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::at(folder.path()).unwrap();
        let source = source().unwrap();
        let stored = cache.obtain(&wanted(&source), &|_| (), |_, made| {
            for half in HALVES {
                let half_folder = made.join(half.audit);
                std::fs::create_dir(&half_folder).unwrap();
                std::fs::write(half_folder.join("config"), half.options()).unwrap();
                std::fs::write(half_folder.join("vmlinux"), half.name).unwrap();
                let facts =
                    format!("{{\"package\":\"p\",\"version\":\"6.1.1-1\",\"sha256\":\"{}\"}}", half.name);
                std::fs::write(half_folder.join("kernel.json"), facts).unwrap();
            }
            Ok(String::new())
        });
        stored.unwrap();
        for half in HALVES {
            let kernel = half.open(&cache, &|line| panic!("{line}")).unwrap();
            assert_eq!((kernel.name.as_str(), kernel.sha256.as_str()), (half.name, half.name));
            assert_eq!(kernel.config_has("CONFIG_AUDIT", 'y').unwrap(), Some(half.audit == "y"));
            assert_eq!(kernel.config_has("CONFIG_NET", 'y').unwrap(), Some(true));
        }
        assert!(build(&cache, &|line| panic!("{line}")).is_ok());
    }
}
