//! The environment of a run, as names and values for the tables of reports.

use hookbench_model::History;
use hookbench_results::Run;
use hookbench_results::environment::{CustomMonitorRecord, CustomWorkloadRecord, KernelRecord};
use hookbench_results::hardware::Hardware;

/// The facts of the whole run: name and value, without empty values.
pub fn facts(run: &Run) -> Vec<(String, String)> {
    let environment = &run.environment;
    // A run without QEMU has no guest and no memory of one.
    let memory = match environment.memory_mib {
        0 => String::new(),
        mib => format!("{mib} MiB"),
    };
    let mut facts = vec![
        ("hookbench", environment.hookbench.clone()),
        ("plan", run.plan.clone()),
        ("target", environment.target.to_string()),
        ("clock", environment.clock.name().into()),
        ("unit", environment.clock.unit().into()),
        ("QEMU", environment.qemu.clone()),
        ("CPU model", environment.cpu.clone()),
        ("guest memory", memory),
        ("QEMU arguments", environment.machine.join(" ")),
        ("QEMU arguments, several CPUs", several_cpus(run)),
        ("image, SHA-256", environment.image.sha256.clone()),
        ("agent, SHA-256", environment.image.agent_sha256.clone()),
    ];
    facts.push(("guests", histories(run)));
    let packages = environment.image.packages.iter().map(|(name, version)| format!("{name} {version}"));
    facts.push(("packages in the image", packages.collect::<Vec<_>>().join(", ")));
    facts.push(("BPF compiler", environment.bpf_compiler.clone()));
    facts.push(("agent compiler", environment.rustc.clone()));
    for own in &environment.custom_monitors {
        facts.push(("custom monitor", monitor_payload(own)));
    }
    for work in &environment.custom_workloads {
        facts.push(("custom workload", workload_payload(work)));
    }
    facts.extend(environment.hardware.iter().flat_map(hardware_facts));
    without_empty(facts)
}

/// The payload of a custom monitor.
fn monitor_payload(own: &CustomMonitorRecord) -> String {
    let ready = own.ready.as_ref().map(|ready| format!("ready when its output matches: {ready}"));
    payload([&own.name, &own.sha256], own.bytes, &own.command, ready, &own.packages)
}

/// The payload of a custom workload.
fn workload_payload(work: &CustomWorkloadRecord) -> String {
    let exit = work.expect_exit.map(|code| format!("expected exit code: {code}"));
    payload([&work.name, &work.sha256], work.bytes, &work.command, exit, &work.packages)
}

fn payload(
    [name, sha256]: [&str; 2],
    bytes: u64,
    command: &[String],
    condition: Option<String>,
    packages: &[(String, String)],
) -> String {
    let mut words = vec![format!("{name}: {bytes} bytes, SHA-256 {sha256}")];
    if !command.is_empty() {
        words.push(format!("command: {}", command.join(" ")));
    }
    words.extend(condition);
    if !packages.is_empty() {
        let packages = packages.iter().map(|(name, version)| format!("{name} {version}"));
        words.push(format!("packages: {}", packages.collect::<Vec<_>>().join(", ")));
    }
    words.join("; ")
}

/// The machine of a run with hardware clocks.
fn hardware_facts(hardware: &Hardware) -> Vec<(&'static str, String)> {
    let known = |is: Option<bool>| is.map_or("unknown", |is| if is { "on" } else { "off" }).to_string();
    let invariant = if hardware.invariant_tsc { "invariant" } else { "not invariant" };
    let rate = hardware.tsc_khz.map(|khz| format!(", {khz} kHz")).unwrap_or_default();
    let load = hardware.load_percent;
    let mitigations = hardware.mitigations.iter().map(|(name, what)| format!("{name}: {what}"));
    vec![
        ("clocks", hardware.clocks.join(", ")),
        ("rounds", format!("{}, in random order with seed {}", hardware.rounds, hardware.seed)),
        ("CPUs", format!("{}; workers pinned to CPU {}", hardware.cpus, hardware.pinned_to)),
        ("hypervisor", hardware.hypervisor.clone()),
        ("time-stamp counter", format!("{invariant}{rate}")),
        ("frequency governor", hardware.governor.clone()),
        ("turbo", known(hardware.turbo)),
        ("SMT", known(hardware.smt)),
        ("load before the run", format!("{}.{:02}", load / 100, load % 100)),
        ("steal during the run, ticks", hardware.steal_ticks.to_string()),
        ("mitigations", mitigations.collect::<Vec<_>>().join("; ")),
        ("warnings", hardware.warnings.join("; ")),
    ]
}

