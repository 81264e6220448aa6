//! The kernel that a report opens with, where a run has several: which, and why.

use crate::section::Section;

/// The kernel on which most cells have a number; of several the one that stands
/// first in the run, which is the one that has been in use for longest. `None`
/// where there is no cell.
pub fn default_kernel<'s>(sections: &'s [Section<'_>]) -> Option<&'s str> {
    let mut most: Option<(&str, usize)> = None;
    for kernel in all_kernels(sections) {
        let of = sections.iter().filter(|section| section.cell.kernel == kernel);
        let numbers = of.flat_map(|section| &section.rows).filter(|row| row.summary.is_some()).count();
        if most.is_none_or(|(_, best)| numbers > best) {
            most = Some((kernel, numbers));
        }
    }
    most.map(|(kernel, _)| kernel)
}

/// Why it is that one, where there is a choice.
pub const REASON: &str = "the kernel with the most measured cells, of several the oldest";

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
    use hookbench_results::Outcome;

    #[test]
    fn most_numbers_win_and_else_the_first() {
        let mut run = fixture::synthetic_run();
        run.measurements
            .retain(|m| m.cell.params.to_string() != "as=root" && m.cell.workload != "null-syscall");
        run.measurements.retain(|m| m.cell.schedule == hookbench_results::Schedule::Paced);
        let equal = section::sections(&run);
        assert_eq!((default_kernel(&equal), all_kernels(&equal)), (Some("6.1"), vec!["6.1", "6.12"]));
        run.measurements[3].outcome = Outcome::Skipped("for the test".into());
        assert_eq!(default_kernel(&section::sections(&run)), Some("6.12"));
        assert_eq!(default_kernel(&[]), None);
    }
}
