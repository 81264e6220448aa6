//! What hookbench says about the machine that runs the tests.

use std::fs;

use hookbench::session::host::machine;

#[test]
fn this_machine_can_be_described() {
    let cpu = machine::quietest_cpu().unwrap();
    let hardware = machine::describe(cpu).unwrap();
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap();
    let processors = cpuinfo.lines().filter(|line| line.starts_with("processor")).count();
    assert_eq!(hardware.cpus as usize, processors);
    assert!(cpu < hardware.cpus, "{hardware:?}");
    assert!(cpuinfo.contains(&hardware.cpu_model), "{hardware:?}");
    assert_eq!(hardware.pinned_to, cpu);
}
