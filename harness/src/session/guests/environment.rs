//! What a run records about its guests: QEMU, kernels, the image, and the command lines
//! with which the kernels boot. Each session adds its machine and its clock.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use hookbench_model::Cell;
use hookbench_model::boot::USUAL_MEMORY;
use hookbench_probes::Monitor;
use hookbench_results::Environment;
use hookbench_results::environment::KernelRecord;
use hookbench_results::security_modules::OTHER_MONITORS;
use hookbench_vm::kernel::Kernel;
use hookbench_vm::machine::Machine;

use super::provisions::Provisions;
use crate::session::environment::of_hookbench;
use crate::verify::described;

/// The environment of guests with `provisions`. `boot_line` gives the kernel's command line
/// for a cell.
///
/// # Errors
/// Those of `boot_line`.
pub(super) fn of_guests(
    provisions: &Provisions,
    boot_line: impl Fn(Monitor, &Kernel, &Cell) -> Result<String>,
) -> Result<Environment> {
    Ok(Environment {
        qemu: provisions.qemu.clone(),
        memory_mib: memory(&provisions.cells),
        kernels: booted(provisions, boot_line)?,
        image: provisions.image.record.clone(),
        custom_monitors: provisions.monitors.records(),
        custom_workloads: provisions.workloads.records(),
        monitors: described::monitors(),
        ..of_hookbench()
    })
}

/// The records of the kernels, with the boot lines of all cells. Each line comes with the
/// boots and monitors that have it.
fn booted(
    provisions: &Provisions,
    boot_line: impl Fn(Monitor, &Kernel, &Cell) -> Result<String>,
) -> Result<Vec<KernelRecord>> {
    let mut lines: BTreeMap<(&str, String), BTreeSet<String>> = BTreeMap::new();
    for cell in &provisions.cells {
        let (kernel, monitor) = (provisions.kernels.get(&cell.kernel), hookbench_probes::find(&cell.monitor));
        let (Some(kernel), Some(monitor)) = (kernel, monitor) else { continue };
        let line = boot_line(monitor, kernel, cell)?;
        let special = line != boot_line(hookbench_probes::none(), kernel, cell)?;
        let monitors = if special { cell.tuned_monitor() } else { OTHER_MONITORS.into() };
        lines.entry((&cell.kernel, line)).or_default().insert(format!("{}: {monitors}", cell.boot));
    }
    let mut records = provisions.kernel_records.clone();
    for ((kernel, line), cells) in lines {
        if let Some(record) = records.iter_mut().find(|record| record.name == kernel) {
            let cells: Vec<String> = cells.into_iter().collect();
            record.boot_lines.push((cells.join(", "), line));
        }
    }
    Ok(records)
}

/// The memory of the guests of `cells` in MiB, as a run records it. If cells differ, it is that
/// of guests whose cells do not name it.
pub(super) fn memory(cells: &[Cell]) -> u32 {
    let mut sizes = cells.iter().map(|cell| cell.boot.memory_mib);
    let first = sizes.next().unwrap_or(USUAL_MEMORY);
    if sizes.all(|size| size == first) { first } else { USUAL_MEMORY }
}

/// QEMU's arguments for `machine`, as a run records them.
pub(super) fn arguments(machine: Machine) -> Vec<String> {
    machine.arguments().into_iter().map(|argument| argument.to_string_lossy().into_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_memory_is_that_of_all_cells_or_the_usual_one() {
        let cell = |boot: &str| format!("6.1/tcg{boot}/null-syscall/paced/none").parse::<Cell>().unwrap();
        assert_eq!(memory(&[cell(":lean@1024"), cell(":debian@1024")]), 1024);
        assert_eq!(memory(&[cell(":lean@1024"), cell("")]), USUAL_MEMORY);
        assert_eq!(memory(&[]), USUAL_MEMORY);
    }
}
