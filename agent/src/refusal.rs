//! Which monitors the agent refuses to load on the host, as far as that is known before it tries.

use std::fs;

use hookbench_probes::Monitor;

use crate::boot::kernel::{self, SECURITY_MODULES};

/// Why `monitor` cannot be used on this machine.
pub(crate) fn on_host(monitor: Monitor) -> Option<String> {
    let (mechanism, requires) = (monitor.mechanism.info(), monitor.sink.requires);
    if requires.module.is_some() {
        return Some("it is a kernel module, and hookbench loads modules only in guests".into());
    }
    if mechanism.permanent {
        return Some(format!(
            "{} would replace this machine's policy: it runs only in guests",
            mechanism.name
        ));
    }
    let cmdline = fs::read_to_string("/proc/cmdline").unwrap_or_default();
    if let Some(word) = requires.boot.iter().find(|word| !cmdline.split_whitespace().any(|has| has == **word))
    {
        return Some(format!("this machine was booted without {word}"));
    }
    if let Some(option) = requires.config.iter().find(|option| kernel_lacks(option)) {
        return Some(format!("the kernel was built without {option}"));
    }
    missing_lsm(requires.lsm)
}

/// What to say of the first of `modules` that is not active.
fn missing_lsm(modules: &[&str]) -> Option<String> {
    if modules.is_empty() {
        return None;
    }
    let Ok(active) = fs::read_to_string(SECURITY_MODULES) else {
        return Some(format!(
            "{SECURITY_MODULES} cannot be read, so the active security modules are not known; mount securityfs"
        ));
    };
    let is_active = |module: &str| active.trim().split(',').any(|name| name == module);
    modules.iter().find(|module| !is_active(module)).map(|module| {
        format!("the security module {module} is not active; the boot line's lsm= has to name it")
    })
}

/// Whether the kernel's configuration lacks `option`. Unknown options count as present where the distribution
/// does not install the configuration.
pub(crate) fn kernel_lacks(option: &str) -> bool {
    let config =
        kernel::release().ok().and_then(|release| fs::read_to_string(format!("/boot/config-{release}")).ok());
    config.is_some_and(|config| !config.lines().any(|line| line == format!("{option}=y")))
}
