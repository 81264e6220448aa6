//! What the guests of a run need, as the command line selects it. `provisions.rs` obtains
//! it.

use std::collections::BTreeSet;

use hookbench_model::Cell;
use hookbench_vm::loadable::Loadable;
use hookbench_vm::machine::Qemu;

use crate::custom::monitor::CustomMonitors;
use crate::custom::workload::CustomWorkloads;

/// What the guests of a run need.
#[derive(Debug, Clone, Default)]
pub struct Needs {
    /// The kernels to boot, by name or path.
    pub kernels: Vec<String>,
    /// How many of them must be available; the mirror may have lost the others, and then
    /// their cells are unsupported.
    pub least: usize,
    /// All cells of the plan, also those of other shards.
    pub cells: Vec<Cell>,
    /// The custom monitors.
    pub monitors: CustomMonitors,
    /// The custom workloads.
    pub workloads: CustomWorkloads,
    /// The modules to load in guests with the user's kernel, and its configuration.
    pub loadable: Option<Loadable>,
    /// How many bytes larger the agent is than the one that hookbench carries; only tests set it.
    pub padding: usize,
    /// The QEMU that runs the guests; `None` for the one that the environment names, or the
    /// installed one.
    pub qemu: Option<Qemu>,
}

impl Needs {
    /// The needs of guests with one kernel, and nothing else.
    #[must_use]
    pub fn kernel(name: &str) -> Needs {
        Needs { kernels: vec![name.into()], least: 1, ..Needs::default() }
    }

    /// The kernels with at least one cell whose monitor is a kernel module.
    pub(super) fn kernels_with_modules(&self) -> BTreeSet<&str> {
        let loads = |cell: &&Cell| {
            let monitor = hookbench_probes::find(&cell.monitor);
            monitor.is_some_and(|monitor| monitor.sink.requires.module.is_some())
        };
        self.cells.iter().filter(loads).map(|cell| cell.kernel.as_str()).collect()
    }

    /// The kernels with at least one cell whose workload loads a module of the kernel's own package.
    pub(super) fn kernels_with_stock_modules(&self) -> BTreeSet<&str> {
        let loads = |cell: &&Cell| {
            hookbench_workloads::find(&cell.workload).is_some_and(|workload| workload.module().is_some())
        };
        self.cells.iter().filter(loads).map(|cell| cell.kernel.as_str()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_kernels_whose_cells_load_modules_need_them() {
        let cells = [
            "6.1/tcg/null-syscall/paced/bpf-lsm+count",
            "6.1/tcg/null-syscall/paced/livepatch+replace",
            "6.12/tcg/null-syscall/paced/none",
            "7.3/tcg/module-load/paced/none",
        ];
        let cells: Vec<Cell> = cells.iter().map(|cell| cell.parse().unwrap()).collect();
        let needs = |cells: &[Cell]| Needs { cells: cells.to_vec(), ..Needs::default() };
        assert_eq!(needs(&cells).kernels_with_modules(), BTreeSet::from(["6.1"]));
        assert!(needs(&cells[..1]).kernels_with_modules().is_empty());
        assert_eq!(needs(&cells).kernels_with_stock_modules(), BTreeSet::from(["7.3"]));
    }
}
