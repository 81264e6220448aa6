//! The two kernels of the pair, and what they are built from.

/// The pair's name for users, and the name of its entry in the cache.
pub const NAME: &str = "audit-pair";

/// The command that builds the pair.
pub const COMMAND: &str = "hookbench kernel build audit-pair";

/// The options of both kernels; `pair.config` gives the reasons.
pub(super) const OPTIONS: &str = include_str!("../../../pair.config");

/// The suites of the source, which are those of the default kernel.
pub(super) const SUITES: [&str; 2] = ["bookworm", "bookworm-security"];
/// The package of the source.
pub(super) const PACKAGE: &str = "linux-source-6.1";
/// The toolchain that compiles the source.
pub(super) const TOOLCHAIN: &str = "bookworm";

/// One of the two kernels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Half {
    /// Its name for users.
    pub name: &'static str,
    /// Its folder in the entry, which is also the value of CONFIG_AUDIT.
    pub(super) audit: &'static str,
    /// Its description for users.
    pub about: &'static str,
}

/// Both kernels, in the order in which hookbench builds them.
pub const HALVES: [Half; 2] = [
    Half { name: "audit-pair-n", audit: "n", about: "audit compiled out" },
    Half { name: "audit-pair-y", audit: "y", about: "the same with audit" },
];

/// Returns the half called `name`.
#[must_use]
pub fn find(name: &str) -> Option<Half> {
    HALVES.into_iter().find(|half| half.name == name)
}

impl Half {
    /// Returns the options with which it is built.
    pub(super) fn options(self) -> String {
        format!("{OPTIONS}CONFIG_AUDIT={}\n", self.audit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
