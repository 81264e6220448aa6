//! Root sets the settings about user namespaces back.

use std::fs;
use std::io;

use super::{tampering, then_unshare};
use crate::scenario::Way;

/// The files, and what allows an ordinary user to make namespaces.
const SETTINGS: &[(&str, &str)] =
    &[("/proc/sys/kernel/unprivileged_userns_clone", "1"), ("/proc/sys/user/max_user_namespaces", "1000")];

pub(super) const WAY: Way = tampering(
    "settings-back",
    "sysctl kernel.unprivileged_userns_clone=1 user.max_user_namespaces=1000",
    |scene| {
        // Only Debian's kernels have the first.
        let settings: Vec<_> =
            SETTINGS.iter().filter(|(file, _)| fs::exists(file).unwrap_or(false)).collect();
        let before = settings.iter().map(|(file, _)| fs::read_to_string(file));
        let before: Vec<String> = before.collect::<io::Result<_>>()?;
        then_unshare(
            scene,
            || settings.iter().try_for_each(|(file, value)| fs::write(file, value)),
            || settings.iter().zip(&before).try_for_each(|((file, _), value)| fs::write(file, value.trim())),
        )
    },
);