/// The arguments of the machines with several CPUs, which differ only in the number.
fn several_cpus(run: &Run) -> String {
    let machines = &run.environment.machines;
    let numbers: Vec<String> = machines.iter().map(|(cpus, _)| cpus.to_string()).collect();
    machines.last().map_or_else(String::new, |(cpus, arguments)| {
        format!("{} (shown with {cpus} CPUs; the run used {})", arguments.join(" "), numbers.join(", "))
    })
}

/// The state of the guests when their cells began.
fn histories(run: &Run) -> String {
    let mut words: Vec<&str> = Vec::new();
    for history in run.measurements.iter().filter_map(|measurement| measurement.history) {
        let word = match history {
            History::Cold => "cold: each booted for its cell",
            History::Restored => "restored: each resumed from a snapshot of a booted guest",
            History::Forked => "forked: each was a copy of a guest that had booted",
        };
        if !words.contains(&word) {
            words.push(word);
        }
    }
    words.join("; ")
}

/// The facts of one kernel: name and value.
pub fn kernel_facts(kernel: &KernelRecord) -> Vec<(String, String)> {
    let mut facts = without_empty(vec![
        ("package", kernel.package.clone()),
        ("version", kernel.version.clone()),
        ("image, SHA-256", kernel.sha256.clone()),
    ]);
    let loaded = kernel.loaded.iter();
    facts.extend(loaded.map(|(name, sha256)| (format!("loaded module {name}, SHA-256"), sha256.clone())));
    let lines = kernel.boot_lines.iter();
    facts.extend(lines.map(|(profile, words)| (format!("boot line, {profile}"), words.clone())));
    let modules = kernel.security_modules.iter();
    facts.extend(modules.map(|(profile, list)| (format!("security modules, {profile}"), list.clone())));
    facts
}

fn without_empty(facts: Vec<(&str, String)>) -> Vec<(String, String)> {
    facts
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| (name.into(), value))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    #[test]
    fn the_payload_of_a_custom_workload_is_described() {
        let mut run = fixture::run_of(&[]);
        let command = vec!["./test".into(), "--once".into()];
        let packages = vec![("lib".into(), "1.2".into())];
        run.environment.custom_workloads = vec![CustomWorkloadRecord {
            name: "cmd:test".into(),
            sha256: "ab".into(),
            bytes: 7,
            command,
            expect_exit: Some(3),
            packages,
        }];
        let expected =
            "cmd:test: 7 bytes, SHA-256 ab; command: ./test --once; expected exit code: 3; packages: lib 1.2";
        assert!(facts(&run).contains(&("custom workload".into(), expected.into())));
        let loaded = vec![("overlay".into(), "cd".into())];
        let security_modules = vec![("lean: none".into(), "capability,bpf".into())];
        let facts = kernel_facts(&KernelRecord { loaded, security_modules, ..KernelRecord::default() });
        let expected = [
            ("loaded module overlay, SHA-256".into(), "cd".into()),
            ("security modules, lean: none".into(), "capability,bpf".into()),
        ];
        assert_eq!(facts, expected);
    }

    #[test]
    fn unknown_facts_are_omitted_and_all_boot_lines_are_there() {
        let run = fixture::run_of(&[]);
        assert!(facts(&run).iter().all(|(_, value)| !value.is_empty()));
        let run = fixture::synthetic_run();
        let facts = kernel_facts(&run.environment.kernels[0]);
        assert!(
            facts.iter().any(|(name, value)| name == "boot line, audit-off" && value.ends_with("audit=0"))
        );
    }
}
