//! Describes this machine: its CPU, its load, and everything that makes its numbers
//! unreliable. It reads /proc, /sys and CPUID, and changes nothing.

use std::arch::asm;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use hookbench_results::hardware::Hardware;

/// The load, in hundredths of a CPU, above which other work disturbs the measurement.
const BUSY: u32 = 50;

/// The text of a file without surrounding white space; `None` if it cannot be read.
pub(super) fn read(file: impl AsRef<Path>) -> Option<String> {
    fs::read_to_string(file).ok().map(|text| text.trim().to_string())
}

/// The CPU to pin workers to: the last that this process may use, because interrupts and
/// the kernel's threads usually run on the first ones.
///
/// # Errors
/// When the kernel does not return the allowed CPUs.
pub fn quietest_cpu() -> Result<u32> {
    // SAFETY: a set of bits, for which zero is valid; the call gets its full size.
    let set = unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        if libc::sched_getaffinity(0, size_of_val(&set), &mut set) != 0 {
            return Err(std::io::Error::last_os_error())
                .context("failed to get the CPUs that this process may use");
        }
        set
    };
    // SAFETY: reads one bit of the set; `cpu` is below its number of bits.
    let last = (0..libc::CPU_SETSIZE as u32).rfind(|&cpu| unsafe { libc::CPU_ISSET(cpu as usize, &set) });
    last.context("this process may not run on any CPU")
}

/// Describes the machine, with workers pinned to `cpu`.
///
/// # Errors
/// When its CPU has no usable time-stamp counter.
pub fn look(cpu: u32) -> Result<Hardware> {
    let cpuinfo = read("/proc/cpuinfo").unwrap_or_default();
    if !flag(&cpuinfo, "tsc") || !flag(&cpuinfo, "rdtscp") {
        bail!("this CPU has no usable time-stamp counter: /proc/cpuinfo lacks the flag tsc or rdtscp");
    }
    let mut hardware = Hardware {
        cpu_model: field(&cpuinfo, "model name").unwrap_or_default().into(),
        cpus: cpuinfo.lines().filter(|line| line.starts_with("processor")).count() as u32,
        pinned_to: cpu,
        governor: read(sys(cpu, "cpufreq/scaling_governor")).unwrap_or_default(),
        turbo: turbo(),
        smt: read("/sys/devices/system/cpu/smt/active").map(|active| active == "1"),
        siblings: siblings(&read(sys(cpu, "topology/thread_siblings_list")).unwrap_or_default(), cpu),
        load_percent: load(&read("/proc/loadavg").unwrap_or_default()),
        steal_ticks: steal(),
        mitigations: mitigations(),
        hypervisor: hypervisor(&cpuinfo),
        invariant_tsc: invariant_tsc(),
        tsc_khz: tsc_khz(),
        ..Hardware::default()
    };
    hardware.warnings = warnings(&hardware);
    Ok(hardware)
}

fn sys(cpu: u32, file: &str) -> String {
    format!("/sys/devices/system/cpu/cpu{cpu}/{file}")
}

fn field<'a>(cpuinfo: &'a str, name: &str) -> Option<&'a str> {
    let line = cpuinfo.lines().find(|line| line.split(':').next().is_some_and(|key| key.trim() == name))?;
    line.split_once(':').map(|(_, value)| value.trim())
}

fn flag(cpuinfo: &str, name: &str) -> bool {
    field(cpuinfo, "flags").is_some_and(|flags| flags.split(' ').any(|flag| flag == name))
}

fn turbo() -> Option<bool> {
    let off = read("/sys/devices/system/cpu/intel_pstate/no_turbo").map(|off| off == "0");
    off.or_else(|| read("/sys/devices/system/cpu/cpufreq/boost").map(|on| on == "1"))
}

/// The CPUs in `list`, written as `0,4` or `0-1`, without `own`.
fn siblings(list: &str, own: u32) -> Vec<u32> {
    let range = |part: &str| -> Option<std::ops::RangeInclusive<u32>> {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last): (u32, u32) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
        (last.saturating_sub(first) < 1024).then_some(first..=last)
    };
    list.split(',').filter_map(range).flatten().filter(|&cpu| cpu != own).collect()
}

/// The load average of the last minute, in hundredths.
fn load(loadavg: &str) -> u32 {
    let minute = loadavg.split(' ').next().and_then(|number| number.parse::<f64>().ok());
    minute.map_or(0, |load| (load.clamp(0.0, 1e6) * 100.0) as u32)
}

/// Ticks that a hypervisor has stolen since boot.
pub fn steal() -> u64 {
    let stat = read("/proc/stat").unwrap_or_default();
    let all = stat.lines().next().unwrap_or_default();
    all.split_whitespace().nth(8).and_then(|ticks| ticks.parse().ok()).unwrap_or(0)
}

