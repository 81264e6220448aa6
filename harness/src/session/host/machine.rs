//! Describes this machine: its CPU, its load, and everything that makes its numbers
//! unreliable. It reads /proc, /sys and CPUID, and changes nothing.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use hookbench_results::hardware::Hardware;
use procfs::{CpuInfo, Current, CurrentSI, KernelStats, LoadAverage};
use rustix::thread::{CpuSet, sched_getaffinity};

use super::arch::{counter_khz, has_counter, hypervisor, is_counter_invariant};
use super::warnings::warnings;

/// The text of a file without surrounding white space; `None` if it cannot be read.
pub(super) fn read(file: impl AsRef<Path>) -> Option<String> {
    fs::read_to_string(file).ok().map(|text| text.trim().to_string())
}

/// The release of this machine's kernel, which is the kernel's name in its cells.
///
/// # Errors
/// When /proc is not mounted.
pub fn release() -> Result<String> {
    read("/proc/sys/kernel/osrelease")
        .context("failed to read the kernel's release from /proc/sys/kernel/osrelease")
}

/// The CPU to pin workers to: the last that this process may use, because interrupts and
/// the kernel's threads usually run on the first ones.
///
/// # Errors
/// When the kernel does not return the allowed CPUs.
pub fn quietest_cpu() -> Result<u32> {
    let allowed = sched_getaffinity(None).context("failed to get the CPUs that this process may use")?;
    let last = (0..CpuSet::MAX_CPU).rfind(|&cpu| allowed.is_set(cpu));
    last.map(|cpu| cpu as u32).context("this process may not run on any CPU")
}

/// Describes the machine, with workers pinned to `cpu`.
///
/// # Errors
/// When the CPU has no usable time-stamp counter.
pub fn describe(cpu: u32) -> Result<Hardware> {
    let cpuinfo = CpuInfo::current().context("failed to read /proc/cpuinfo")?;
    let flags = cpuinfo.flags(0).unwrap_or_default();
    if !has_counter(&flags) {
        bail!("this CPU has no usable time-stamp counter: /proc/cpuinfo lacks the flag tsc or rdtscp");
    }
    let mut hardware = Hardware {
        cpu_model: cpuinfo.model_name(0).unwrap_or_default().into(),
        cpus: cpuinfo.num_cores() as u32,
        pinned_to: cpu,
        governor: read(sys(cpu, "cpufreq/scaling_governor")).unwrap_or_default(),
        turbo: turbo(),
        smt: read("/sys/devices/system/cpu/smt/active").map(|active| active == "1"),
        siblings: siblings(&read(sys(cpu, "topology/thread_siblings_list")).unwrap_or_default(), cpu),
        load_percent: LoadAverage::current().map_or(0, |load| hundredths(load.one)),
        steal_ticks: steal(),
        mitigations: mitigations(),
        hypervisor: hypervisor(&flags),
        invariant_tsc: is_counter_invariant(),
        tsc_khz: counter_khz(),
        ..Hardware::default()
    };
    hardware.warnings = warnings(&hardware);
    Ok(hardware)
}

/// Ticks that a hypervisor has stolen since boot.
pub fn steal() -> u64 {
    KernelStats::current().ok().and_then(|stats| stats.total.steal).unwrap_or(0)
}

fn sys(cpu: u32, file: &str) -> String {
    format!("/sys/devices/system/cpu/cpu{cpu}/{file}")
}

fn turbo() -> Option<bool> {
    let off = read("/sys/devices/system/cpu/intel_pstate/no_turbo").map(|off| off == "0");
    off.or_else(|| read("/sys/devices/system/cpu/cpufreq/boost").map(|on| on == "1"))
}

/// The CPUs in `list`, written as `0,4` or `0-1`, without `itself`.
fn siblings(list: &str, itself: u32) -> Vec<u32> {
    let range = |part: &str| -> Option<std::ops::RangeInclusive<u32>> {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last): (u32, u32) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
        (last.saturating_sub(first) < 1024).then_some(first..=last)
    };
    list.split(',').filter_map(range).flatten().filter(|&cpu| cpu != itself).collect()
}

/// A load average in hundredths of a CPU.
fn hundredths(load: f32) -> u32 {
    (f64::from(load).clamp(0.0, 1e6) * 100.0).round() as u32
}

fn mitigations() -> Vec<(String, String)> {
    let Ok(entries) = fs::read_dir("/sys/devices/system/cpu/vulnerabilities") else { return Vec::new() };
    let state =
        |entry: fs::DirEntry| Some((entry.file_name().to_string_lossy().into_owned(), read(entry.path())?));
    let mut all: Vec<_> = entries.flatten().filter_map(state).collect();
    all.sort();
    all
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
    fn the_load_is_in_hundredths() {
        assert_eq!(hundredths(0.52), 52);
        assert_eq!(hundredths(12.0), 1200);
        assert_eq!(hundredths(f32::NAN), 0);
        assert_eq!(hundredths(f32::INFINITY), 100_000_000);
    }
}
