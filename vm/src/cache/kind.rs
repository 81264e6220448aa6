//! What kinds of things the cache holds, one row each, and how much room a kind
//! may take. What lies in an entry is known to those who put it there.

/// One MiB, the unit of bounds.
pub(super) const MIB: u64 = 1 << 20;

/// A kind of what is in the cache, and the folder it has there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// The folder's name, which is also what users call it.
    pub name: &'static str,
    /// What it is, for people.
    pub about: &'static str,
    /// When entries of this kind take more bytes, the least recently used go.
    pub(super) limit: Option<u64>,
}

impl Kind {
    /// Debian's kernels, by the names of their rows. There are only so many.
    pub const KERNELS: Kind = Kind { name: "kernels", about: "Debian's kernels, unpacked", limit: None };
    /// Users' own kernels. Each build is another one, so they are bounded.
    pub const OWN_KERNELS: Kind =
        Kind { name: "own-kernels", about: "kernels given by path, unpacked", limit: Some(1024 * MIB) };
    /// Kernels that hookbench built from source, by the name of what it built.
    pub const BUILT_KERNELS: Kind =
        Kind { name: "built-kernels", about: "kernels built from Debian's source", limit: None };
    /// The guest's programs; another `guest.toml` makes others.
    pub const USERLAND: Kind =
        Kind { name: "userland", about: "the guest's programs, out of packages", limit: Some(64 * MIB) };
    /// The guest's images; each build of the agent makes another one.
    pub const IMAGES: Kind =
        Kind { name: "images", about: "the guest's images, with the agent", limit: Some(128 * MIB) };
    /// Guests that have booted: by far the largest. The variable
    /// [`LIMIT_VARIABLE`](super::LIMIT_VARIABLE) sets another limit.
    pub const SNAPSHOTS: Kind =
        Kind { name: "snapshots", about: "guests that have booted", limit: Some(4096 * MIB) };
    /// Kernel modules, all of hookbench's for one kernel; other sources make others.
    pub const MODULES: Kind =
        Kind { name: "modules", about: "kernel modules, built for a kernel", limit: Some(32 * MIB) };
    /// What users bring of Debian to their guests.
    pub const PACKAGES: Kind =
        Kind { name: "packages", about: "what --bring names, out of packages", limit: Some(1024 * MIB) };
    /// What apt keeps. Not made of entries: apt looks after it by itself, and it
    /// is only touched under the cache's lock.
    pub const APT: Kind = Kind { name: "apt", about: "package lists", limit: None };
}

/// All kinds.
pub const KINDS: [Kind; 9] = [
    Kind::KERNELS,
    Kind::OWN_KERNELS,
    Kind::BUILT_KERNELS,
    Kind::USERLAND,
    Kind::IMAGES,
    Kind::SNAPSHOTS,
    Kind::MODULES,
    Kind::PACKAGES,
    Kind::APT,
];

/// The kind called `name`.
#[must_use]
pub fn find(name: &str) -> Option<Kind> {
    KINDS.into_iter().find(|kind| kind.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_name_of_its_own() {
        for kind in KINDS {
            assert_eq!(find(kind.name), Some(kind));
            assert!(!kind.about.is_empty() && !kind.name.starts_with(super::super::SCRATCH));
        }
        assert_eq!(find("lock"), None);
    }
}
