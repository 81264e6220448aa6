//! What a cell requires of its kernel: reasons, known before the boot, why hookbench
//! cannot measure it, and the kernel command line that its monitor needs.

use anyhow::Result;
use hookbench_model::param::is_placebo;
use hookbench_model::{Behaviour, Cell, KernelVersion, Profile};
use hookbench_probes::{Monitor, Requires, STACKED};
use hookbench_vm::kernel::Kernel;
use hookbench_vm::machine::{self, Additions};

/// The kernel that added `bpf_task_pt_regs`, with which a BPF program finds the caller's
/// environment.
const READS_CALLER: KernelVersion = KernelVersion::new(5, 15);

/// Why hookbench cannot measure this cell, as far as that is known before the boot.
pub(crate) fn missing(monitor: Monitor, kernel: &Kernel, cell: &Cell) -> Result<Option<String>> {
    let recorded = cell.params.get("ld_preload") == Some("recorded");
    if recorded && monitor.sink.sees() && !monitor.sink.records {
        let why = format!("{} writes no record that could hold the value of LD_PRELOAD", cell.monitor);
        return Ok(Some(why));
    }
    if let Some(why) = unable(monitor, cell) {
        return Ok(Some(why));
    }
    let Requires { since, config, .. } = monitor.sink.requires;
    let version: Option<KernelVersion> = kernel.version.parse().ok();
    if let Some(version) = version.filter(|version| *version < since) {
        return Ok(Some(format!("{} needs kernel {since}; this is {version}", cell.monitor)));
    }
    if let Some(version) =
        version.filter(|version| recorded && monitor.sink.records && *version < READS_CALLER)
    {
        return Ok(Some(format!(
            "reading LD_PRELOAD needs bpf_task_pt_regs, which kernel {READS_CALLER} added; this is {version}"
        )));
    }
    let Requires { lsm, lsm_stack, .. } = monitor.sink.requires;
    let adds_modules = !lsm.is_empty() && lsm_stack.is_empty();
    if adds_modules && cell.boot.profile == Profile::Debian && kernel.config.is_none() {
        return Ok(Some(
            "the profile debian adds security modules to the kernel's own list, and hookbench does not know that \
             list without the kernel's configuration"
                .into(),
        ));
    }
    for option in config {
        if kernel.config_has(option, 'y')? == Some(false) {
            return Ok(Some(format!("the kernel was built without {option}")));
        }
    }
    Ok(None)
}

/// Why the monitor cannot do on any kernel what the cell asks of it; `None` if it can.
pub(crate) fn unable(monitor: Monitor, cell: &Cell) -> Option<String> {
    if let Some(why) = monitor.stays().filter(|_| is_placebo(&cell.tuning)) {
        return Some(format!("{} cannot be detached for a placebo: {why}", cell.monitor));
    }
    let behaviour = Behaviour::find(hookbench_workloads::info(&cell.workload)?.behaviour)?;
    monitor.blindness(behaviour).or_else(|| {
        let workload = hookbench_workloads::find(&cell.workload)?;
        let why = workload.unable(&cell.params, monitor.enforcement(&cell.tuning))?;
        Some(format!("{} cannot be measured under {}: {why}", cell.workload, cell.monitor))
    })
}

/// The kernel's command line for a cell.
pub(crate) fn boot_line(monitor: Monitor, kernel: &Kernel, cell: &Cell) -> Result<String> {
    let requires = monitor.sink.requires;
    let stacked = cell.tuning.get(STACKED).and_then(|number| number.parse().ok()).unwrap_or(0);
    let stack = requires.lsm_stack.get(..stacked).unwrap_or(requires.lsm_stack);
    let lsm = [requires.lsm, stack].concat();
    let built_in = match kernel.config {
        Some(_) => Some(kernel.config_text("CONFIG_LSM")?.unwrap_or_default()),
        None => None,
    };
    let words = [requires.boot, machine::words_for(cell.boot.cpus)].concat();
    Ok(machine::boot_line(
        cell.boot.profile,
        built_in.as_deref(),
        Additions { lsm: &lsm, lsm_alone: !requires.lsm_stack.is_empty(), words: &words },
    ))
}
