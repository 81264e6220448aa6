//! The kernel that a report opens with when a run has several, and the reason.

use crate::section::Section;

/// The kernel with the most measured cells. If several have as many, the first of the
/// run, which is the oldest. `None` when there is no cell.
pub fn default_kernel<'s>(sections: &'s [Section<'_>]) -> Option<&'s str> {
    let mut most: Option<(&str, usize)> = None;
    for kernel in all_kernels(sections) {
        let of_kernel = sections.iter().filter(|section| section.cell.kernel == kernel);
        let numbers = of_kernel.flat_map(|section| &section.rows).filter(|row| row.summary.is_some()).count();
        if most.is_none_or(|(_, best)| numbers > best) {
            most = Some((kernel, numbers));
        }
    }
    most.map(|(kernel, _)| kernel)
}

/// The reason for the choice, for readers of a run with several kernels.
pub const REASON: &str = "the oldest of the kernels with the most measured cells";

/// All kernels of the run, in its order.
pub fn all_kernels<'s>(sections: &'s [Section<'_>]) -> Vec<&'s str> {
    let mut kernels: Vec<&str> = Vec::new();
    for section in sections {
        if !kernels.contains(&section.cell.kernel.as_str()) {
            kernels.push(&section.cell.kernel);
        }
    }
    kernels
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{fixture, section};
    use hookbench_model::{Outcome, Schedule};

    #[test]
    fn the_kernel_with_most_numbers_wins_and_the_first_of_equals() {
        let mut run = fixture::synthetic_run();
        run.measurements
            .retain(|m| m.cell.params.to_string() != "as=root" && m.cell.workload != "null-syscall");
        run.measurements.retain(|m| m.cell.schedule == Schedule::Paced);
        let equal = section::sections(&run);
        assert_eq!((default_kernel(&equal), all_kernels(&equal)), (Some("6.1"), vec!["6.1", "6.12"]));
        run.measurements[3].outcome = Outcome::Skipped("for the test".into());
        assert_eq!(default_kernel(&section::sections(&run)), Some("6.12"));
        assert_eq!(default_kernel(&[]), None);
    }
}
