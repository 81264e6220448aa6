//! The audit pair: two kernels out of Debian's source that differ in CONFIG_AUDIT
//! and in nothing else. Which they are, what they are made of, and how one that was
//! built is found; the build itself is in `pair_build.rs`.

use std::path::Path;

use anyhow::{Context, Result};

use crate::cache::{Cache, Kind, Lease, Wanted};
use crate::kernel::Kernel;
mod build;
use crate::debian::toolchain;

/// What users call the pair, and its entry in the cache.
pub const NAME: &str = "audit-pair";

/// What builds it.
pub const COMMAND: &str = "hookbench kernel build audit-pair";

/// Counts up when the files of an entry become others, or are made in another way.
const FORMAT: u32 = 1;

/// The options of both; `pair.config` says why.
pub(crate) const OPTIONS: &str = include_str!("../../../pair.config");

/// Where the source is from: that of the kernel that is the default.
pub(crate) const SUITES: [&str; 2] = ["bookworm", "bookworm-security"];
/// The package of the source.
pub(crate) const PACKAGE: &str = "linux-source-6.1";
/// The toolchain that compiles it.
pub(crate) const TOOLCHAIN: &str = "bookworm";

/// One of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Half {
    /// What users call it.
    pub name: &'static str,
    /// Its folder in the entry, and what CONFIG_AUDIT is set to.
    pub(crate) audit: &'static str,
    /// What it is, for people.
    pub about: &'static str,
}

/// Both, in the order in which they are built.
pub const HALVES: [Half; 2] = [
    Half { name: "audit-pair-n", audit: "n", about: "audit compiled out" },
    Half { name: "audit-pair-y", audit: "y", about: "the same with audit" },
];

/// The half called `name`.
#[must_use]
pub fn find(name: &str) -> Option<Half> {
    HALVES.into_iter().find(|half| half.name == name)
}

impl Half {
    /// The options that it is built with.
    pub(crate) fn options(self) -> String {
        format!("{OPTIONS}CONFIG_AUDIT={}\n", self.audit)
    }

    /// The kernel, if it has been built.
    ///
    /// # Errors
    /// When it has not, or by another hookbench from something else: the error
    /// names the command that builds it.
    pub fn open(self, cache: &Cache, progress: &dyn Fn(&str)) -> Result<Kernel> {
        let source = source()?;
        let lease = cache.find(&wanted(&source), progress).with_context(|| {
            format!("the kernel {} is not built; build it in some minutes with: {COMMAND}", self.name)
        })?;
        Kernel::open(self.name, lease, Path::new(self.audit))
    }
}

/// The pair in the cache, or else built now, for which the package of the source
/// and a compiler are fetched; an interrupted build leaves nothing.
///
/// # Errors
/// When a program for it is missing, the source cannot be had or does not build.
pub fn build(cache: &Cache, progress: &dyn Fn(&str)) -> Result<Lease> {
    let source = source()?;
    cache
        .obtain(&wanted(&source), progress, |lock, made| build::make(lock, made, progress))
        .with_context(|| format!("failed to build {NAME}"))
}

fn wanted(source: &str) -> Wanted<'_> {
    Wanted { kind: Kind::BUILT_KERNELS, key: NAME, source }
}

/// What the pair is made from.
fn source() -> Result<String> {
    let all = (FORMAT, SUITES, PACKAGE, toolchain::find(TOOLCHAIN)?, OPTIONS);
    serde_json::to_string(&all).context("failed to render what the pair is made from")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_is_not_built_says_what_builds_it() {
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
                let place = made.join(half.audit);
                std::fs::create_dir(&place).unwrap();
                std::fs::write(place.join("config"), half.options()).unwrap();
                std::fs::write(place.join("vmlinux"), half.name).unwrap();
                let facts =
                    format!("{{\"package\":\"p\",\"version\":\"6.1.1-1\",\"sha256\":\"{}\"}}", half.name);
                std::fs::write(place.join("kernel.json"), facts).unwrap();
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

    #[test]
    fn the_halves_differ_in_audit_alone_and_set_no_option_twice() {
        let [n, y] = HALVES.map(Half::options);
        let differ: Vec<_> = n.lines().zip(y.lines()).filter(|(n, y)| n != y).collect();
        assert_eq!(differ, [("CONFIG_AUDIT=n", "CONFIG_AUDIT=y")]);
        let mut names: Vec<&str> = n
            .lines()
            .filter(|line| !line.starts_with('#'))
            .filter_map(|line| Some(line.split_once('=')?.0))
            .collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
        assert!(all > 50 && names.iter().all(|name| name.starts_with("CONFIG_")));
    }
}
