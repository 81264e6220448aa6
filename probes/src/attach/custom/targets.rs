//! Where an object's programs are to be attached, and whether the kernel has such a place.
//! Both come from the section's name, as libbpf documents it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use libbpf_rs::ProgramType;

use crate::arch::SYSCALL_FUNCTION_PREFIX;
use crate::attach::tracefs;

/// Why hookbench cannot attach a program of this section and type; `None` when libbpf
/// attaches it by itself.
pub(super) fn unsupported_reason(section: &str, kind: ProgramType) -> Option<String> {
    let prefix = section.trim_start_matches('?').split(['/', '+']).next().unwrap_or_default();
    let prefix = prefix.split('.').next().unwrap_or_default();
    let why = match (prefix, kind) {
        ("uprobe" | "uretprobe" | "usdt", _) => "it is for programs in user space, and the guest has none",
        ("iter", _) => "it runs when a program reads it, not by itself",
        ("lsm_cgroup", _) => "the program that loads it chooses which cgroup it is for",
        (_, ProgramType::PerfEvent) => "the program that loads it chooses how often it runs",
        (
            _,
            ProgramType::Kprobe
            | ProgramType::Tracepoint
            | ProgramType::RawTracepoint
            | ProgramType::RawTracepointWritable
            | ProgramType::Tracing
            | ProgramType::Lsm,
        ) => return None,
        (_, ProgramType::Unspec) => "libbpf does not know this section",
        _ => {
            "it is for a network device, a socket, a cgroup or a subsystem, which the program that loads it chooses"
        }
    };
    Some(why.into())
}

/// The places in the kernel to which programs can be attached.
pub(super) struct KernelSymbols {
    symbols: BTreeSet<String>,
}

impl KernelSymbols {
    /// Reads the kernel's symbols.
    ///
    /// # Errors
    /// When they cannot be read.
    pub(super) fn read() -> Result<KernelSymbols> {
        let text = fs::read_to_string("/proc/kallsyms").context("failed to read /proc/kallsyms")?;
        let symbols = text.lines().filter_map(|line| line.split_whitespace().nth(2));
        Ok(KernelSymbols { symbols: symbols.map(String::from).collect() })
    }

    /// The target that the section names and this kernel lacks; `None` when the kernel has
    /// it, or the section does not show it.
    pub(super) fn missing_target(&self, section: &str) -> Option<String> {
        let (kind, target) = section.trim_start_matches('?').split_once('/')?;
        let symbol = |name: &str| self.symbols.contains(name);
        let target = target.split('+').next().unwrap_or_default();
        let there = match kind.split('.').next().unwrap_or_default() {
            "kprobe" | "kretprobe" if kind.contains(".multi") => return None,
            "kprobe" | "kretprobe" | "fentry" | "fexit" | "fmod_ret" => symbol(target),
            "lsm" => symbol(&format!("bpf_lsm_{target}")),
            "ksyscall" | "kretsyscall" => symbol(&format!("{SYSCALL_FUNCTION_PREFIX}{target}")),
            "tp" | "tracepoint" => tracefs::path("events").join(target).exists(),
            "raw_tp" | "raw_tracepoint" | "tp_btf" => symbol(&format!("__tracepoint_{target}")),
            _ => return None,
        };
        (!there).then(|| target.to_string())
    }
}

/// Whether the kernel runs BPF programs at its security hooks. When it does not, they load
/// and attach without an error.
pub(super) fn bpf_lsm_is_active() -> bool {
    let active = fs::read_to_string(Path::new("/sys/kernel/security/lsm")).unwrap_or_default();
    active.trim().split(',').any(|module| module == "bpf")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_libbpf_does_not_attach_by_itself_is_said_with_its_reason() {
        for (section, kind) in [
            ("kprobe/do_unlinkat", ProgramType::Kprobe),
            ("ksyscall/unlink", ProgramType::Kprobe),
            ("fentry.s/x", ProgramType::Tracing),
            ("tp_btf/sched_switch", ProgramType::Tracing),
            ("lsm.s/bprm_check_security", ProgramType::Lsm),
            ("tp/syscalls/sys_enter_openat", ProgramType::Tracepoint),
        ] {
            assert_eq!(unsupported_reason(section, kind), None, "{section}");
        }
        for (section, kind, part) in [
            ("uprobe/libc.so.6:malloc", ProgramType::Kprobe, "user space"),
            ("xdp", ProgramType::Xdp, "network device"),
            ("perf_event", ProgramType::PerfEvent, "how often"),
            ("lsm_cgroup/socket_create", ProgramType::Lsm, "which cgroup"),
            ("iter/task", ProgramType::Tracing, "reads it"),
            ("nonsense", ProgramType::Unspec, "does not know"),
        ] {
            assert!(unsupported_reason(section, kind).is_some_and(|why| why.contains(part)), "{section}");
        }
    }

    #[test]
    fn what_a_kernel_lacks_is_found_by_the_section() {
        let symbols = ["vfs_create", "bpf_lsm_file_open", "__x64_sys_unlink", "__tracepoint_sched_switch"];
        let kernel = KernelSymbols { symbols: symbols.map(String::from).into() };
        for there in ["kprobe/vfs_create", "kretprobe/vfs_create+8", "lsm/file_open", "lsm.s/file_open"] {
            assert_eq!(kernel.missing_target(there), None, "{there}");
        }
        for there in ["ksyscall/unlink", "tp_btf/sched_switch", "kprobe", "kprobe.multi/vfs_*"] {
            assert_eq!(kernel.missing_target(there), None, "{there}");
        }
        assert_eq!(kernel.missing_target("?fentry/vfs_delete").as_deref(), Some("vfs_delete"));
        assert_eq!(kernel.missing_target("lsm/nothing").as_deref(), Some("nothing"));
    }
}