fn mitigations() -> Vec<(String, String)> {
    let Ok(entries) = fs::read_dir("/sys/devices/system/cpu/vulnerabilities") else { return Vec::new() };
    let of =
        |entry: fs::DirEntry| Some((entry.file_name().to_string_lossy().into_owned(), read(entry.path())?));
    let mut all: Vec<_> = entries.flatten().filter_map(of).collect();
    all.sort();
    all
}

/// The hypervisor's name from CPUID 4000_0000; empty if the CPU reports no hypervisor.
fn hypervisor(cpuinfo: &str) -> String {
    if !flag(cpuinfo, "hypervisor") {
        return String::new();
    }
    let [_, ebx, ecx, edx] = cpuid(0x4000_0000);
    let bytes = [ebx, ecx, edx].map(u32::to_le_bytes).concat();
    let name: String = bytes.iter().map(|&byte| byte as char).filter(|c| c.is_ascii_graphic()).collect();
    if name.is_empty() { "unnamed".into() } else { name }
}

fn invariant_tsc() -> bool {
    const LEAF: u32 = 0x8000_0007;
    cpuid(0x8000_0000)[0] >= LEAF && cpuid(LEAF)[3] & 1 << 8 != 0
}

/// The counter's rate from CPUID 15H: the crystal's rate times the counter's ratio to it.
fn tsc_khz() -> Option<u64> {
    const LEAF: u32 = 0x15;
    if cpuid(0)[0] < LEAF {
        return None;
    }
    let [below, above, crystal, _] = cpuid(LEAF).map(u64::from);
    (below > 0 && above > 0 && crystal > 0).then(|| crystal * above / below / 1000)
}

/// The registers eax, ebx, ecx and edx that CPUID gives for `leaf`.
fn cpuid(leaf: u32) -> [u32; 4] {
    let (eax, ebx, ecx, edx): (u32, u64, u32, u32);
    // SAFETY: every x86-64 CPU has the instruction, which changes only registers.
    // LLVM reserves rbx, so the code saves and restores it.
    unsafe {
        asm!("mov {kept}, rbx", "cpuid", "xchg {kept}, rbx", kept = out(reg) ebx,
            inout("eax") leaf => eax, inout("ecx") 0 => ecx, out("edx") edx, options(nomem, nostack));
    }
    [eax, ebx as u32, ecx, edx]
}

/// What makes numbers measured on this machine unreliable.
fn warnings(hardware: &Hardware) -> Vec<String> {
    let mut warnings = Vec::new();
    let mut warn = |is: bool, text: String| warnings.extend(is.then_some(text));
    let load = hardware.load_percent;
    warn(load > BUSY, format!("the load is {}.{:02}: other programs use the CPUs", load / 100, load % 100));
    let governor = &hardware.governor;
    warn(
        !governor.is_empty() && governor != "performance",
        format!("the frequency governor is {governor}, not performance: core frequencies change"),
    );
    warn(
        hardware.turbo == Some(true),
        "turbo is on: cores run faster than the counter, by a varying factor".into(),
    );
    warn(
        !hardware.siblings.is_empty(),
        format!("CPU {} shares its core with other CPUs ({:?})", hardware.pinned_to, hardware.siblings),
    );
    warn(
        !hardware.invariant_tsc,
        "the time-stamp counter is not invariant (CPUID 8000_0007, EDX bit 8): its rate may change".into(),
    );
    let hypervisor = &hardware.hypervisor;
    warn(!hypervisor.is_empty(), format!("this machine is itself a guest (hypervisor: {hypervisor})"));
    warn(hardware.cpus < 2, "there is only one CPU: the worker shares it with everything else".into());
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_siblings_omits_the_cpu_itself() {
        assert_eq!(siblings("0,4", 4), [0]);
        assert_eq!(siblings("2-4", 3), [2, 4]);
        assert!(siblings("", 0).is_empty());
        assert!(siblings("x,0-99999999", 0).is_empty());
    }

    #[test]
    fn the_load_is_read_in_hundredths() {
        assert_eq!(load("0.52 0.40 0.30 1/200 77"), 52);
        assert_eq!(load("12.00"), 1200);
        assert_eq!(load("nan"), 0);
    }

    #[test]
    fn only_disturbances_cause_warnings() {
        let quiet =
            Hardware { cpus: 4, invariant_tsc: true, governor: "performance".into(), ..Hardware::default() };
        assert_eq!(warnings(&quiet), Vec::<String>::new());
        let loud = Hardware {
            cpus: 1,
            load_percent: 250,
            governor: "powersave".into(),
            turbo: Some(true),
            siblings: vec![1],
            hypervisor: "KVMKVMKVM".into(),
            ..Hardware::default()
        };
        let said = warnings(&loud).join("\n");
        for part in
            ["load is 2.50", "powersave", "turbo", "shares its core", "not invariant", "KVMKVMKVM", "one CPU"]
        {
            assert!(said.contains(part), "{said}");
        }
    }

    #[test]
    fn this_machine_can_be_described() {
        let hardware = look(quietest_cpu().unwrap()).unwrap();
        assert!(hardware.cpus > 0);
    }
}
