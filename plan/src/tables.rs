//! The names in the tables of monitors and workloads, in the order of the tables.

use hookbench_workloads::WORKLOADS;

/// The names of all monitors, in the order of the table.
pub fn monitor_names() -> Vec<String> {
    hookbench_probes::monitors().map(|monitor| monitor.name().to_string()).collect()
}

/// The names of all workloads, in the order of the table.
pub fn workload_names() -> Vec<String> {
    WORKLOADS.iter().map(|workload| workload.info().name.to_string()).collect()
}
