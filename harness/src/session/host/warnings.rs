//! What makes numbers measured on a machine unreliable, in words. Pure: it judges a
//! description of the machine.

use hookbench_results::hardware::Hardware;

/// The load, in hundredths of a CPU, above which other work disturbs the measurement.
const BUSY: u32 = 50;

/// What makes numbers measured on this machine unreliable.
pub(super) fn warnings(hardware: &Hardware) -> Vec<String> {
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
}
