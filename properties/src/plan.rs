//! Plans, which users write.

use std::collections::HashSet;

use hookbench_plan::Plan;

/// Writing and reading a plan gives the same plan. Each of its cells exists once, and its
/// baseline is among the cells.
pub fn holds(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(plan) = toml::from_str::<Plan>(text) else { return };
    let again = toml::to_string(&plan).expect("TOML");
    assert_eq!(toml::from_str::<Plan>(&again).expect("what was written is read"), plan);
    let kernels = ["6.1".to_string(), "6.12".to_string()];
    let Ok(planned) = plan.cells(&kernels) else { return };
    assert!(planned.len() <= 100_000);
    let cells: HashSet<_> = planned.iter().map(|planned| &planned.cell).collect();
    assert_eq!(cells.len(), planned.len(), "a cell is planned twice");
    assert!(cells.iter().all(|cell| cells.contains(&cell.baseline())), "a cell has no baseline");
    assert!(planned.iter().all(|planned| (1..=100_000).contains(&planned.samples)));
    assert_eq!(plan.cells(&kernels).expect("the same cells"), planned);
}
