//! What AppArmor and SELinux have in common: only one of them is active, by the boot line, and hookbench compiles their
//! policies and puts them into the guest.

use std::fs;
use std::io;
use std::path::Path;

use anyhow::{Context, Result};

use crate::exchange::{ALLOWING, POLICY_FOLDER};

/// The kernel's list of active modules.
const ACTIVE: &str = "/sys/kernel/security/lsm";

/// Why the security module `name` cannot be used; `None` if it is active.
pub(super) fn lack_of(name: &str) -> Option<String> {
    let active = fs::read_to_string(ACTIVE).unwrap_or_default();
    let is_active = active.trim().split(',').any(|other| other == name);
    (!is_active).then(|| format!("{name} is not active; only {} is", active.trim()))
}

/// The policy that hookbench compiled for the security module `name`; `None` if it has none.
///
/// # Errors
/// When it cannot be read.
pub(super) fn compiled(name: &str) -> Result<Option<Vec<u8>>> {
    read(name)
}

/// Likewise, the policy that denies nothing, which a guest has when a policy is to take its place.
///
/// # Errors
/// When it cannot be read.
pub(super) fn allowing(name: &str) -> Result<Option<Vec<u8>>> {
    read(&format!("{name}.{ALLOWING}"))
}

fn read(name: &str) -> Result<Option<Vec<u8>>> {
    let path = Path::new(POLICY_FOLDER).join(name);
    match fs::read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        read => read.map(Some).with_context(|| format!("failed to read {}", path.display())),
    }
}
