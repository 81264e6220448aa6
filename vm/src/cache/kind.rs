//! The kinds of entries in the cache, one row each, and how much space each kind may
//! take.

/// One MiB, the unit of limits.
pub(super) const MIB: u64 = 1 << 20;

/// A kind of entries, which has a folder in the cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// The folder's name, which is also the name that users type.
    pub name: &'static str,
    /// Its description, for users.
    pub about: &'static str,
    /// If entries of this kind take more bytes, the least recently used are removed.
    pub(super) limit: Option<u64>,
}

impl Kind {
    /// Debian's kernels, by the names of their rows. The table bounds their number.
    pub const KERNELS: Kind = Kind { name: "kernels", about: "Debian's kernels, unpacked", limit: None };
    /// Kernels that users pass by path. Each build is another kernel, so there is a limit.
    pub const OWN_KERNELS: Kind =
        Kind { name: "own-kernels", about: "kernels given by path, unpacked", limit: Some(1024 * MIB) };
    /// Kernels that hookbench built from source, by name.
    pub const BUILT_KERNELS: Kind =
        Kind { name: "built-kernels", about: "kernels built from Debian's source", limit: None };
    /// The guest's programs. Another `guest.toml` makes another entry.
    pub const USERLAND: Kind =
        Kind { name: "userland", about: "the guest's programs, out of packages", limit: Some(64 * MIB) };
    /// The guest's images. Each build of the agent makes another one.
    pub const IMAGES: Kind =
        Kind { name: "images", about: "the guest's images, with the agent", limit: Some(128 * MIB) };
    /// Guests that have booted, by far the largest kind.
    /// [`LIMIT_VARIABLE`](super::LIMIT_VARIABLE) sets another limit.
    pub const SNAPSHOTS: Kind =
        Kind { name: "snapshots", about: "guests that have booted", limit: Some(4096 * MIB) };
    /// The functions of guests' kernels, one entry for each snapshot.
    pub const SYMBOLS: Kind =
        Kind { name: "symbols", about: "functions of guests' kernels", limit: Some(256 * MIB) };
    /// The call paths of operations without a monitor, one entry for each workload, with its parameters, of a snapshot.
    pub const BASELINES: Kind = Kind {
        name: "baselines",
        about: "call paths of operations without a monitor",
        limit: Some(256 * MIB),
    };
    /// Kernel modules: all of hookbench's modules for one kernel. Other sources make
    /// another entry.
    pub const MODULES: Kind =
        Kind { name: "modules", about: "kernel modules, built for a kernel", limit: Some(32 * MIB) };
    /// Modules of Debian's kernels, out of the kernels' packages.
    pub const STOCK_MODULES: Kind = Kind {
        name: "stock-modules",
        about: "modules of Debian's kernels, out of packages",
        limit: Some(256 * MIB),
    };
    /// Debian packages that users add to their guests.
    pub const PACKAGES: Kind =
        Kind { name: "packages", about: "what --bring names, out of packages", limit: Some(2048 * MIB) };
    /// QEMUs out of packages, by the names of their suites.
    pub const QEMUS: Kind = Kind { name: "qemus", about: "QEMUs, out of packages", limit: None };
    /// Compilers of security modules' policies.
    pub const COMPILERS: Kind = Kind {
        name: "compilers",
        about: "compilers of AppArmor's and SELinux's policies, out of packages",
        limit: Some(64 * MIB),
    };
    /// apt's own files. They are not entries: apt maintains them, under the cache's
    /// lock.
    pub const APT: Kind = Kind { name: "apt", about: "package lists", limit: None };
}

/// All kinds.
pub const KINDS: [Kind; 14] = [
    Kind::KERNELS,
    Kind::OWN_KERNELS,
    Kind::BUILT_KERNELS,
    Kind::USERLAND,
    Kind::IMAGES,
    Kind::SNAPSHOTS,
    Kind::SYMBOLS,
    Kind::BASELINES,
    Kind::MODULES,
    Kind::STOCK_MODULES,
    Kind::PACKAGES,
    Kind::QEMUS,
    Kind::COMPILERS,
    Kind::APT,
];

/// Returns the kind called `name`.
#[must_use]
pub fn find(name: &str) -> Option<Kind> {
    KINDS.into_iter().find(|kind| kind.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_another_name() {
        for kind in KINDS {
            assert_eq!(find(kind.name), Some(kind));
            assert!(!kind.about.is_empty());
        }
        assert_eq!(find("lock"), None);
    }
}
