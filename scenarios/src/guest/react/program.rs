//! The BPF half of chains: the programs of `probes/policies/react/chain.bpf.c`.

use std::os::unix::fs::MetadataExt;

use anyhow::{Context, Result};
use libbpf_rs::{Link, MapCore, MapFlags, MapHandle, Object};

use crate::guest::policies::{Settings, open_object, set_variable};
use crate::policy::Action;

/// Programs that are attached until they are dropped.
pub(super) struct Programs {
    object: Object,
    _links: Vec<Link>,
}

impl Programs {
    /// Loads and attaches the programs called `names`. The one that sees the signal does `action` about it.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub(super) fn attach(names: &[&str], action: Action, secret: &str) -> Result<Programs> {
        let mut open = open_object("react/chain")?.context("the object react/chain is missing")?;
        for mut program in open.progs_mut() {
            let is_wanted = names.iter().any(|name| program.name() == *name);
            program.set_autoload(is_wanted);
        }
        let secret = std::fs::metadata(secret).context("failed to look at the secret")?;
        let settings = Settings::about(action, (secret.dev(), secret.ino()));
        set_variable(&mut open, "policy", &settings.bytes())?;
        let object = open.load().context("failed to load a chain's programs")?;
        let wanted = object.progs_mut().filter(|program| program.autoload());
        let links = wanted.map(|program| program.attach()).collect::<Result<_, _>>();
        let links = links.context("failed to attach a chain's programs")?;
        Ok(Programs { object, _links: links })
    }

    /// The map called `name`.
    ///
    /// # Errors
    /// When the object has no such map.
    pub(super) fn map(&self, name: &str) -> Result<MapHandle> {
        let map = self.object.maps().find(|map| map.name() == name);
        let map = map.with_context(|| format!("the object react/chain has no map {name}"))?;
        MapHandle::try_from(&map).with_context(|| format!("failed to open the map {name}"))
    }
}

/// Closes the secret to ordinary users, or opens it again.
///
/// # Errors
/// When the kernel refuses.
pub(super) fn set_closed(closed: &MapHandle, is_closed: bool) -> Result<()> {
    let value = u32::from(is_closed).to_ne_bytes();
    closed.update(&0u32.to_ne_bytes(), &value, MapFlags::ANY).context("failed to close or open the secret")
}
