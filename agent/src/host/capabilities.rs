//! The capabilities that monitors need on the host, and failures that come from their absence.

use std::fs;
use std::io;

use crate::no_number::NoNumber;

/// The capabilities that all monitors together need, by number (include/uapi/linux/capability.h) and name.
const NEEDED: &[(u32, &str)] = &[
    (1, "CAP_DAC_OVERRIDE"),
    (12, "CAP_NET_ADMIN"),
    (21, "CAP_SYS_ADMIN"),
    (23, "CAP_SYS_NICE"),
    (30, "CAP_AUDIT_CONTROL"),
    (38, "CAP_PERFMON"),
    (39, "CAP_BPF"),
];

/// Those of [`NEEDED`] that this process lacks.
pub(super) fn missing() -> Vec<&'static str> {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    missing_in(&status)
}

fn missing_in(status: &str) -> Vec<&'static str> {
    let line = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    let held = line.and_then(|held| u64::from_str_radix(held.trim(), 16).ok()).unwrap_or(u64::MAX);
    NEEDED.iter().filter(|(number, _)| held >> number & 1 == 0).map(|(_, name)| *name).collect()
}

/// Turns an error into `unsupported` if the kernel refused this process something and capabilities are
/// missing: the monitor is not to blame then.
pub(super) fn explain(reason: NoNumber) -> NoNumber {
    let NoNumber::Error(error) = reason else { return reason };
    let missing = missing();
    if !is_denial(&error) || missing.is_empty() {
        return NoNumber::Error(error);
    }
    NoNumber::Unsupported(format!("{error:#}; this process lacks {}", missing.join(", ")))
}

fn is_denial(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let number = cause.downcast_ref::<io::Error>().and_then(io::Error::raw_os_error);
        number == Some(libc::EPERM) || number == Some(libc::EACCES)
    }) || format!("{error:#}").contains("ermission")
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::anyhow;

    #[test]
    fn a_process_without_capabilities_lacks_all_and_root_lacks_none() {
        assert_eq!(missing_in("Name:\ta\nCapEff:\t0000000000000000\n").len(), NEEDED.len());
        assert_eq!(missing_in("CapEff:\t000001ffffffffff\n"), [""; 0]);
        assert!(!missing_in("CapEff:\t0000008000000000\n").contains(&"CAP_BPF"));
    }

    #[test]
    fn an_error_is_a_denial_by_its_number_or_its_words() {
        let denied = anyhow::Error::from(io::Error::from_raw_os_error(libc::EPERM)).context("failed");
        assert!(is_denial(&denied));
        assert!(is_denial(&anyhow!("libbpf: Permission denied")));
        assert!(!is_denial(&anyhow::Error::from(io::Error::from_raw_os_error(libc::ENOENT))));
    }
}
