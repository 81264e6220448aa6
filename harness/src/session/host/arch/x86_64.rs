//! x86-64: what CPUID and the flags in /proc/cpuinfo say about the time-stamp counter and
//! about hypervisors.

use std::arch::x86_64::__cpuid_count;

/// Whether the CPU, by its flags, has a time-stamp counter that the agent can read.
pub(in crate::session::host) fn has_counter(flags: &[&str]) -> bool {
    ["tsc", "rdtscp"].iter().all(|flag| flags.contains(flag))
}

/// The hypervisor's name from CPUID 4000_0000; empty if the CPU reports no hypervisor.
pub(in crate::session::host) fn hypervisor(flags: &[&str]) -> String {
    if !flags.contains(&"hypervisor") {
        return String::new();
    }
    let [_, ebx, ecx, edx] = cpuid(0x4000_0000);
    let bytes = [ebx, ecx, edx].map(u32::to_le_bytes).concat();
    let name: String = bytes.iter().map(|&byte| byte as char).filter(|c| c.is_ascii_graphic()).collect();
    if name.is_empty() { "unnamed".into() } else { name }
}

/// Whether the counter's rate never changes.
pub(in crate::session::host) fn is_counter_invariant() -> bool {
    const LEAF: u32 = 0x8000_0007;
    cpuid(0x8000_0000)[0] >= LEAF && cpuid(LEAF)[3] & 1 << 8 != 0
}

/// The counter's rate from CPUID 15H: the crystal's rate times the counter's ratio to it.
pub(in crate::session::host) fn counter_khz() -> Option<u64> {
    const LEAF: u32 = 0x15;
    if cpuid(0)[0] < LEAF {
        return None;
    }
    let [below, above, crystal, _] = cpuid(LEAF).map(u64::from);
    (below > 0 && above > 0 && crystal > 0).then(|| crystal * above / below / 1000)
}

/// The registers eax, ebx, ecx and edx that CPUID gives for `leaf`.
fn cpuid(leaf: u32) -> [u32; 4] {
    // SAFETY: every x86-64 CPU has the instruction, which changes only registers. (The
    // function is safe in newer compilers.)
    #[allow(unused_unsafe)]
    let found = unsafe { __cpuid_count(leaf, 0) };
    [found.eax, found.ebx, found.ecx, found.edx]
}
